"""A column has one kind, and its cells are read by it whatever type they come in."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.tree import DecisionTreeClassifier

from mlpnas.core.errors import InputError
from mlpnas.data.columns import MISSING, Column, read
from mlpnas.data.encoding import clean_rows, make_preprocessor
from mlpnas.data.schema import Declared, describe
from mlpnas.data.table import from_frame, read_table

NAN = np.nan


def read_as(kind, cells, **options):
    """What the one part of such a column is."""
    [values] = read(pd.Series(cells), Column("c", kind, **options)).parts.values()
    return values.tolist()


def arrow(cells, kind):
    return pd.Series(cells, dtype=pd.ArrowDtype(kind))


# Cells


@pytest.mark.parametrize(
    "cells",
    [
        [True, False, None],
        pd.Series([True, False, None], dtype="boolean"),
        arrow([True, False, None], pa.bool_()),
        pd.Categorical([True, False, None]),
        ["True", "False", None],
        ["true", " FALSE ", ""],
        ["1", "0", "NA"],
        ["1.0", "0.0", "?"],
        [1, 0, None],
        [1.0, 0.0, NAN],
        pd.Series([1, 0, None], dtype="Int64"),
        [True, "false", None],
        [np.True_, 0, "n/a"],
    ],
)
def test_truth_is_one_however_it_is_written(cells):
    np.testing.assert_array_equal(read_as("boolean", cells), [1, 0, NAN])
    np.testing.assert_array_equal(read_as("numeric", cells), [1, 0, NAN])


@pytest.mark.parametrize(
    "cells",
    [
        [7, 12, None],
        [7.0, 12.0, NAN],
        pd.Series([7, 12, None], dtype="Int16"),
        pd.Series([7, 12, None], dtype="Float32"),
        arrow([7, 12, None], pa.int8()),
        arrow([7, 12, None], pa.float64()),
        arrow([decimal.Decimal("7.00"), decimal.Decimal("12.00"), None], pa.decimal128(6, 2)),
        arrow([7, 12, None], pa.dictionary(pa.int32(), pa.int64())),
        pd.Categorical([7, 12, None]),
        pd.Categorical(["7", "12", None], categories=["7", "12"], ordered=True),
        ["7", "12", None],
        ["7.0", " 12.00", "?"],
        pd.Series(["7", "12", None], dtype="string"),
        arrow(["7", "12", None], pa.string()),
        ["7", 12, None],
        [decimal.Decimal(7), decimal.Decimal(12), None],
        np.array([7, 12.0, NAN], dtype=object),
    ],
)
def test_an_integer_is_one_category_and_one_number_in_every_type(cells):
    assert read_as("categorical", cells) == ["7", "12", MISSING]
    np.testing.assert_array_equal(read_as("numeric", cells), [7, 12, NAN])


def test_codes_keep_their_zeros():
    assert read_as("categorical", ["007", "7", "A44"]) == ["007", "7", "A44"]


def test_a_word_for_nothing_is_a_category_where_the_run_knows_it_as_one():
    assert read_as("categorical", ["NA", "DE"]) == [MISSING, "DE"]
    assert read_as("categorical", ["NA", "DE"], categories=("DE", "NA")) == ["NA", "DE"]


DAY = datetime.date(2024, 2, 29)


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-02-29", None],
        ["2024-02-29 00:00:00", ""],
        pd.to_datetime(["2024-02-29", None]),
        pd.to_datetime(["2024-02-29", None]).tz_localize("UTC"),
        pd.Series([DAY, None]),
        arrow([DAY, None], pa.date32()),
        arrow([datetime.datetime(2024, 2, 29), None], pa.timestamp("us")),
        pd.Series([pd.Timestamp(DAY), None], dtype=object),
        pd.PeriodIndex(["2024-02-29", None], freq="D"),
        pd.Categorical(pd.to_datetime(["2024-02-29", None])),
        pd.Series([20240229, None]),
    ],
)
def test_a_day_is_one_in_every_type(cells):
    parts = read(pd.Series(cells), Column("c", "date", "ISO8601")).parts
    got = np.array([*parts.values()])
    np.testing.assert_array_equal(
        got, [[2024, NAN], [2, NAN], [3, NAN], [0, NAN], [19782, NAN]]
    )


@pytest.mark.skipif(pd.__version__ < "3", reason="pandas 2 knows the years 1678 to 2261 alone")
def test_days_of_all_centuries_are_dates():
    column = Column("c", "date", "ISO8601")
    parts = read(pd.Series(["1492-10-12", "9999-12-31"]), column).parts
    assert parts["c (year)"].tolist() == [1492, 9999]
    assert parts["c (days)"].tolist() == [-174301, 2932896]


@pytest.mark.parametrize(
    "cells",
    [
        pd.to_timedelta([3600, None], "s"),
        ["0 days 01:00:00", None],
        ["01:00:00", ""],
        [3600, None],
        ["3600", None],
        arrow([datetime.timedelta(hours=1), None], pa.duration("s")),
        [datetime.timedelta(hours=1), None],
        [datetime.time(1), None],
    ],
)
def test_an_hour_is_3600_seconds_in_every_type(cells):
    np.testing.assert_array_equal(read_as("duration", cells), [3600, NAN])


@pytest.mark.parametrize("kind", ["numeric", "boolean", "categorical", "date", "duration"])
@pytest.mark.parametrize(
    "nothing",
    [
        [None, None],
        [NAN, NAN],
        [pd.NaT, pd.NaT],
        ["", "NA"],
        pd.Series([None, None], dtype="string"),
        pd.Series([None, None], dtype="Int64"),
        pd.Series([None, None], dtype="boolean"),
        pd.Categorical([None, None]),
        arrow([None, None], pa.null()),
    ],
)
def test_an_empty_column_is_missing_in_every_type(kind, nothing):
    cells = read(pd.Series(nothing), Column("c", kind, "ISO8601"))
    assert not cells.present.any()
    assert not cells.unread.any()
    for values in cells.parts.values():
        assert all(value == MISSING or np.isnan(value) for value in values)


@pytest.mark.parametrize(
    ("kind", "cells", "unread"),
    [
        ("numeric", ["7", "seven", None], [False, True, False]),
        ("numeric", pd.to_datetime(["2024-01-01"]), [True]),
        ("boolean", [1, 2, None], [False, True, False]),
        ("boolean", ["true", "maybe"], [False, True]),
        ("date", ["2024-01-01", "soon", None], [False, True, False]),
        ("date", [True, 1.5], [True, True]),
        ("duration", ["00:10:00", "long"], [False, True]),
        ("categorical", ["red", "blue", None], [False, True, False]),
    ],
)
def test_what_is_not_of_the_kind_is_missing_and_marked(kind, cells, unread):
    column = Column("c", kind, "ISO8601" if kind == "date" else "", ("red",))
    assert read(pd.Series(cells), column).unread.tolist() == unread


# Kinds


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (pd.Categorical([3, 1, 2, 3]), "categorical"),
        (pd.Categorical([3, 1, 2, 3], ordered=True), "categorical"),
        (pd.Categorical([0.5, 0.5, None, 1]), "categorical"),
        (arrow([3, 1, 3, 1], pa.dictionary(pa.int32(), pa.int64())), "categorical"),
        ([True, False, None, True], "boolean"),
        (pd.Series([True, None, False, None], dtype="boolean"), "boolean"),
        (arrow([True, None, False, None], pa.bool_()), "boolean"),
        (["TRUE", "false", None, "true"], "boolean"),
        (pd.Series([3, None, 4, 5], dtype="Int64"), "numeric"),
        (arrow([3, None, 4, 5], pa.int64()), "numeric"),
        (arrow([decimal.Decimal(1), None], pa.decimal128(4, 1)), "numeric"),
        ([decimal.Decimal(1), decimal.Decimal(2)], "numeric"),
        (np.array([1, 2.5, None], dtype=object), "numeric"),
        (["1", "2", "3.5"], "numeric"),
        (pd.Series([1, 0, 0], dtype="Sparse[int]"), "numeric"),
        (pd.to_timedelta(["1D", "2h"]), "duration"),
        (["1 days", "0 days 02:00:00"], "duration"),
        (["007", "012", "007"], "categorical"),
        (arrow([datetime.timedelta(1)], pa.duration("ms")), "duration"),
        (pd.to_datetime(["2024-01-01"]).tz_localize("Europe/Berlin"), "date"),
        (arrow([DAY, None], pa.date32()), "date"),
        ([DAY, None], "date"),
        (pd.period_range("2024", periods=3, freq="M"), "date"),
        (["red", "blue", "red"], "categorical"),
        (pd.Series(["red", "blue", "red"], dtype="string"), "categorical"),
        (arrow(["red", "blue", "red"], pa.string()), "categorical"),
        (pd.Series([True, "red", 1]), "categorical"),
    ],
)
def test_the_declared_type_of_a_column_decides_its_kind(cells, kind):
    column = describe(pd.Series(cells), "c")
    assert column.kind == kind
    assert column.unread == 0 or kind == "categorical"


def test_a_column_knows_its_frequent_categories_and_the_share_of_others():
    column = describe(pd.Series(["b"] * 5 + ["a"] * 4 + ["once", None]), "c")
    assert column.categories == ("a", "b")
    assert column.unread == pytest.approx(0.1)


def test_a_word_for_nothing_in_a_frame_is_a_category_among_texts_and_none_among_numbers():
    assert describe(pd.Series(["NA", "DE"] * 4), "c").categories == ("DE", "NA")
    assert describe(pd.Series(["?", "1", "2"] * 4), "c").kind == "numeric"


def test_complex_numbers_are_dropped_with_a_note():
    assert "complex" in describe(pd.Series([1 + 2j, 2]), "c")


def test_a_column_is_read_back_from_what_an_earlier_version_wrote():
    record = {"name": "when", "kind": "date", "date_format": "%d.%m.%Y"}
    assert Column.of(record) == Column("when", "date", "%d.%m.%Y")


# What the user declares


def codes(rows=60):
    """Codes that look like numbers, and numbers as texts among words."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "zip": rng.choice([1067, 4109, 80331], rows),
            "dose": rng.choice(["1", "2", "low", "high"], rows),
            "day": rng.choice([20240131, 20240229], rows),
            "label": rng.choice(["no", "yes"], rows),
        }
    )


