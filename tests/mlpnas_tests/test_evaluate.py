"""`evaluate` and `explain` of a finished run, in Python and on the command line."""

import json
import shutil

import numpy as np
import pandas as pd
import polars
import pytest
from tables import SMALL, rows

import mlpnas
from mlpnas import MLPNASRegressor
from mlpnas.__main__ import main
from mlpnas.core.errors import InputError


def labelled() -> pd.DataFrame:
    frame, label = rows()
    return frame.assign(y=label)


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of a finished run that may be written to."""
    return shutil.copytree(finished[0], tmp_path / "run")


def evaluate(*arguments: object) -> int:
    """Exit status of `mlpnas evaluate`."""
    with pytest.raises(SystemExit) as exit_:
        main(["evaluate", *map(str, arguments)])
    return exit_.value.code or 0


def refused(capsys) -> str:
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "Traceback" not in printed
    return printed


def test_labelled_rows_come_in_any_form(finished, tmp_path):
    folder, estimator = finished
    frame, label = rows()
    network = mlpnas.load(folder)
    first = network.evaluate(labelled())
    assert first.rows == 80
    assert first.measures["accuracy"].value == estimator.score(frame, label)
    labelled().to_csv(tmp_path / "new.csv", index=False)
    ways = (
        [labelled().to_dict("list")], [polars.from_pandas(labelled())],
        [tmp_path / "new.csv"], [frame, label], [frame, polars.Series(label)],
    )  # fmt: skip
    for way in ways:
        assert network.evaluate(*way).classes == first.classes
    assert network.evaluate(tmp_path / "new.csv").of == "rows of new.csv"


def test_a_threshold_is_heeded(finished):
    network = mlpnas.load(finished[0])
    found = network.evaluate(labelled(), threshold=0.999)
    chances = network.predict_proba(rows()[0])[:, 1]
    assert sum(row[1] for row in found.classes.confusion) == (chances >= 0.999).sum()


def test_rows_without_a_label_are_left_out_and_told(finished, caplog):
    frame = labelled()
    frame.loc[[2, 5], "y"] = [None, " "]
    assert mlpnas.load(finished[0]).evaluate(frame).rows == 78
    assert "2 rows without a value of 'y' are left out, row 3 first" in caplog.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="y"), "the table has no column 'y' among 'wage', 'town'"),
        (lambda f: f.rename(columns={"y": "Y"}), "did you mean 'Y'"),
        (lambda f: f.assign(y=np.where(f.index == 3, "Rich", f["y"])),
         r"'y' is 'Rich' in row 4 \(1 rows with other labels in all\).* expected 'poor', 'ri"),
        (lambda f: f.drop(columns="town"), "lacks column 'town'"),
        (lambda f: f.head(1), "1 rows have a value of 'y'; expected 2 or more"),
        (lambda f: f.assign(y=None), "0 rows have a value of 'y'; expected 2 or more"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_named(change, said, finished):
    with pytest.raises(InputError, match=said):
        mlpnas.load(finished[0]).evaluate(change(labelled()))


def test_labels_beside_rows_are_as_many(finished):
    with pytest.raises(InputError, match="80 rows and 3 labels"):
        mlpnas.load(finished[0]).evaluate(rows()[0], ["poor", "rich", "rich"])


def test_what_the_network_looks_at(finished):
    steps: list[str] = []
    found = mlpnas.load(finished[0]).explain(labelled(), on_step=steps.append)
    assert found.importances[0].column == "wage"
    assert found.importances[0].seen
    assert found.dependences[0].column == "wage"
    assert len(steps) == 21


def test_the_command_writes_run_json_and_the_report(folder, tmp_path, capsys):
    labelled().to_csv(tmp_path / "new.csv", index=False)
    assert evaluate(folder, tmp_path / "new.csv", "--threshold", ".4") == 0
    printed = capsys.readouterr().out
    assert "on 80 rows of new.csv, 95% interval" in printed
    record = json.loads((folder / "run.json").read_text())
    assert record["evaluation"]["classes"]["threshold"] == 0.4
    assert record["explanation"]["importances"][0]["column"] == "wage"
    page = (folder / "report.html").read_text()
    assert "How good it is" in page
    assert "What it looks at" in page
    with pytest.raises(SystemExit):
        main(["report", str(folder)])
    assert "on 80 rows of new.csv, 95% interval" in capsys.readouterr().out


def test_the_command_refuses_in_one_line(folder, tmp_path, capsys):
    rows()[0].to_csv(tmp_path / "new.csv", index=False)
    assert evaluate(folder, tmp_path / "new.csv") == 2
    assert "has no column 'y'" in refused(capsys)
    assert evaluate(folder, tmp_path / "new.csv", "--threshold", "7") == 2
    assert "--threshold is 7.0; expected a probability of 'rich'" in refused(capsys)
    assert evaluate(folder) == 2  # the estimator was given a frame, which is gone
    assert "learned from a table in memory" in refused(capsys)
    (folder / "best.keras").unlink()
    assert evaluate(folder, tmp_path / "new.csv") == 2
    assert "no best.keras yet" in refused(capsys)


def test_numbers_are_judged_in_the_users_unit(tmp_path):
    frame, _ = rows()
    y = 1e5 + 1e3 * frame["wage"]
    estimator = MLPNASRegressor(**SMALL, run_dir=tmp_path / "run").fit(frame, y)
    network = mlpnas.load(tmp_path / "run")
    found = network.evaluate(frame.assign(y=y))
    assert found.measures["R²"].value == pytest.approx(estimator.score(frame, y), abs=1e-5)
    apart = np.abs(estimator.predict(frame) - y)
    assert found.measures["mean absolute error"].value == pytest.approx(apart.mean(), rel=1e-4)
    written = y.map("{:,.2f} €".format)  # as some CSVs have it
    again = network.evaluate(frame.assign(y=written))
    assert again.measures["R²"].value == pytest.approx(found.measures["R²"].value, abs=1e-4)
    assert network.explain(frame.assign(y=y)).measure == "R²"
