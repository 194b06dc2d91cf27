"""What the user can get wrong in a table: one line that says what, what else, and the cure."""

import numpy as np
import pandas as pd
import pytest

from mlpnas.core.errors import InputError
from mlpnas.data.schema import Declared
from mlpnas.data.table import from_frame, read_table

GOOD = "a,b,y\n" + "".join(f"{i * 0.7:.1f},{i * i % 11},{'uv'[i % 2]}\n" for i in range(40))


def complaint(source, target="y", **options):
    """The message; one line that also says what was expected and how to mend it."""
    read = from_frame if isinstance(source, pd.DataFrame) else read_table
    with pytest.raises(InputError) as caught:
        read(source, target, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert "expected" in message
    assert ":" in message.split("expected")[-1] or ";" in message  # a remedy follows
    return message


@pytest.fixture
def csv(tmp_path):
    def write(text):
        path = tmp_path / "t.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def frame(y, rows=None):
    rows = rows or len(y)
    noise = np.random.default_rng(0).normal(size=(2, rows))
    return pd.DataFrame({"a": noise[0], "b": noise[1], "y": y})


def test_the_good_table_is_good(csv):
    assert read_table(csv(GOOD), "y").task.kind == "binary"


# Files


def test_missing_file(csv):
    path = csv(GOOD).with_name("tt.csv")
    message = complaint(path)
    assert f"There is no file '{path}'" in message
    assert "did you mean 't.csv'?" in message


def test_missing_folder(tmp_path):
    assert "check the path" in complaint(tmp_path / "nowhere" / "t.csv")


def test_directory(tmp_path):
    assert "is a directory" in complaint(tmp_path)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty"),
        ("\n\n", "blank lines only"),
        ("a,b,y\n", "a header but no rows"),
        ("a,b,y\n1,2,u\n1,2,3,v\n", "line 3: 4 fields; expected 3"),
        ("a,b,y\n1,2,u\n1,v\n", "line 3: 2 fields; expected 3"),
        ("a,b,y\n1,2,u\n1,2,v,\n", "line 3: 4 fields"),
        (GOOD + '1,2,"u\n', "line 42: unexpected end of data"),
        ("a,b,y,y\n1,2,u,u\n", "2 columns called 'y'"),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "write a header above it"),
    ],
)
def test_unreadable_csv(csv, text, match):
    assert match in complaint(csv(text))


def test_spreadsheet(tmp_path):
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK")
    assert "save it as 'CSV UTF-8'" in complaint(path)


def test_damaged_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"not parquet")
    assert "not a readable parquet file" in complaint(path)


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    def absent(path):
        raise ImportError("Missing optional dependency")

    monkeypatch.setattr(pd, "read_parquet", absent)
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")
    assert "pip install 'mlpnas[parquet]'" in complaint(path)


# Targets


def test_missing_target_column(csv):
    message = complaint(csv(GOOD), "Y")
    assert "no column 'Y'" in message
    assert "'a', 'b', 'y'" in message
    assert "did you mean 'y'?" in message


def test_no_target_named(csv):
    assert "No target" in complaint(csv(GOOD), None)


def test_duplicated_target_in_a_frame():
    twice = pd.concat([frame([0, 1] * 20), frame([0, 1] * 20)[["y"]]], axis=1)
    assert "2 columns called 'y'" in complaint(twice)


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (["u"] * 40, "'u' in all 40 rows"),
        ([np.nan] * 40, "missing in all 40 rows"),
        ([0.5, np.inf] + [0.1, 0.2] * 20, "inf in row 2"),
        (["1.5"] * 30 + ["2.5"] * 9 + ["oops"], "'oops' in row 40"),
        ([f"c{i // 2}" for i in range(20_000)], "10000 classes in 20000 rows"),
        (["u", "v"] * 4, "Only 8 rows"),
    ],
)
def test_unusable_target(y, match):
    assert match in complaint(frame(y))


def test_many_classes_by_order():
    y = np.arange(20_000) % 10_000
    assert "10000 classes" in complaint(frame(y), task="classification")


def test_text_target_for_regression():
    message = complaint(frame(["1.5", "tall"] * 20), task="regression")
    assert "'tall' in row 2" in message
    assert "--task classification" in message