def kinds(table):
    return {column.name: column.kind for column in table.columns}


@pytest.mark.parametrize("separate", [("zip", "dose"), ("zip,dose",), ("zip, dose",)])
def test_declared_kinds_are_taken_whatever_the_cells_look_like(separate, tmp_path):
    frame = codes()
    frame.to_csv(tmp_path / "t.csv", index=False)
    declared = Declared(categorical=separate, date=["day"])
    for table in (
        from_frame(frame, "label", declared=declared),
        read_table(tmp_path / "t.csv", "label", declared=declared),
    ):
        assert kinds(table) == {"zip": "categorical", "dose": "categorical", "day": "date"}
        assert table.columns[0].categories == ("1067", "4109", "80331")
        assert table.columns[2].unread == 0


def test_what_is_declared_numeric_is_and_the_rest_is_told():
    table = from_frame(codes(), "label", declared=Declared(numeric=["dose"]))
    assert kinds(table)["dose"] == "numeric"
    assert any("'dose' is numeric, but" in note and "row" in note for note in table.notes)


def test_a_declared_column_is_not_taken_for_a_row_number_or_free_text():
    frame = codes().assign(user_id=np.arange(60), name=[f"n{i}" for i in range(60)])
    table = from_frame(frame, "label", declared=Declared(["user_id", "name"]))
    assert {"user_id", "name"} <= kinds(table).keys()
    assert any("'name' has no category twice (first: 'n0')" in note for note in table.notes)


