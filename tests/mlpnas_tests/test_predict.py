"""`mlpnas predict`: raw rows against a finished run, and what it refuses."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import polars
import pytest
from fakes import in_this_process
from tables import SMALL, rows

import mlpnas
from mlpnas import MLPNASClassifier, MLPNASRegressor
from mlpnas.__main__ import PROGRAM, main
from mlpnas.core.errors import InputError
from mlpnas.final.delivered import DeliveredNetwork

HERE = in_this_process(PROGRAM)


def predict(folder: Path, frame: pd.DataFrame, at: Path, *more: str) -> int:
    """Exit status of `mlpnas predict`, which writes out.csv."""
    frame.to_csv(at / "new.csv", index=False)
    arguments = ["predict", folder, at / "new.csv", "--output", at / "out.csv", *more]
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    return exit_.value.code or 0


def test_it_writes_what_the_estimator_predicts(finished, tmp_path, capsys):
    folder, estimator = finished
    frame, _ = rows()
    reordered = frame.assign(note="<b>")[["note", "town", "wage"]]
    assert predict(folder, reordered, tmp_path) == 0
    assert "Not used, since the run did not learn from them: 'note'" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table) == ["y", "probability of poor", "probability of rich"]
    assert (table["y"] == estimator.predict(frame)).all()
    chances = table[["probability of poor", "probability of rich"]]
    np.testing.assert_allclose(chances, estimator.predict_proba(frame), atol=1e-5)


def test_a_finished_run_is_loaded_and_asked_in_two_lines(finished, tmp_path, caplog):
    folder, estimator = finished
    frame, _ = rows()
    network = mlpnas.load(folder)
    assert network.classes_.tolist() == ["poor", "rich"]
    expected = estimator.predict_proba(frame)
    frame.to_csv(tmp_path / "new.csv", index=False)
    ways = (
        frame,
        frame.assign(note="<b>")[["note", "town", "wage"]],
        frame.to_dict("list"),
        tmp_path / "new.csv",
        str(tmp_path / "new.csv"),
        polars.from_pandas(frame),
    )
    for way in ways:
        np.testing.assert_allclose(network.predict_proba(way), expected, atol=1e-5)
        assert network.predict(way).tolist() == estimator.predict(frame).tolist()
    network.predict(frame.assign(town="Nowhere"))
    assert "Nowhere" in caplog.text


def test_a_network_of_a_run_names_what_it_cannot_use(finished, tmp_path):
    network = mlpnas.load(finished[0])
    with pytest.raises(InputError, match="'town'"):
        network.predict(rows()[0][["wage"]])
    with pytest.raises(InputError, match="rows are int; expected a dataframe"):
        network.predict(7)
    with pytest.raises(InputError, match="is no folder of a run"):
        mlpnas.load(tmp_path)


def test_values_are_in_the_users_unit(tmp_path):
    frame, _ = rows()
    estimator = MLPNASRegressor(**SMALL, run_dir=tmp_path / "run").fit(
        frame, 1e5 + 1e3 * frame["wage"]
    )
    assert predict(tmp_path / "run", frame, tmp_path) == 0
    table = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(table["y"], estimator.predict(frame), rtol=1e-5)
    network = mlpnas.load(tmp_path / "run")
    np.testing.assert_allclose(network.predict(frame), estimator.predict(frame), rtol=1e-5)
    with pytest.raises(InputError, match="which have no probabilities"):
        network.predict_proba(frame)


def test_several_values_have_a_column_each(tmp_path):
    frame = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) % 7})
    y = np.column_stack([3 * frame["a"] + 100, frame["b"]])
    estimator = MLPNASRegressor(**SMALL, run_dir=tmp_path / "run").fit(frame, y)
    assert predict(tmp_path / "run", frame, tmp_path) == 0
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table) == ["y 0", "y 1"]
    np.testing.assert_allclose(table, estimator.predict(frame), rtol=1e-4)


@pytest.mark.slow
def test_a_run_on_arrays_predicts_arrays(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 255, (60, 2, 3)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=x.reshape(60, -1).argmax(axis=1) % 2)
    search = ["search", tmp_path / "a.npz", "--run", tmp_path / "run", "--trials", "1"]
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in [*search, "--epochs", "1", "--strategy", "random"]], HERE)
    assert not exit_.value.code
    np.savez(tmp_path / "new.npz", x=x[:7])
    ask = ["predict", tmp_path / "run", tmp_path / "new.npz", "--output", tmp_path / "out.csv"]
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in ask])
    assert not exit_.value.code
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table) == ["prediction", "probability of 0", "probability of 1"]
    model = keras.saving.load_model(tmp_path / "run" / "best.keras")
    np.testing.assert_allclose(table.iloc[:, 1:], model(x[:7].reshape(7, -1)), atol=1e-6)
    np.savez(tmp_path / "new.npz", x=x[:7, 0])
    (tmp_path / "out.csv").unlink()
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in ask])
    assert exit_.value.code == 2
    assert "expected rows of 6 numbers" in refused(capsys)


def refused(capsys) -> str:
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "Traceback" not in printed
    return printed


def test_a_missing_column_is_named(finished, tmp_path, capsys):
    assert predict(finished[0], rows()[0][["wage"]], tmp_path) == 2
    assert "lacks column 'town'" in refused(capsys)
    assert not (tmp_path / "out.csv").exists()


def test_infinite_values_and_earlier_output_are_refused(finished, tmp_path, capsys):
    assert predict(finished[0], rows()[0].assign(wage=np.inf), tmp_path) == 2
    assert "'wage' holds inf" in refused(capsys)
    (tmp_path / "out.csv").write_text("mine")
    assert predict(finished[0], rows()[0], tmp_path) == 2
    assert "exists already" in refused(capsys)
    assert (tmp_path / "out.csv").read_text() == "mine"


def test_another_model_or_a_damaged_one_is_refused(finished, tmp_path, capsys):
    folder = shutil.copytree(finished[0], tmp_path / "copy")
    frame, label = rows()
    other = MLPNASClassifier(**SMALL).fit(frame[["wage"]], label)
    other.export(folder / "best.keras")
    assert predict(folder, frame, tmp_path) == 2
    assert "it is not the model of this run" in refused(capsys)
    (folder / "best.keras").write_bytes(b"PK nonsense")
    assert predict(folder, frame, tmp_path) == 2
    assert "cannot be loaded" in refused(capsys)
    (folder / "best.keras").unlink()
    assert predict(folder, frame, tmp_path) == 2
    assert "no best.keras yet" in refused(capsys)
    assert predict(tmp_path, frame, tmp_path) == 2
    assert "is no folder of a run" in refused(capsys)


def test_rows_without_an_answer_are_empty_and_told(finished, tmp_path, capsys, monkeypatch):
    folder, estimator = finished
    monkeypatch.setattr(DeliveredNetwork, "outputs", lost_in_the_middle)
    labels = mlpnas.load(folder).predict(rows()[0][:3])
    assert labels.tolist() == ["rich", None, "rich"]
    assert predict(folder, rows()[0][:3], tmp_path) == 0
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["y"].isna().tolist() == [False, True, False]
    assert table["probability of rich"].isna().tolist() == [False, True, False]
    assert "1 predictions are empty, that of row 2 first" in capsys.readouterr().out
    monkeypatch.setattr(
        "mlpnas.data.network.Network.outputs", lambda *_: np.float32([[0.5], [np.nan], [0.5]])
    )
    with pytest.raises(InputError, match=r"no number for row 2 \(1 in all\)"):
        estimator.predict(rows()[0][:3])


def lost_in_the_middle(network, rows):
    """As if the second of three rows were too far away for the network."""
    return np.where(np.arange(3)[:, None] == 1, np.nan, [[0.25, 0.75]])
