"""A file as people have it becomes a Table: how it is read, and what is said of that."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops

from mlpnas import MLPNASClassifier, MLPNASRegressor
from mlpnas.__main__ import main
from mlpnas.core.errors import InputError
from mlpnas.core.run.folder import Folder, check_data
from mlpnas.core.run.settings import read_settings
from mlpnas.core.run.workers import Workers
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.data.dialect import Dialect
from mlpnas.data.schema import Declared
from mlpnas.data.table import from_frame, read_table
from mlpnas.final.export import raw_model
from mlpnas.run.run import Run
from mlpnas.run.settings import Settings
from mlpnas.run.table import table_of

ROWS = 60
RNG = np.random.default_rng(0)
VALUES = RNG.normal(20, 5, ROWS)
DAYS = pd.date_range("2024-01-01", periods=ROWS, freq="29h")
LABELS = ["hoch", "tief"] * (ROWS // 2)


def german(values):
    """With two decimals and thousands set apart."""
    return [f"{v:,.2f}".translate(str.maketrans(",.", ".,")) for v in values]


@pytest.fixture
def read(tmp_path):
    """The table that columns of texts make once they are in a CSV."""

    def reader(columns, separator=",", target="y", dialect=None, **options):
        path = tmp_path / "t.csv"
        pd.DataFrame(columns).to_csv(path, index=False, sep=separator)
        return read_table(path, target, dialect=dialect or Dialect(), **options)

    return reader


def kinds(table):
    return {c.name: (c.kind, c.format) for c in table.columns}


def note_about(table, word):
    return next((note for note in table.notes if word in note), "")


# Numbers


def test_a_german_table(read):
    dates = [d.strftime("%d.%m.%Y") for d in DAYS]
    plain = [f"{v:.2f}" for v in VALUES]
    table = read({"Datum": dates, "T": german(VALUES), "W": plain, "y": LABELS}, ";")
    assert kinds(table) == {
        "Datum": ("date", "%d.%m.%Y"),
        "T": ("numeric", "1.234,5"),
        "W": ("numeric", ""),
    }
    assert "'T' ('20,63' is 20.63)" in note_about(table, "as they are written")


def test_every_column_has_a_format_of_its_own(read):
    table = read(
        {
            "thousands": [f"{v * 1e6:,.0f}" for v in VALUES],
            "dollars": [f"${v * 100:,.2f}" for v in VALUES],
            "share": [f"{v:.1f}%" for v in VALUES],
            "comma": german(VALUES),
            "debt": [f"({v:.2f})" if v > 20 else f"{v:.2f}" for v in VALUES],
            "tiny": [f"{v:.3e}" for v in VALUES],
            "y": LABELS,
        }
    )
    assert {name: format for name, (_, format) in kinds(table).items()} == {
        "thousands": "1,234.5",
        "dollars": "$1,234.5",
        "share": "1,234.5 %",
        "comma": "1.234,5",
        "debt": "1,234.5",
        "tiny": "",
    }


def test_where_other_columns_have_decimal_commas_points_set_thousands_apart(read):
    people = [f"{int(v * 1000):,}".replace(",", ".") for v in VALUES]  # such as 20.628
    columns = {"people": people, "T": german(VALUES), "y": LABELS}
    table = read(columns, ";")
    assert kinds(table)["people"] == ("numeric", "1.234,5")
    assert "if it is 20.628, say --decimal '.'" in note_about(table, "'people': ")
    assert kinds(read(columns, ";", dialect=Dialect(decimal=".")))["people"] == ("numeric", "")
    alone = {"people": people, "y": LABELS}
    assert kinds(read(alone))["people"] == ("numeric", "")
    said = read(alone, dialect=Dialect(decimal=","))
    assert kinds(said)["people"] == ("numeric", "1.234,5")
    assert not note_about(said, "'people': ")


def test_one_file_written_in_two_ways_gives_the_same_inputs(read):
    plain = read({"a": VALUES.round(2), "b": (VALUES * 1e4).round(), "y": LABELS})
    commas = {"a": german(VALUES.round(2)), "b": [f"€ {v:,.0f}" for v in VALUES * 1e4]}
    table = read({**commas, "y": LABELS}, ";")
    np.testing.assert_allclose(table.task.train.x, plain.task.train.x, atol=1e-5)


def test_what_only_looks_like_numbers_or_dates_stays_a_category(read):
    cycle = [*range(5)] * (ROWS // 5)
    table = read(
        {
            "version": [f"1.{i}.3" for i in cycle],
            "postcode": [f"0{1000 + i}" for i in cycle],
            "phone": [f"+49 170 123456{i}" for i in cycle],
            "address": [f"10.0.0.{i}" for i in cycle],
            "ages": [f"{i}0-{i}9" for i in cycle],
            "y": LABELS,
        }
    )
    assert {kind for kind, _ in kinds(table).values()} == {"categorical"}
    [postcode] = [c for c in table.columns if c.name == "postcode"]
    assert postcode.categories == ("01000", "01001", "01002", "01003", "01004")


def test_a_slip_makes_no_code_of_a_number(read):
    cells = [f"{int(v * 7)}" for v in VALUES] * 3
    columns = {"paid": cells, "y": LABELS * 3}
    assert kinds(read(columns | {"paid": [*cells[:-1], "07"]}))["paid"] == ("numeric", "")
    padded = [f"{int(v * 7e5):08d}" for v in [*VALUES, *VALUES + 1, *VALUES + 2]]
    table = read({"paid": padded, "number": [f"{i:04d}" for i in range(180)], "x": cells,
                  "y": LABELS * 3})  # fmt: skip
    assert list(kinds(table)) == ["x"]
    assert "codes, as some begin with zeros" in note_about(table, "'paid'")
    assert "--numeric" in note_about(table, "'paid'")
    assert "merely numbers the rows" in note_about(table, "'number'")


def test_unreadable_cells_are_counted_with_an_example(read):
    cells = [*german(VALUES)[:-2], "kaputt", "k.A."]
    table = read({"T": cells, "y": LABELS}, ";")
    assert kinds(table)["T"] == ("numeric", "1.234,5")
    told = note_about(table, "'T' is numeric")
    assert "2 of its values" in told
    assert "'kaputt' in row 59" in told


def test_a_declared_column_is_read_in_the_format_of_most_of_its_numbers(read):
    cells = german(VALUES)[:20] + ["unknown"] * 40
    table = read({"T": cells, "y": LABELS}, ";", declared=Declared(numeric=["T"]))
    assert kinds(table)["T"] == ("numeric", "1.234,5")
    dates = [d.strftime("%d.%m.%Y %H:%M") for d in DAYS[:20]] + ["never"] * 40
    table = read({"d": dates, "y": LABELS}, declared=Declared(date=["d"]))
    assert kinds(table)["d"] == ("date", "%d.%m.%Y %H:%M")


# Dates


def test_dates_with_times_and_times(read):
    written = {
        "%d.%m.%Y %H:%M": "date",
        "%m/%d/%Y %I:%M %p": "date",
        "%Y-%m-%dT%H:%M:%SZ": "date",
        "%d %b %Y": "date",
        "%I:%M %p": "date",
        "%H:%M": "duration",
        "%H:%M:%S": "duration",
    }
    table = read({f: [d.strftime(f) for d in DAYS] for f in written} | {"y": LABELS})
    assert {name: kind for name, (kind, _) in kinds(table).items()} == written


def test_an_order_of_days_and_months_that_is_guessed_is_said(read):
    either = [f"0{i % 9 + 1}/0{i % 8 + 1}/2024" for i in range(ROWS)]
    columns = {"when": either, "y": LABELS}
    table = read(columns)
    assert kinds(table)["when"] == ("date", "%d/%m/%Y")
    told = note_about(table, "'when': ")
    assert "'09/01/2024' is read as 2024-01-09; if it is 2024-09-01" in told
    assert "say --dates month-first" in told
    table = read(columns, dialect=Dialect(dates="month-first"))
    assert kinds(table)["when"] == ("date", "%m/%d/%Y")
    assert not note_about(table, "'when': ")


def test_a_few_dates_may_be_unreadable(read):
    dates = [d.strftime("%d.%m.%Y") for d in DAYS[:-3]] + ["??", "31.02.2024", "bald"]
    table = read({"d": dates, "x": VALUES, "y": LABELS})
    assert kinds(table)["d"] == ("date", "%d.%m.%Y")
    assert "3 of its values are not dates" in note_about(table, "'d' is date")


def test_what_is_dropped_is_shown_and_not_called_what_it_is_not(read):
    mixed = [f"{v:.2f}" if i % 3 else f"about {v:.1f}" for i, v in enumerate(VALUES)]
    address = [f"10.0.{i}.{7 * i % 256}" for i in range(ROWS)]
    table = read({"address": address, "mixed": mixed, "x": VALUES, "y": LABELS})
    assert "neither numbers nor dates, such as '10.0.0.0'" in note_about(table, "'address'")
    told = note_about(table, "'mixed'")
    assert "33% are no numbers" in told
    assert "such as 'about" in told
    assert "--numeric" in told
    assert "free text" not in " ".join(table.notes)


# Targets


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (german(VALUES * 100), ";"),
        ([f"${v * 100:,.2f}" for v in VALUES], ","),
        ([f"{v * 100:.2f} %" for v in VALUES], ","),
    ],
)
def test_targets_in_other_formats_are_quantities(read, cells, separator):
    table = read({"x": VALUES, "y": cells}, separator)
    assert table.task.kind == "regression"
    everything = [f.y for f in (table.task.train, table.task.valid, table.task.test)]
    found = np.sort(table.decode(np.concatenate(everything)))
    np.testing.assert_allclose(found, np.sort((VALUES * 100).round(2)), rtol=1e-5)
    assert "'y' (" in note_about(table, "as they are written")


def test_a_target_of_few_whole_numbers_keeps_its_labels(read):
    table = read({"x": VALUES, "y": ["5%", "10%", "20%"] * 20})
    assert table.task.classes == ("10%", "20%", "5%")


def refusal(read, *columns, **options):
    with pytest.raises(InputError) as caught:
        read(*columns, **options)
    return str(caught.value)


@pytest.mark.parametrize("task", ["auto", "classification", "regression"])
@pytest.mark.parametrize(
    "cells",
    [
        [f"p{i}" for i in range(ROWS)],
        [*german(VALUES)[:-1], "kaputt"],
        german(VALUES)[:-20] + ["kaputt"] * 20,
        [f"{v:.2f}" for v in VALUES[:-20]] + [f"about {v}" for v in VALUES[-20:]],
        [d.strftime("%d.%m.%Y") for d in DAYS],
    ],
)
def test_no_message_on_targets_leads_to_another_refusal(read, cells, task):
    """Whatever `--task` a message names is accepted."""
    columns = {"x": VALUES, "y": cells}
    message = refusal(read, columns, ";", task=task)
    for other in ("classification", "regression"):
        if f"--task {other}" in message:
            read(columns, ";", task=other)


def test_a_few_words_among_labels_lead_to_classification(read):
    columns = {
        "x": VALUES,
        "y": ["1,5", "2,5", "1,5", "2,5"] * 14 + ["1,5", "n.a.", "2,5", "x"],
    }
    assert "--task classification" in refusal(read, columns, ";")
    assert len(read(columns, ";", task="classification").task.classes) == 4


def test_words_of_missing_targets_are_named(read):
    columns = {"x": VALUES, "y": ["None", "low", "high"] * 20}
    table = read(columns)
    assert table.task.classes == ("high", "low")
    told = note_about(table, "20 cells of target 'y' are 'None'")
    assert told.startswith("Warning")
    assert "--missing" in told
    for missing in ("", "NA,?"):
        said = read(columns, dialect=Dialect(missing=missing))
        assert said.task.classes == ("None", "high", "low")
        assert not note_about(said, "--missing")


def test_blanks_behind_a_label_are_no_part_of_it(read):
    table = read({"x": VALUES, "y": ["yes ", "no", "yes", "no  ", "NA "] * 12})
    assert table.task.classes == ("no", "yes")
    assert note_about(table, "12 cells of target 'y' are 'NA'")


def test_words_of_missing_targets_are_named_where_nothing_else_is_left(read):
    message = refusal(read, {"x": VALUES, "y": ["None", "fraud"] * 30})
    assert "'fraud' in all 30 rows" in message
    assert "30 cells of target 'y' are 'None'" in message
    assert "--missing" in message


def test_a_class_of_one_row_is_learned_and_said_to_be_small():
    frame = pd.DataFrame({"x": VALUES, "y": ["u", "v"] * 29 + ["u", "w"]})
    table = from_frame(frame, "y")
    assert table.task.classes == ("u", "v", "w")
    assert 2 in table.task.train.y
    assert "class 'w' has too few rows for the test fold" in note_about(table, "test fold")


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
@pytest.mark.parametrize("estimator", [MLPNASClassifier, MLPNASRegressor])
def test_a_target_that_is_none_is_refused_by_its_row(estimator, missing):
    y = pd.Series([1, 0, missing, 1] * 5, dtype=object)
    with pytest.raises(InputError, match=r"in row 2 \(5 missing in all\)"):
        estimator().fit(np.zeros((20, 2)), y)


# From the command line


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Runs `mlpnas` in a folder of its own; gives status and what it printed."""
    monkeypatch.chdir(tmp_path)

    def runner(*arguments):
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return exit_.value.code or 0, printed.out + printed.err

    return runner


