"""Any frame keeps its meaning on the way from a CSV through a run's schema to other rows.

A table of random columns is learned from; then the same rows come back in every other form: one
at a time, in another order of columns, in other types, with empty columns. They must be encoded
as the table's own rows are.
"""

import json
from dataclasses import asdict
from datetime import time
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mlpnas.data.columns import Column
from mlpnas.data.encoding import clean_rows, encode
from mlpnas.data.reading import read_rows
from mlpnas.data.table import Table, from_frame, read_table

ROWS = 60
MONTHS = pd.date_range("2020-01-01", "2024-12-31", freq="11h")


def some(rng, values):
    """A column drawn from these, as an object array: types stay as they are."""
    return pd.Series(values, dtype=object).iloc[rng.integers(len(values), size=ROWS)].to_numpy()


# Of each kind of column, how its cells are written or typed.
MAKERS = {
    "floats": lambda rng: rng.normal(size=ROWS) * 10.0 ** rng.integers(-6, 6),
    "integers": lambda rng: rng.integers(-50, 50, ROWS),
    "large integers": lambda rng: rng.integers(2**31, 2**40, ROWS),
    "integers as floats": lambda rng: rng.integers(0, 5, ROWS).astype(float),
    "nullable integers": lambda rng: pd.array(rng.integers(0, 9, ROWS), dtype="Int64"),
    "truth": lambda rng: rng.random(ROWS) < 0.4,
    "truth in words": lambda rng: some(rng, ["true", "false"]),
    "nullable truth": lambda rng: pd.array(rng.random(ROWS) < 0.4, dtype="boolean"),
    "zero and one": lambda rng: rng.integers(0, 2, ROWS),
    "codes": lambda rng: some(rng, ["007", "012", "099", "A44"]),
    "codes of digits": lambda rng: some(rng, ["01067", "04109", "80331"]),
    "versions": lambda rng: some(rng, ["1.10.0", "1.9.2", "2.0.0"]),
    "short versions": lambda rng: some(rng, ["1.10", "1.9", "2.0", "beta"]),
    "hexadecimal": lambda rng: some(rng, ["1e5", "2e5", "3f5", "12", "aa"]),
    "numbers among words": lambda rng: some(rng, ["1", "2", "low", "high"]),
    "mixed types": lambda rng: some(rng, [1, 2.5, "x", False]),
    "words": lambda rng: some(rng, ["red", "green", "dark blue", "größer"]),
    "quotes and commas": lambda rng: some(rng, ["a,b", 'say "x"', "c;d", "e\tf"]),
    "yes and no": lambda rng: some(rng, ["yes", "no"]),
    "categories": lambda rng: pd.Categorical(some(rng, ["s", "m", "l"]), ordered=True),
    "times": lambda rng: rng.choice(MONTHS, ROWS),
    "days": lambda rng: rng.choice(MONTHS.normalize(), ROWS),
    "German days": lambda rng: pd.DatetimeIndex(rng.choice(MONTHS, ROWS)).strftime("%d.%m.%Y"),
    "American times": lambda rng: pd.DatetimeIndex(rng.choice(MONTHS, ROWS)).strftime(
        "%m/%d/%Y %I:%M %p"
    ),
    "zoned": lambda rng: pd.DatetimeIndex(rng.choice(MONTHS, ROWS)).tz_localize("UTC"),
    "durations": lambda rng: pd.to_timedelta(rng.integers(0, 10**6, ROWS), "s"),
    "whole days": lambda rng: pd.to_timedelta(rng.integers(0, 99, ROWS), "D"),
    "clock": lambda rng: some(rng, [f"{h:02}:{m:02}" for h in range(24) for m in (0, 15)]),
    "decimal commas": lambda rng: some(rng, [f"{i},{i:02}" for i in range(60)]),
    "money": lambda rng: some(rng, [f"${i},{i:03}.50" for i in range(1, 60)]),
    "thousands": lambda rng: some(rng, [f"{i},{i + 99}" for i in range(1, 60)]),
    "scientific": lambda rng: some(rng, [f"{i}e{j}" for i in range(1, 9) for j in (-3, 0, 4)]),
    "small integers": lambda rng: rng.integers(0, 200, ROWS).astype("uint8"),
    "single precision": lambda rng: rng.normal(size=ROWS).astype("float32"),
    "decimals": lambda rng: some(rng, [Decimal(f"{i}.{i:02}") for i in range(1, 60)]),
    "date objects": lambda rng: some(rng, [*MONTHS[::40].date]),
    "time objects": lambda rng: some(rng, [time(h, m) for h in range(24) for m in (0, 30)]),
    "old days": lambda rng: some(rng, [f"{y}-03-01" for y in range(1492, 1930)]),
    "months": lambda rng: pd.PeriodIndex(rng.choice(MONTHS, ROWS), freq="M"),
    "bins": lambda rng: pd.cut(rng.normal(size=ROWS), 4),
    "integers as text": lambda rng: some(rng, ["1", "1.0", "2", "2.00", "many"]),
    "words for nothing": lambda rng: some(rng, ["NA", "None", "x", "?", "y"]),
    "blanks": lambda rng: some(rng, ["a ", " a", "b", "b\u00a0c", "\tb"]),
    "lines": lambda rng: some(rng, ["a\nb", "#c", "=d", "'e'", "\\f"]),
    "shouted truth": lambda rng: some(rng, ["TRUE", "FALSE", "True", "false"]),
    "percent": lambda rng: some(rng, [f"{i / 4}%" for i in range(60)]),
}  # fmt: skip


