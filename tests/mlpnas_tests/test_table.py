"""A table becomes a Task: kinds of columns, folds, what is fitted on what, and the notes."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlpnas.data.columns import read
from mlpnas.data.folds import Split, hold_out
from mlpnas.data.reading import read_frame
from mlpnas.data.table import from_frame, read_table

ROOT = Path(__file__).parents[2]


def mixed_frame(rows=200, seed=0):
    """A column of every kind; no column predicts the target."""
    rng = np.random.default_rng(seed)
    number = rng.normal(5, 3, rows)
    number[::7] = np.nan
    colour = rng.choice(["red", "green", "blue"], rows).astype(object)
    colour[::9] = None
    return pd.DataFrame(
        {
            "number": number,
            "count": rng.integers(0, 50, rows),
            "flag": rng.random(rows) < 0.3,
            "colour": colour,
            "when": pd.to_datetime("2024-01-31")
            + pd.to_timedelta(rng.integers(0, 900, rows), "D"),
            "label": rng.choice(["no", "yes"], rows),
        }
    )


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def note_about(table, word):
    return next((note for note in table.notes if word in note), "")


def tagged(frame):
    """The frame with a numeric column by which rows can be found again in the folds."""
    tags = np.random.default_rng(1).permutation(len(frame)) * 1.5
    return frame.assign(tag=tags)


# Kinds of columns


def test_every_kind_of_column_becomes_finite_float32():
    table = from_frame(mixed_frame(), "label")
    kinds = {column.name: column.kind for column in table.columns}
    assert kinds == {
        "number": "numeric",
        "count": "numeric",
        "flag": "boolean",
        "colour": "categorical",
        "when": "date",
    }
    for fold in (table.task.train, table.task.valid, table.task.test):
        assert fold.x.dtype == np.float32
        assert np.isfinite(fold.x).all()
    # number, its missing indicator, count, flag, 5 date parts; 3 colours and missing
    assert table.task.input_shape == (13,)


def test_the_same_table_as_csv_parquet_and_frame_gives_the_same_inputs(tmp_path):
    frame = mixed_frame()
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    expected = from_frame(frame, "label").task
    for name in ("t.csv", "t.parquet"):
        task = read_table(tmp_path / name, "label").task
        np.testing.assert_allclose(task.train.x, expected.train.x, atol=2e-5)
        np.testing.assert_array_equal(task.test.y, expected.test.y)


def test_a_date_becomes_year_month_weekday_hour_and_days():
    frame = mixed_frame().assign(when="29.02.2024")
    frame.loc[3, "when"] = "01.03.2024"
    [column] = [c for c in from_frame(frame, "label").columns if c.name == "when"]
    parts = read(frame["when"], column).parts
    assert [float(values[3]) for values in parts.values()] == [2024, 3, 4, 0, 19783]
    assert parts["when (days)"][0] == 19782


def test_question_marks_and_empty_cells_are_missing(tmp_path):
    rows = "".join(f"{'?' if i % 4 == 0 else i / 3},{i % 5},{'ab'[i % 2]}\n" for i in range(60))
    table = read_table(write(tmp_path / "t.csv", "a,b,y\n" + rows), "y")
    assert [c.kind for c in table.columns] == ["numeric", "numeric"]
    assert table.task.input_shape == (3,)  # a, b, and whether a is missing


def test_a_stray_word_in_a_numeric_column_counts_as_missing_and_is_told(tmp_path):
    rows = "".join(f"{'oops' if i == 41 else i / 3},{'ab'[i % 2]}\n" for i in range(60))
    table = read_table(write(tmp_path / "t.csv", "a,y\n" + rows), "y")
    assert "(first: 'oops' in row 42)" in note_about(table, "not numbers")
    assert table.task.input_shape[0] in (1, 2)


def test_text_that_appears_late_in_a_long_file_is_read_as_text(tmp_path, monkeypatch):
    monkeypatch.setattr("mlpnas.data.csv_file.CELLS_PER_PIECE", 0)  # pieces of 1,000 rows
    cells = ["7"] * 1500 + ["seven", "eight"] * 500
    path = write(
        tmp_path / "t.csv", "a,b\n" + "".join(f"{c},{i}\n" for i, c in enumerate(cells))
    )
    frame = read_frame(path, "b")
    assert frame["a"].tolist() == cells
    assert frame["b"].tolist() == list(range(2500))


def test_numbers_are_read_in_four_bytes_and_the_target_exactly(tmp_path):
    path = write(tmp_path / "t.csv", "a,b,y\n1.5,7,16777217.5\n2.5,8,3\n")
    frame = read_frame(path, "y")
    assert [str(t) for t in frame.dtypes] == ["float32", "int32", "float64"]
    assert frame["y"][0] == 16777217.5


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_semicolons_tabs_bars_and_decimal_commas_are_understood(tmp_path, separator):
    rows = "".join(f"{i},5{separator}{i % 2}\n" for i in range(40))
    table = read_table(write(tmp_path / "t.csv", f"a{separator}y\n{rows}"), "y")
    assert table.task.kind == "binary"
    assert [c.kind for c in table.columns] == ["numeric"]


def test_quoted_separators_and_line_breaks_are_no_ragged_rows(tmp_path):
    rows = "".join(f'"a, b\n{i % 3}",{i % 2}\n' for i in range(40))
    table = read_table(write(tmp_path / "t.csv", "text,y\n" + rows), "y")
    assert [c.kind for c in table.columns] == ["categorical"]


def test_constant_columns_are_harmless_and_empty_ones_are_dropped():
    frame = mixed_frame().assign(same=3.0, empty=np.nan)
    table = from_frame(frame, "label")
    assert "empty" not in [c.name for c in table.columns]
    assert "all its values are missing" in note_about(table, "'empty'")
    assert np.isfinite(table.task.test.x).all()


def test_names_and_free_text_are_dropped_with_a_note():
    frame = mixed_frame().assign(name=[f"person {i}" for i in range(200)])
    assert "200 distinct values" in note_about(from_frame(frame, "label"), "'name'")


# Targets


@pytest.mark.parametrize(
    ("values", "kind", "classes"),
    [
        (["no", "yes"] * 20, "binary", ("no", "yes")),
        ([True, False] * 20, "binary", (False, True)),
        ([0, 1] * 20, "binary", (0, 1)),
        ([3.0, 5.0, 4.0, np.nan] * 10, "multiclass", (3, 4, 5)),
        (list(range(40)), "regression", ()),
        ([i / 4 for i in range(40)], "regression", ()),
        (pd.Series([1, 2] * 20, dtype=object), "binary", (1, 2)),
        (pd.Series(["7", "8"] * 20), "binary", ("7", "8")),
        (pd.Series([True, None, False, True] * 10, dtype="boolean"), "binary", (False, True)),
        (pd.Categorical([4, 2] * 20), "binary", (2, 4)),
    ],
)
def test_the_kind_of_task_is_inferred_and_said(values, kind, classes):
    noise = np.random.default_rng(0).normal(size=40)
    table = from_frame(pd.DataFrame({"a": noise, "y": values}), "y")
    assert (table.task.kind, table.task.classes) == (kind, classes)
    assert [type(c) for c in table.task.classes] == [type(c) for c in classes]  # for JSON
    assert ("regression" if kind == "regression" else "classification") in table.notes[0]
    assert "because" in table.notes[0]


def test_the_user_overrides_the_inference():
    frame = pd.DataFrame({"a": np.random.default_rng(0).normal(size=40), "y": [1, 2] * 20})
    assert from_frame(frame, "y", task="regression").task.kind == "regression"
    frame["y"] += 0.5
    assert from_frame(frame, "y", task="classification").task.classes == (1.5, 2.5)


def test_a_regression_target_is_standardised_with_the_training_fold_and_decoded():
    frame = pd.DataFrame({"a": np.random.default_rng(0).normal(size=100)})
    frame["y"] = 1000 + 50 * np.random.default_rng(1).normal(size=100)
    table = from_frame(frame, "y")
    y = table.task.train.y
    assert y.dtype == np.float32
    assert y.shape == (64, 1)
    assert abs(y.mean()) < 1e-5
    assert abs(y.std() - 1) < 1e-5
    everything = np.concatenate(
        [f.y for f in (table.task.train, table.task.valid, table.task.test)]
    )
    np.testing.assert_allclose(
        np.sort(table.decode(everything)), np.sort(frame["y"]), rtol=1e-5
    )


def test_decode_gives_the_labels_back():
    table = from_frame(mixed_frame(), "label")
    assert table.decode(np.array([[0.2], [0.9]])).tolist() == ["no", "yes"]


def test_rows_without_a_target_are_dropped_counted_and_told():
    frame = tagged(mixed_frame())
    frame.loc[10:14, "label"] = None
    table = from_frame(frame, "label")
    folds = (table.task.train, table.task.valid, table.task.test)
    assert sum(map(len, folds)) == 195
    assert "dropped 5 rows" in note_about(table, "without a value")
    # The remaining rows keep their own labels.
    kept = frame.dropna(subset="label")
    inputs = table.encode(kept)
    for fold in folds:
        for x, y in zip(fold.x[:5], fold.y[:5], strict=True):
            row = int(np.abs(inputs - x).sum(axis=1).argmin())
            assert kept["label"].iloc[row] == table.task.classes[y]


# Folds


def test_the_folds_are_64_16_20_disjoint_and_seeded():
    strata = np.repeat([0, 1, 2], [180, 1640, 3078])
    rows = Split(0).rows(strata)
    assert [len(fold) for fold in rows] == [3134, 784, 980]
    assert len(np.unique(np.concatenate(rows))) == 4898
    assert all(map(np.array_equal, rows, Split(0).rows(strata)))
    assert not np.array_equal(rows.test, Split(1).rows(strata).test)


def test_every_class_has_its_share_in_every_fold(property_seed):
    rng = np.random.default_rng(property_seed)
    for _ in range(20):
        counts = rng.integers(2, 200, size=rng.integers(2, 12))
        strata = rng.permutation(np.repeat(np.arange(len(counts)), counts))
        kept, held = hold_out(strata, 0.2, rng)
        got = np.bincount(strata[held], minlength=len(counts))
        assert len(held) == np.ceil(0.2 * len(strata))
        assert sorted([*kept, *held]) == list(range(len(strata)))
        # One row of rounding in each class, and as much again for the fold's own size.
        assert (np.abs(got - counts * len(held) / len(strata)) <= 2).all()


@pytest.mark.parametrize("seed", range(20))
def test_a_class_of_two_rows_is_always_trained_on(seed):
    rows = Split(seed).rows(np.repeat([0, 1], [2, 48]))
    assert (rows.train < 2).any()


def test_a_class_too_small_for_a_fold_is_told():
    frame = mixed_frame()
    frame.loc[:1, "label"] = "rare"
    table = from_frame(frame, "label")
    assert "class 'rare' has too few rows" in note_about(table, "rare' has")


# Fitted on the training fold alone


def test_changed_test_and_validation_rows_leave_the_training_inputs_alone():
    frame = tagged(mixed_frame())
    frame["number"] = frame["number"].mask(frame.index % 7 == 0)
    table = from_frame(frame, "label")
    present = Split(0).rows(pd.factorize(frame["label"], sort=True)[0])
    outside = np.concatenate([present.valid, present.test])
    changed = frame.copy()
    changed.loc[outside, "number"] = 1e6
    changed.loc[outside, "count"] = -999
    changed.loc[outside, "colour"] = "ultraviolet"
    changed.loc[outside, "when"] = pd.Timestamp("1901-01-01")
    again = from_frame(changed, "label")
    np.testing.assert_array_equal(again.task.train.x, table.task.train.x)
    assert not np.array_equal(again.task.test.x, table.task.test.x)


def test_training_numbers_have_mean_0_and_deviation_1():
    task = from_frame(mixed_frame()[["count", "flag", "label"]], "label").task
    np.testing.assert_allclose(task.train.x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(task.train.x.std(axis=0), 1, atol=1e-5)
    assert np.abs(task.test.x.mean(axis=0)).max() > 1e-3


def test_missing_numbers_get_the_training_median_and_an_indicator():
    frame = mixed_frame()
    table = from_frame(frame[["number", "label"]], "label")
    rows = Split(0).rows(pd.factorize(frame["label"], sort=True)[0])
    median = frame["number"].iloc[rows.train].median()
    given, missing = table.encode(pd.DataFrame({"number": [median, np.nan]}))
    assert given[0] == pytest.approx(missing[0], abs=1e-5)
    assert given[1] < 0 < missing[1]  # the indicator, standardised


def test_unseen_categories_are_encoded_like_none_of_the_seen():
    frame = mixed_frame().dropna()
    table = from_frame(frame[["colour", "label"]], "label")
    encoded = table.encode(pd.DataFrame({"colour": ["red", "ultraviolet", None]}))
    assert encoded.sum(axis=1).tolist() == [1, 0, 0]


def test_encode_gives_the_same_inputs_as_the_folds_whatever_the_index():
    frame = mixed_frame()
    table = from_frame(frame, "label")
    rows = Split(0).rows(pd.factorize(frame["label"], sort=True)[0])
    shifted = frame.drop(columns="label").set_index(np.arange(200) + 1000)
    np.testing.assert_array_equal(table.encode(shifted)[rows.test], table.task.test.x)


def test_the_users_frame_is_left_as_it_was():
    frame = mixed_frame()
    before = frame.copy()
    from_frame(frame, "label", drop=["count"])
    pd.testing.assert_frame_equal(frame, before)


def test_many_rows_are_encoded_as_few_are(monkeypatch):
    whole = from_frame(mixed_frame(), "label").task.train.x
    monkeypatch.setattr("mlpnas.data.encoding.ROWS_AT_A_TIME", 17)
    np.testing.assert_array_equal(from_frame(mixed_frame(), "label").task.train.x, whole)


# Warnings


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Unnamed: 0", np.arange(200)),
        ("Unnamed: 0", [f"r{i}" for i in range(200)]),
        ("number of row", np.random.default_rng(0).permutation(200) + 1),
        ("customer_id", np.arange(200) * 31 + 1000),
        ("userId", [f"u{i}" for i in range(200)]),
    ],
)
def test_columns_that_number_the_rows_are_dropped_with_a_warning(name, values, caplog):
    frame = mixed_frame()
    frame.insert(0, name, values)
    with caplog.at_level(logging.WARNING):
        table = from_frame(frame, "label")
    title = "the unnamed column 1" if name.startswith("Unnamed") else f"column '{name}'"
    assert f"Warning: dropped {title}: it merely numbers the rows." in table.notes
    assert title in caplog.text
    assert name not in [c.name for c in table.columns]


def test_columns_that_do_not_number_the_rows_are_kept():
    frame = mixed_frame().assign(paid=np.arange(200)[::-1] * 2, grid=np.arange(200) // 2)
    table = from_frame(frame, "label")
    assert {"paid", "grid"} <= {c.name for c in table.columns}


@pytest.mark.parametrize("kind", ["number", "category", "date"])
def test_a_column_that_gives_a_class_away_is_warned_of_and_kept(kind):
    frame = mixed_frame(400)
    yes = (frame["label"] == "yes").to_numpy()
    noise = np.random.default_rng(2).random(400)
    frame["leak"] = {
        "number": np.where(yes, 2, 1) + 0.9 * noise,
        "category": np.where(yes, "paid", "owed"),
        "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.where(yes, 900, 5), "D"),
    }[kind]
    table = from_frame(frame, "label")
    suspects = [note for note in table.notes if "gives away" in note]
    assert len(suspects) == 1
    assert "column 'leak' alone gives away target 'label'" in suspects[0]
    assert "--drop 'leak'" in suspects[0]
    assert "leak" in [c.name for c in table.columns]
    assert not note_about(from_frame(frame, "label", drop=["leak"]), "gives away")


def test_a_column_that_gives_a_quantity_away_is_warned_of():
    rng = np.random.default_rng(0)
    y = np.exp(3 * rng.normal(size=1000))  # a long tail
    noise = rng.normal(size=(3, 1000))
    frame = pd.DataFrame({"a": y + noise[0], "logged": np.log(y), "unique": noise[1], "y": y})
    suspects = [note for note in from_frame(frame, "y").notes if "gives away" in note]
    assert [note.split("'")[1] for note in suspects] == ["logged"]


def test_a_rare_class_does_not_make_every_column_a_suspect():
    frame = mixed_frame(4000)
    frame["label"] = np.where(np.arange(4000) < 3, "yes", "no")
    assert not note_about(from_frame(frame, "label"), "gives away")


# npz


def write_npz(path, dtype=np.uint8, test=True):
    rng = np.random.default_rng(0)
    arrays = {"x_train": rng.integers(0, 256, (60, 4, 4)).astype(dtype)}
    arrays["y_train"] = np.arange(60, dtype=np.uint8) % 3
    if test:
        arrays["x_test"] = np.full((9, 4, 4), 51, dtype)
        arrays["y_test"] = np.arange(9, dtype=np.uint8)[:, None] % 3
    np.savez(path, **arrays)
    return arrays


def test_pixels_are_flattened_and_divided_by_255_and_the_test_fold_is_the_given(tmp_path):
    arrays = write_npz(tmp_path / "t.npz")
    task = read_table(tmp_path / "t.npz").task
    assert (task.kind, task.classes) == ("multiclass", (0, 1, 2))
    assert [f.x.shape for f in (task.train, task.valid, task.test)] == [
        (48, 16),
        (12, 16),
        (9, 16),
    ]
    np.testing.assert_allclose(task.test.x, 0.2, rtol=1e-6)
    assert task.test.y.tolist() == [0, 1, 2] * 3
    assert np.bincount(task.valid.y).tolist() == [4, 4, 4]
    pixels = {tuple(row) for row in arrays["x_train"].reshape(60, 16).tolist()}
    assert {tuple(row) for row in np.rint(task.train.x * 255).astype(int).tolist()} <= pixels


def test_other_arrays_are_standardised_and_split(tmp_path):
    write_npz(tmp_path / "t.npz", np.float64, test=False)
    table = read_table(tmp_path / "t.npz", task="regression")
    assert [len(f) for f in (table.task.train, table.task.valid, table.task.test)] == [
        38,
        10,
        12,
    ]
    np.testing.assert_allclose(table.task.train.x.mean(axis=0), 0, atol=1e-5)
    assert table.task.train.x.dtype == np.float32


# Real data


def test_wine_quality_warns_of_index_and_leak(shared_data):
    table = read_table(shared_data("wine_quality.csv"), "quality_label")
    warnings = [note for note in table.notes if note.startswith("Warning")]
    assert len(warnings) == 2
    assert "the unnamed column 1" in warnings[0]
    assert "column 'quality' alone gives away" in warnings[1]
    assert table.task.train.x.shape == (3134, 12)
    clean = read_table(shared_data("wine_quality.csv"), "quality_label", drop=["quality"])
    assert clean.task.input_shape == (11,)
    assert len([note for note in clean.notes if note.startswith("Warning")]) == 1


def test_hypothyroid_copes_with_a_class_of_two_and_an_empty_column(shared_data):
    table = read_table(shared_data("tabular/hypothyroid.csv"), "Class")
    assert len(table.task.classes) == 4
    assert "'TBG'" in note_about(table, "all its values are missing")
    assert 3 in table.task.train.y


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", "digits", "iris", "wine"])
def test_the_packaged_tables_are_readable_by_their_last_column(name):
    path = ROOT / "data" / f"{name}.csv"
    target = path.read_text().splitlines()[0].split(",")[-1]
    table = read_table(path, target)
    assert table.task.kind == ("regression" if name == "diabetes" else table.task.kind)
    assert not [note for note in table.notes if note.startswith("Warning")]


# The house


def test_importing_the_table_loads_no_tensorflow():
    code = "import mlpnas.data.table, sys; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.slow
def test_loading_takes_about_three_times_the_array():
    command = [sys.executable, "benchmarks/table_memory.py", "--rows", "400000"]
    run = subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(run.stdout.splitlines()[-1])
    assert result["rows"] == 400_000
    assert result["peak_over_array"] < 3.5