def finish(settings):
    """The folder `r` of a run that found a network without training any; gives run.json."""
    table = table_of(settings)
    with Folder.create(Path("r")) as folder:
        run = Run(settings, table, folder, Workers(executor="here"))
        run.write()
        [architecture] = RandomStrategy(run.generator.space, seed=0).ask(1)
        network = run.generator.build(architecture, table.task)
        raw_model(network, table).save(folder.path / "best.keras")
    return json.loads(Path("r/run.json").read_text())


def test_new_rows_are_read_as_the_table_was(run):
    people = [f"{int(v * 1000):,}".replace(",", ".") for v in VALUES]
    number = [f"K{i:03d}" for i in range(ROWS)]
    columns = {"customer_id": number, "people": people, "T": german(VALUES), "y": LABELS}
    frame = pd.DataFrame(columns)
    frame.to_csv("t.csv", index=False, sep=";", encoding="cp1252")
    assert finish(Settings("t.csv", "y"))["data"]["identifiers"] == ["customer_id"]
    frame.to_csv("new.csv", index=False, sep=";")
    assert run("predict", "r", "new.csv")[0] == 0
    whole = pd.read_csv("new-predictions.csv")
    assert list(whole)[:2] == ["customer_id", "y"]
    assert whole["customer_id"].tolist() == number
    # A single row, in which 20.628 looks like a decimal number, and in another layout.
    frame[["T", "people"]].iloc[:1].to_csv("one.csv", index=False, sep="\t")
    assert run("predict", "r", "one.csv")[0] == 0
    one = pd.read_csv("one-predictions.csv")
    assert list(one) == list(whole)[1:]
    np.testing.assert_allclose(
        one.iloc[0, 1:].astype(float), whole.iloc[0, 2:].astype(float), rtol=1e-5
    )