def test_the_row_named_counts_rows_without_a_target():
    assert "row 5" in complaint(frame([np.nan, np.nan, 0.5, 0.2, np.inf, *[0.1, 0.3] * 10]))


# Features and options


def test_infinite_feature(csv):
    text = GOOD.replace("\n0.7,", "\n-inf,", 1)
    message = complaint(csv(text))
    assert "Column 'a' holds -inf in row 2 (1 in all)" in message
    assert "--drop 'a'" in message


def test_numbers_too_large_for_float32(csv):
    assert "holds 1e+300 in row 2" in complaint(csv(GOOD.replace("\n0.7,", "\n1e300,", 1)))


def test_unknown_column_to_drop(csv):
    message = complaint(csv(GOOD), drop=["c"])
    assert "--drop 'c'" in message
    assert "'a', 'b'" in message


def test_the_target_to_drop(csv):
    assert "is the target" in complaint(csv(GOOD), drop=["y"])


def test_no_columns_left(csv):
    assert "No column is left" in complaint(csv(GOOD), drop=["a", "b"])


def test_only_useless_columns_are_named():
    only = pd.DataFrame({"id": range(40), "empty": np.nan, "y": ["u", "v"] * 20})
    message = complaint(only)
    assert "'id'" in message
    assert "'empty'" in message


def test_two_feature_columns_of_one_name():
    twice = frame([0, 1] * 20).rename(columns={"b": "a"})
    assert "Two columns are called 'a'" in complaint(twice)


@pytest.mark.parametrize("fraction", [0, 0.5, -1])
def test_fold_fractions(csv, fraction):
    assert f"Fold fraction {fraction}" in complaint(csv(GOOD), test_fraction=fraction)


def test_negative_seed(csv):
    assert "Seed -1" in complaint(csv(GOOD), seed=-1)


def test_unknown_task(csv):
    assert "Task 'clustering'" in complaint(csv(GOOD), task="clustering")


def test_new_rows_that_lack_a_column(csv):
    table = read_table(csv(GOOD), "y")
    with pytest.raises(InputError, match="lacks column 'b'"):
        table.encode(pd.DataFrame({"a": [1.0]}))
    with pytest.raises(InputError, match=r"lacks column 'b'.*did you mean 'B'"):
        table.encode(pd.DataFrame({"a": [1.0], "B": [2.0]}))


def test_new_rows_with_a_column_twice(csv):
    table = read_table(csv(GOOD), "y")
    with pytest.raises(InputError, match="2 columns are called 'b'; expected one"):
        table.encode(pd.DataFrame([[1.0, 2.0, 3.0]], columns=["a", "b", "b"]))


# npz


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"images": np.zeros((20, 4))}, "has no x_train, y_train, but 'images'"),
        (
            {"x_train": np.zeros((20, 4)), "y_train": np.zeros(19)},
            "y_train has the shape (19,)",
        ),
        ({"x_train": np.zeros(20), "y_train": np.zeros(20)}, "x_train has the shape (20,)"),
        (
            {"x_train": np.full((20, 4), np.inf), "y_train": np.arange(20) % 2},
            "the first is inf at (0, 0)",
        ),
        ({"x_train": np.full((20, 4), "a"), "y_train": np.arange(20) % 2}, "type <U1"),
        ({"x_train": np.array([{}] * 20), "y_train": np.arange(20) % 2}, "never unpickled"),
    ],
)
def test_unusable_npz(tmp_path, arrays, match):
    np.savez(tmp_path / "t.npz", **arrays)
    assert match in complaint(tmp_path / "t.npz", None)


def test_npz_that_is_none(tmp_path):
    (tmp_path / "t.npz").write_text("hello")
    assert "is no npz file" in complaint(tmp_path / "t.npz", None)


@pytest.mark.parametrize(
    "options", [{"drop": ["a"]}, {"rows": 0}, {"declared": Declared(date=["a"])}]
)
def test_npz_with_options_for_columns(tmp_path, options):
    np.savez(tmp_path / "t.npz", x_train=np.zeros((20, 4)), y_train=np.arange(20) % 2)
    assert "has no columns" in complaint(tmp_path / "t.npz", None, **options)


def test_nothing_is_written(csv, tmp_path):
    complaint(csv(GOOD), "nope")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