def test_a_name_with_a_comma_is_a_name():
    frame = codes().rename(columns={"zip": "zip, city"})
    table = from_frame(frame, "label", declared=Declared(["zip, city"]))
    assert kinds(table)["zip, city"] == "categorical"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"declared": Declared(["Zip"])}, r"categorical 'Zip': no such.*did you mean 'zip'"),
        ({"declared": Declared(["zip,nonsense"])}, "'nonsense': no such column; expected"),
        ({"declared": Declared(["zip"], ["zip"])}, "'zip' is to be both categorical and nume"),
        ({"declared": Declared("zip", date="zip")}, "'zip' is to be both categorical and date"),
        ({"declared": Declared(["label"])}, "categorical 'label' is the target"),
        ({"declared": Declared(["zip"]), "drop": ["zip"]}, "also to be left out"),
        ({"declared": Declared(numeric=["label2"])}, "did you mean 'label'"),
        ({"drop": ["Day"]}, "--drop 'Day': no such column.*did you mean 'day'"),
    ],
)
def test_unknown_and_contradictory_names_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        from_frame(codes(), "label", **options)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [("numeric", ["low", "high"]), ("date", ["low", "high"]), ("date", [0.5, 1.5])],
)
def test_a_column_of_which_nothing_is_what_it_should_be_is_refused(kind, cells):
    frame = codes().assign(odd=cells * 30)
    with pytest.raises(
        InputError, match=rf"'odd' is to be {kind}, but none.*'{cells[0]}'.*row"
    ):
        from_frame(frame, "label", declared=Declared(**{kind: ["odd"]}))


def test_every_option_takes_columns_apart_with_drop_too():
    assert kinds(from_frame(codes(), "label", drop=["zip,day"])) == {"dose": "categorical"}


# Dataframes of other libraries


def every_kind(rows=60):
    rng = np.random.default_rng(0)
    hours = pd.to_timedelta(rng.integers(0, 99, rows), "h")
    return pd.DataFrame(
        {
            "number": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows)),
            "code": pd.Categorical(rng.choice(["1", "2", "3"], rows)),
            "flag": pd.Series(rng.choice([True, False, None], rows), dtype="boolean"),
            "word": pd.Series(rng.choice(["a", "b", None], rows), dtype=object),
            "when": pd.Timestamp("2024-01-01") + hours,
            "long": hours,
            "label": rng.choice(["no", "yes"], rows),
        }
    )