def test_columns_to_copy_beside_the_predictions(run):
    frame = pd.DataFrame({"x": VALUES, "code": ["007", "012"] * (ROWS // 2), "y": LABELS})
    frame.to_csv("t.csv", index=False)
    finish(Settings("t.csv", "y", drop=("code",)))
    assert run("predict", "r", "t.csv", "--id", "code,x")[0] == 0
    beside = pd.read_csv("t-predictions.csv", dtype=str)
    assert list(beside)[:3] == ["code", "x", "y"]
    assert beside["code"].tolist() == frame["code"].tolist()
    for wrong, match in (("y", "is the target"), ("cod", "did you mean 'code'")):
        status, printed = run("predict", "r", "t.csv", "--id", wrong, "--output", "b.csv")
        assert (status, match in printed) == (2, True)


def test_options_of_reading_are_kept_in_the_run(run, tmp_path):
    text = "x~z~y\n" + "".join(f"{v:.2f}~?!~{'None' if v > 20 else 'low'}\n" for v in VALUES)
    (tmp_path / "t.csv").write_text(text, encoding="utf-16-le")
    settings = Settings("t.csv", "y", separator="~", missing="?!", encoding="utf-16-le")
    record = finish(settings)
    assert record["data"]["classes"] == ["None", "low"]
    again = table_of(read_settings(Settings, record["settings"]))  # as a resume reads it
    check_data(again.task, record["data"], "t.csv")
    assert run("predict", "r", "t.csv")[0] == 0
    assert "probability of None" in pd.read_csv("t-predictions.csv")
    pd.DataFrame({"x": VALUES}).to_csv("plain.csv", index=False)
    ask = ["predict", "r", "plain.csv", "--separator", ",", "--encoding", "utf-8"]
    assert run(*ask)[0] == 0


def test_the_delivered_model_knows_the_words_for_missing_cells(run):
    colour = ["red", "blue", "unknown"] * (ROWS // 3)
    pd.DataFrame({"colour": colour, "y": LABELS}).to_csv("t.csv", index=False)
    finish(Settings("t.csv", "y", missing="unknown"))
    model = keras.saving.load_model("r/best.keras")
    words = np.array(["", "unknown", "green", "red"], dtype=object)[:, None]
    empty, unknown, other, known = np.asarray(model({"colour": ops.convert_to_tensor(words)}))
    assert unknown.tolist() == empty.tolist()
    assert unknown.tolist() not in (other.tolist(), known.tolist())


def test_what_is_said_of_a_csv_is_not_ignored_elsewhere(run, tmp_path):
    pd.DataFrame({"x": VALUES, "y": LABELS}).to_parquet("t.parquet")
    np.savez("t.npz", x_train=VALUES[:, None], y_train=np.arange(ROWS) % 2)
    for option in (["--separator", ";"], ["--missing", "-"], ["--encoding", "cp1252"]):
        status, printed = run("search", "t.parquet", "--target", "y", *option)
        assert status == 2
        assert f"{option[0]} is " in printed
        assert "'t.parquet'" in printed
        status, printed = run("search", "t.npz", *option)
        assert (status, f"{option[0]} is for tables with named columns" in printed) == (2, True)
    finish(Settings("t.parquet", "y"))
    assert run("predict", "r", "t.parquet", "--separator", ";")[0] == 2
    assert run("predict", "r", "t.parquet")[0] == 0


@pytest.mark.parametrize(
    ("option", "match"),
    [
        (["--separator", "::"], "--separator is '::'"),
        (["--encoding", "klingon"], "--encoding is 'klingon'"),
        (["--decimal", ";"], "--decimal"),
        (["--dates", "year-first"], "--dates"),
    ],
)
def test_options_that_cannot_be(run, option, match):
    status, printed = run("search", "t.csv", "--target", "y", *option)
    assert status == 2
    assert match in printed
    assert printed.count("\n") == 1