def random_frame(rng) -> pd.DataFrame:
    """Twelve columns, half of them with missing cells, and a label."""
    names = rng.permutation(list(MAKERS))[:12]
    frame = pd.DataFrame({name: MAKERS[name](rng) for name in names})
    for name in rng.permutation(names)[:6]:
        hidden = rng.random(ROWS) < 0.2
        frame[name] = frame[name].astype(object).mask(hidden, None).infer_objects()
    return frame.assign(label=rng.choice(["no", "yes"], ROWS))


def kept(table: Table) -> list[Column]:
    """The columns as a run.json has them."""
    written = json.dumps([asdict(column) for column in table.columns])
    return [Column.of(record) for record in json.loads(written)]


def encoded(table: Table, path) -> np.ndarray:
    """As `mlpnas predict` reads a file."""
    columns = kept(table)
    return encode(table.preprocessor, clean_rows(read_rows(path, columns), columns))


def written(frame, tmp_path, **options):
    path = tmp_path / "new.csv"
    frame.to_csv(path, index=False, **options)
    return path


def floats(column: pd.Series) -> pd.Series:
    """What a missing cell somewhere makes of whole numbers and truth values."""
    whole = pd.api.types.is_integer_dtype(column) or pd.api.types.is_bool_dtype(column)
    return column.astype("Float64").astype(float) if whole else column


OTHER_TYPES = {
    "object": lambda frame: frame.astype(object),
    "nullable": lambda frame: frame.convert_dtypes(),
    "arrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "floats": lambda frame: frame.apply(floats),
    "category": lambda frame: frame.astype("category"),
    "one by one": lambda frame: pd.DataFrame({n: frame[n].tolist() for n in frame}),
}


class Case(NamedTuple):
    """A frame without its label, what was learned from its CSV, and its rows encoded."""

    rng: np.random.Generator
    frame: pd.DataFrame
    table: Table
    expected: np.ndarray


@cache
def learned(seed: int, number: int) -> Case:
    rng = np.random.default_rng([seed, number])
    frame = random_frame(rng)
    with TemporaryDirectory() as folder:
        frame.to_csv(path := Path(folder) / "train.csv", index=False)
        table = read_table(path, "label")
        return Case(rng, frame.drop(columns="label"), table, encoded(table, path))


@pytest.fixture(params=range(3))
def case(request, property_seed) -> Case:
    rng = np.random.default_rng([property_seed, request.param, 1])
    return learned(property_seed, request.param)._replace(rng=rng)