@pytest.mark.parametrize("library", ["polars", "polars lazy", "pyarrow"])
def test_frames_of_other_libraries_are_learned_from_and_encoded_alike(library):
    frame = every_kind()
    other = pa.Table.from_pandas(frame)
    if library.startswith("polars"):
        other = pl.from_arrow(other).with_columns(pl.col("code").cast(pl.Categorical))
        other = other.lazy() if library.endswith("lazy") else other
    expected, table = from_frame(frame, "label"), from_frame(other, "label")
    assert table.columns == expected.columns
    np.testing.assert_array_equal(table.task.train.x, expected.task.train.x)
    np.testing.assert_array_equal(expected.encode(other), table.encode(frame))


def test_what_is_no_dataframe_is_refused():
    with pytest.raises(InputError, match="of type list; expected a dataframe"):
        from_frame([[1, 2]], "label")


# New rows that are unlike the training table


@pytest.fixture(scope="module")
def table():
    return from_frame(every_kind(), "label")


def told(table, frame):
    notes = []
    clean_rows(frame.reset_index(drop=True), table.columns, notes.append)
    return notes


def test_rows_like_those_of_training_are_taken_without_a_word(table):
    assert told(table, every_kind()) == []
    assert told(table, every_kind().dropna().head(1)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"code": "9"}, "'code': 60 of 60 values are none that training saw often (first: '9'"),
        ({"number": "n.a."}, "'number': 60 of 60 values are not numbers (first: 'n.a.' in row"),
        ({"flag": 7}, "'flag': 60 of 60 values are not true or false (first: '7' in row 1)"),
        ({"when": "soon"}, "'when': 60 of 60 values are not dates (first: 'soon' in row 1)"),
        ({"long": "ever"}, "'long': 60 of 60 values are not durations (first: 'ever' in row"),
        ({"when": None}, "'when' is empty in 60 of 60 rows, where 0% were in training"),
        ({"number": ""}, "'number' is empty in 60 of 60 rows"),
    ],
)
def test_a_column_that_is_unlike_training_is_told_with_an_example(table, change, message):
    [note] = told(table, every_kind().assign(**change))
    assert note.startswith("Warning: column ")
    assert message in note


def test_of_very_many_odd_columns_some_are_told():
    frame = wide(columns=100)
    notes = told(from_frame(frame, "label"), frame.assign(**{f"x{i}": "?" for i in range(90)}))
    assert len(notes) == 21
    assert "70 more such sentences on other columns" in notes[-1]


def test_one_unseen_category_is_told_in_one_row_and_not_in_a_hundred(table):
    frame = pd.concat([every_kind()] * 2)
    frame["code"] = frame["code"].astype(object)
    frame.iloc[0, 1] = "9"
    assert told(table, frame) == []
    assert len(told(table, frame.head(1).assign(number=0.0, flag=True, word="a"))) == 1


def test_one_unreadable_number_is_told_wherever_training_had_none(table):
    frame = pd.concat([every_kind()] * 2).astype({"number": object})
    frame.iloc[1, 0] = "oops"
    [note] = told(table, frame)
    assert "'oops' in row 2" in note


def test_encoding_logs_what_is_unlike_training(table, caplog):
    table.encode(every_kind().assign(code="9"))
    assert "none that training saw often" in caplog.text


# Wide tables


def wide(columns=300, rows=200):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, columns))).add_prefix("x")
    return frame.assign(label=np.where(frame["x7"] > 0, "no", "yes"))


def test_trees_are_grown_only_on_columns_along_which_the_target_is_sorted(monkeypatch):
    grown = []

    class Counted(DecisionTreeClassifier):
        def fit(self, x, y):
            grown.append(x)
            return super().fit(x, y)

    monkeypatch.setattr("mlpnas.data.selection.DecisionTreeClassifier", Counted)
    table = from_frame(wide(), "label")
    assert 0 < len(grown) < 10
    assert any("column 'x7' alone gives away" in note for note in table.notes)


def test_however_wide_a_table_is_it_is_scaled_in_a_few_groups():
    columns = [Column(f"x{i}", "numeric") for i in range(5000)]
    assert len(make_preprocessor(columns).transformers) == 4
    assert len(make_preprocessor(columns[:128]).transformers) == 16
    assert len(make_preprocessor(columns[:50]).transformers) == 7
    texts = [Column(f"x{i}", "categorical") for i in range(5000)]
    assert len(make_preprocessor(texts).transformers) == 4
