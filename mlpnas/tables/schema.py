"""What each column is: decided once, from the whole table, and kept for every row to come.

The type that a user gave to a column counts first: categories, truth values, dates. Of texts
most must be numbers or dates to be read so. What is decided, a `Column`, is written into the
run, and new rows are read by it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from mlpnas.core.errors import InputError
from mlpnas.core.rounding import loss
from mlpnas.tables.columns import (
    MISSING,
    NUMBERS,
    TRUTH,
    WARNING,
    Column,
    Kind,
    as_text,
    dates,
    durations,
    numbers,
    read,
    typed,
    without_words_for_nothing,
    words,
)
from mlpnas.tables.names import named

LOOKED_AT = 2000  # cells that decide whether text holds numbers or dates
MOST = 0.9  # of these, to be read as such
MAX_CATEGORIES = 50
NAMES = {
    "numeric": "numbers",
    "boolean": "true or false",
    "date": "dates",
    "duration": "durations",
}
DATE_FORMATS = (
    "ISO8601",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d %b %Y",
    "%b %d, %Y",
)


class Declared(NamedTuple):
    """Columns whose kind the user says, by name; several may stand in one text, `a,b`."""

    categorical: Sequence[str] = ()
    numeric: Sequence[str] = ()
    date: Sequence[str] = ()

    def kinds(self, names: Sequence[str], target: str | None = None) -> dict[str, Kind]:
        """Column name -> kind.

        Raises:
            InputError: for a column that is not there, the target, or two kinds of one column.
        """
        found: dict[str, Kind] = {}
        for kind in get_args(Literal["categorical", "numeric", "date"]):
            for name in named(getattr(self, kind), f"--{kind}", names, target):
                if found.setdefault(name, kind) != kind:
                    raise InputError(
                        f"Column '{name}' is to be both {found[name]} and {kind}; expected "
                        "one kind: omit the other"
                    )
        return found


UNDECLARED = Declared()


def describe(values: pd.Series, name: str, kind: Kind | None = None) -> Column | str:
    """The column's kind and how it is read, or as a sentence why it is of no use.

    Args:
        values: all its cells.
        name: of the column.
        kind: as the user says; None to go by the type, or else by what stands in it.

    Raises:
        InputError: no cell can be read as the user says.
    """
    cells = typed(values)
    present = without_words_for_nothing(cells).dropna()
    if present.empty:
        return f"Dropped column '{name}': all its values are missing."
    if cells.dtype.kind == "c":
        return f"Dropped column '{name}': complex numbers, such as {present.iloc[0]}."
    kind = kind or ("categorical" if is_categorical(values) else _kind_of_type(cells))
    column = _known(present, name, kind) if kind else _describe_text(as_text(present), name)
    if isinstance(column, str):
        return column
    column = _measured(column, cells)
    if column.unread == 1 and column.kind != "categorical":
        raise InputError(
            f"Column '{name}' is to be {column.kind}, but none of its values can be read so, "
            f"such as '{present.iloc[0]}' in row {present.index[0] + 1}; expected "
            f"{NAMES[column.kind]}: say another kind, or none"
        )
    return column


def is_categorical(values: pd.Series) -> bool:
    """Whether the user declared these cells to be categories, whatever they look like."""
    arrow = getattr(values.dtype, "pyarrow_dtype", None)
    return isinstance(values.dtype, pd.CategoricalDtype) or str(arrow).startswith("dictionary")


def _kind_of_type(cells: pd.Series) -> Kind | None:
    """What the type of typed cells says, if anything."""
    kinds: dict[str, Kind] = {"b": "boolean", "m": "duration", "M": "date"}
    return "numeric" if cells.dtype.kind in NUMBERS[1:] else kinds.get(cells.dtype.kind)


def _known(present: pd.Series, name: str, kind: Kind) -> Column:
    """Of this kind; dates in the format that reads most of them."""
    if kind != "date":
        return Column(name, kind)
    looked_at = _sample(present)
    read_by = {f: dates(looked_at, f).notna().sum() for f in DATE_FORMATS}
    return Column(name, kind, max(read_by, key=lambda f: read_by[f]))


def _sample(values: pd.Series) -> pd.Series:
    return values.iloc[:: max(1, len(values) // LOOKED_AT)]


def _describe_text(texts: pd.Series, name: str) -> Column | str:
    looked_at = _sample(texts)
    if looked_at.str.lower().isin(TRUTH).all():
        return Column(name, "boolean")
    if number_share(looked_at) > MOST:
        return Column(name, "numeric")
    if looked_at.str.contains(":| day").all() and np.isfinite(durations(looked_at)).all():
        return Column(name, "duration")
    date_format = next((f for f in DATE_FORMATS if dates(looked_at, f).notna().all()), "")
    if date_format:
        return Column(name, "date", date_format)
    distinct = texts.nunique()
    if distinct > max(10, len(texts) / 2):
        return (
            f"Dropped column '{name}': free text or names ({distinct} distinct values in "
            f"{len(texts)} rows), which say nothing about new rows."
        )
    return Column(name, "categorical")


def number_share(texts: pd.Series) -> float:
    """Fraction of the texts that are numbers, in [0, 1]."""
    return float(pd.to_numeric(texts, errors="coerce").notna().mean())


def _measured(column: Column, cells: pd.Series) -> Column:
    """With its frequent categories, and the shares of missing cells and of those not read."""
    if column.kind == "categorical":
        counts = (
            pd.Series(words(cells, nothing={""})).value_counts().drop(MISSING, errors="ignore")
        )
        frequent = counts[counts > 1].index[:MAX_CATEGORIES]
        column = replace(column, categories=tuple(sorted(frequent)))
    _, present, unread = read(cells, column)
    unread_share = float(unread.sum() / max(1, present.sum()))
    return replace(column, unread=unread_share, missing=float(1 - present.mean()))


def unreadable(values: pd.Series, column: Column) -> str | None:
    """A sentence on the cells that are not what the column is, if there are any."""
    if column.kind == "categorical" or not column.unread:
        return None
    bad = read(values, column).unread
    return (
        f"Column '{column.name}' is {column.kind}, but {bad.sum()} of its values are not "
        f"{NAMES[column.kind]} (first: '{values.iloc[bad.argmax()]}' in row "
        f"{bad.argmax() + 1}); they count as missing."
    )


def rounded_off(frame: pd.DataFrame, columns: Sequence[Column]) -> list[str]:
    """A sentence for each column of numbers whose differences float32 does not show."""
    told = (
        loss(f"column '{c.name}'", numbers(without_words_for_nothing(typed(frame[c.name]))))
        for c in columns
        if c.kind == "numeric"
    )
    return [f"{WARNING}{sentence}" for sentence in told if sentence]
