"""A column of the run's schema, and how its cells are read by it.

Nothing here is fitted or inferred: a cell becomes the same number or category whatever stands
in the other rows, and whatever type a CSV reader or a user gave to it. `7`, `7.0` and `"7"` are
one category; `True`, `"true"` and `1` are one truth value. What a column *is* was decided once,
see `schema`; every statistic is left to the preprocessor, which sees the training fold alone.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from mlpnas.core.data.rounding import LARGEST, as_float32
from mlpnas.core.errors import InputError
from mlpnas.data.dates import ISO, read_dates
from mlpnas.data.dialect import MISSING_CELLS
from mlpnas.data.numbers import read_numbers

WARNING = "Warning: "  # how notes begin that the user should not overlook
MISSING = "(missing)"  # the category of an empty cell
DATE_PARTS = ("year", "month", "weekday", "hour", "days")
NUMBERS = "biuf"  # kinds of NumPy's types that are numbers: bool, int, unsigned, float
TRUTH = {"true": 1.0, "false": 0.0}
# As pandas writes durations, and as clocks show them. Of more pandas would make one: of dates.
DURATION = r"([+-]?\d+ days?,? ?)?([+-]?\d+:\d\d(:\d\d(\.\d+)?)?)?"
# What other types make of an integer and of a day.
TRAIL = re.compile(r"([+-]?\d+)\.0+|(\d{4}-\d\d-\d\d) 00:00:00")

Kind = Literal["numeric", "boolean", "categorical", "date", "duration"]


@dataclass(frozen=True)
class Column:
    """A column that the network reads.

    Attributes:
        name: as in the table.
        kind: what its cells are; a duration counts in seconds.
        format: how its numbers are written, see `numbers`, or its dates, see `dates`; else
            empty.
        categories: the frequent ones of the training table; else empty.
        unread: share of its cells there, missing ones aside, that could not be read as this
            kind, or are none of the frequent categories; in [0, 1].
        missing: share of its cells there that were missing, in [0, 1].
    """

    name: str
    kind: Kind
    format: str = ""
    categories: tuple[str, ...] = ()
    unread: float = 0.0
    missing: float = 0.0

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Column":
        """Inverse of `asdict`, for what was read from run.json, an earlier version's too."""
        known = {"format": record.get("date_format", ""), **record}
        known.pop("date_format", None)
        return cls(**{**known, "categories": tuple(known.get("categories", ()))})

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of what `read` makes of it: a date gives several numbers."""
        if self.kind == "date":
            return tuple(f"{self.name} ({part})" for part in DATE_PARTS)
        return (self.name,)


class Cells(NamedTuple):
    """The cells of a column, read.

    Attributes:
        parts: part name -> `(rows,)`: float32 with NaN where missing or unreadable, or for
            categories object (texts, `MISSING` where missing).
        present: bool `(rows,)`, where there is something to read.
        unread: bool `(rows,)`, where that could not be read, or is no frequent category.
    """

    parts: dict[str, np.ndarray]
    present: np.ndarray
    unread: np.ndarray


def read(values: pd.Series, column: Column) -> Cells:
    """A column's cells as its kind says.

    Args:
        values: of any type.
        column: says what they are.

    Raises:
        InputError: for infinities, with the column and the row.
    """
    values = typed(values)
    if column.kind == "categorical":
        # A word such as NA is a category where the run knows it as one.
        texts = words(values, set(MISSING_CELLS).difference(column.categories))
        present = texts != MISSING
        unread = present & ~pd.Series(texts).isin(column.categories).to_numpy()
        return Cells({column.name: texts}, present, unread)
    values = without_words_for_nothing(values)
    if column.kind == "date":
        found = _date_numbers(dates(values, column.format))
    elif column.kind == "numeric":
        exact = numbers(values, column.format)
        found = [_finite(as_float32(exact), values, column.name)]
    else:
        found = [_finite(as_float32(READERS[column.kind](values)), values, column.name)]
    present = values.notna().to_numpy(dtype=bool)
    parts = dict(zip(column.parts, found, strict=True))
    return Cells(parts, present, present & np.isnan(found[0]))


def typed(values: pd.Series) -> pd.Series:
    """Cells in the type that says what they are, if one does; texts without outer blanks.

    Categories get the type of their values. What mixes types stays of type object.
    """
    if values.dtype.kind == "O" and not is_text(values):
        values = values.astype(object).convert_dtypes()
    return values.str.strip() if is_text(values) else values


def is_text(values: pd.Series) -> bool:
    """Whether the cells are texts by their type."""
    return isinstance(values.dtype, pd.StringDtype) or values.dtype.kind == "U"


def filled(values: pd.Series) -> pd.Series:
    """Typed cells that hold something."""
    return without_words_for_nothing(typed(values)).dropna()


def without_words_for_nothing(values: pd.Series) -> pd.Series:
    """Typed cells, of which those that say `NA` and the like are missing."""
    return values.mask(values.isin(MISSING_CELLS)) if is_text(values) else values


def words(values: pd.Series, nothing: Collection[str] = MISSING_CELLS) -> np.ndarray:
    """Object array `(rows,)` of categories, `MISSING` where missing.

    Args:
        values: typed cells.
        nothing: words for a missing cell.
    """
    if values.dtype == object:  # not told apart by their hashes: 1 and True
        values = values.map(_word, na_action="ignore")
    codes, distinct = pd.factorize(values)
    names = [MISSING if (word := _word(cell)) in nothing else word for cell in distinct]
    return np.array([*names, MISSING], dtype=object)[codes]


def _word(cell: object) -> str:
    text = str(cell)
    whole = TRAIL.fullmatch(text)
    return whole[1] or whole[2] if whole else text


def as_text(values: pd.Series) -> pd.Series:
    """Typed cells as texts of type object, None where missing."""
    if is_text(values):
        return values.astype(object).where(values.notna(), None)
    texts = pd.Series(words(values), index=values.index)
    return texts.mask(texts == MISSING, None)


def numbers(values: pd.Series, format: str = "") -> np.ndarray:
    """Float64 `(rows,)` of typed cells, NaN where missing or not a number.

    Args:
        values: typed cells; of those that are no texts the format is not asked.
        format: how texts are written, see `tables.numbers`.
    """
    if values.dtype.kind not in NUMBERS:
        texts = as_text(values)
        found = read_numbers(texts, format)
        left = np.isnan(found)
        found[left] = texts[left].str.lower().map(TRUTH)
        return found
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def truth_values(values: pd.Series) -> np.ndarray:
    """Float64 `(rows,)`: 1 and 0, NaN where missing or neither."""
    found = numbers(values)
    return np.where(np.isin(found, (0, 1)), found, np.nan)


def durations(values: pd.Series) -> np.ndarray:
    """Float64 `(rows,)`, seconds; NaN where missing or none. Plain numbers are seconds.

    A time of day such as 14:05 is one too, from midnight on.
    """
    if values.dtype.kind in NUMBERS:
        return numbers(values)
    plain = np.full(len(values), np.nan)
    if values.dtype.kind != "m":
        texts = as_text(values)
        plain = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
        clocks = texts.where(texts.str.fullmatch(DURATION, na=False))
        whole = clocks.str.replace(r"^([+-]?\d+:\d\d)$", r"\1:00", regex=True)
        values = pd.to_timedelta(whole, errors="coerce")
    seconds = values.dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(plain), seconds, plain)


READERS = {"boolean": truth_values, "duration": durations}


def _finite(rounded: np.ndarray, values: pd.Series, name: str) -> np.ndarray:
    infinite = np.isinf(rounded)
    if infinite.any():
        row = int(infinite.argmax())
        raise InputError(
            f"Column '{name}' holds {values.iloc[row]} in row {row + 1} ({infinite.sum()} in "
            f"all); expected finite numbers up to {LARGEST:g}: mend the cells or leave them "
            f"empty, or leave the column out with --drop '{name}'"
        )
    return rounded


def dates(values: pd.Series, date_format: str) -> pd.Series:
    """Points in time in UTC of typed cells, NaT where there is none.

    What types and programs make of dates, 2024-12-31 and on, is one whatever the format.
    """
    if values.dtype.kind == "M":
        return read_dates(values, ISO)
    texts = as_text(values)
    found = read_dates(texts, date_format)
    if date_format == ISO:
        return found
    others = texts.where(found.isna() & texts.str.match(r"\d{4}-\d\d-\d\d", na=False))
    return found.fillna(read_dates(others, ISO))


def _date_numbers(moments: pd.Series) -> list[np.ndarray]:
    """Float32 arrays in the order of `DATE_PARTS`; days are counted from 1970."""
    when = moments.dt
    # In microseconds, which reach back beyond the year 1677.
    exact = when.tz_localize(None).to_numpy(dtype="datetime64[us]")
    days = pd.Series((exact - np.datetime64(0, "us")) / np.timedelta64(1, "D"))
    parts = (when.year, when.month, when.day_of_week, when.hour, days)
    return [part.to_numpy(dtype=np.float32, na_value=np.nan) for part in parts]