def check(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_a_row_alone_is_what_it_is_among_others(case, tmp_path):
    rng, frame, table, expected = case
    for row in rng.permutation(ROWS)[:8]:
        check(encoded(table, written(frame.iloc[[row]], tmp_path))[0], expected[row])


def test_the_order_of_columns_and_further_columns_do_not_matter(case, tmp_path):
    rng, frame, table, expected = case
    moved = frame.assign(more="?")[rng.permutation([*frame, "more"])]
    check(encoded(table, written(moved, tmp_path)), expected)
    check(encoded(table, written(moved, tmp_path, sep=";")), expected)


def test_a_column_without_a_value_is_one_of_missing_cells(case, tmp_path):
    rng, frame, table, _ = case
    for name in rng.permutation(list(frame))[:4]:
        empty = frame.assign(**{name: None})
        everywhere = encoded(table, written(empty, tmp_path))
        row = int(rng.integers(ROWS))
        check(encoded(table, written(empty.iloc[[row]], tmp_path))[0], everywhere[row])
        check(table.encode(empty), everywhere)


@pytest.mark.parametrize("types", OTHER_TYPES)
def test_other_types_are_the_same_cells(case, types, tmp_path):
    _, frame, table, expected = case
    other = OTHER_TYPES[types](frame)
    check(table.encode(other), expected)
    check(encoded(table, written(other, tmp_path)), expected)


def test_polars_and_parquet_hold_the_same_cells(case, tmp_path):
    _, frame, table, expected = case
    texts = {  # of one type each
        name: cells.map(str, na_action="ignore")
        for name, cells in frame.items()
        if cells.dtype == object
    }
    other = pl.from_pandas(frame.assign(**texts))
    check(table.encode(other), expected)
    other.write_parquet(tmp_path / "new.parquet")
    check(encoded(table, tmp_path / "new.parquet"), expected)
    shuffled = other.to_pandas().set_index(np.arange(ROWS)[::-1].astype(str))
    shuffled.to_parquet(tmp_path / "indexed.parquet")
    check(encoded(table, tmp_path / "indexed.parquet"), expected)


def test_what_was_learned_from_a_frame_reads_its_csv(case, tmp_path):
    _, frame, _, _ = case
    label = np.random.default_rng(0).choice(["no", "yes"], ROWS)
    table = from_frame(frame.assign(label=label), "label")
    check(encoded(table, written(frame, tmp_path)), table.encode(frame))


@pytest.mark.parametrize(
    ("cells", "new", "same"),
    [
        (["True", "False"], ["True", "", "False"], ["True", None, "False"]),
        (["TRUE", "FALSE"], ["1", "0", ""], ["TRUE", "FALSE", None]),
        (["007", "012", "099", "A44"], ["007", "012"], ["007", "012"]),
        (["1", "2", "x"], ["1.0", "", "2.0"], ["1", None, "2"]),  # of a column with a gap
        (["1", "2", "x"], ["2"], ["2"]),
        (["1.10", "1.9", "2.0", "beta"], ["1.10", "2.0"], ["1.10", "2.0"]),
        (["1e5", "2e5", "3f5"], ["1e5", "2e5"], ["1e5", "2e5"]),
        (["20240131", "31.1.", "x"], ["20240131"], ["20240131"]),
        (["3", "4.5", ""], ["", ""], [None, None]),
        (["31.12.2024", "01.02.2023"], ["2024-12-31"], ["31.12.2024"]),
    ],
)
def test_new_rows_are_read_by_the_schema_whatever_stands_in_them(cells, new, same, tmp_path):
    rows = "".join(f"{cells[i % len(cells)]},{i * i % 17},{i % 3 > 0}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("cell,x,y\n" + rows)
    table = read_table(tmp_path / "t.csv", "y")
    (tmp_path / "new.csv").write_text("cell,x\n" + "".join(f"{cell},5\n" for cell in new))
    expected = table.encode(pd.DataFrame({"cell": same, "x": 5}))
    check(encoded(table, tmp_path / "new.csv"), expected)
    assert len(np.unique(expected, axis=0)) > 1 or len(set(same)) == 1
