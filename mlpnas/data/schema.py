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
from mlpnas.data import dates
from mlpnas.data.columns import (
    DURATION,
    MISSING,
    NUMBERS,
    TRUTH,
    WARNING,
    Column,
    Kind,
    as_text,
    durations,
    filled,
    is_text,
    read,
    typed,
    words,
)
from mlpnas.data.dates import Order
from mlpnas.data.dialect import GUESSED, Dialect
from mlpnas.data.names import named
from mlpnas.data.numbers import Mark, decimal_mark, has_codes, read_numbers, recognise

LOOKED_AT = 2000  # cells that decide whether text holds numbers or dates
COLUMNS_LOOKED_AT = 50  # of texts, that decide which decimal mark is usual
MOST = 0.9  # of these, to be read as such
MAX_CATEGORIES = 50
NAMES = {
    "numeric": "numbers",
    "boolean": "true or false",
    "date": "dates",
    "duration": "durations",
}


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
            for name in named(getattr(self, kind), kind, names, target):
                if found.setdefault(name, kind) != kind:
                    raise InputError(
                        f"Column '{name}' is to be both {found[name]} and {kind}; expected "
                        "one kind: omit the other"
                    )
        return found


UNDECLARED = Declared()


class Habits(NamedTuple):
    """How cells of a table are read that can be read in two ways.

    Attributes:
        decimal: the decimal mark, as the user says; None if nothing is said.
        usual: the decimal mark that the table's other columns show.
        order: of day and month, as the user says; None if nothing is said.
    """

    decimal: Mark | None = None
    usual: Mark = "."
    order: Order | None = None

    @classmethod
    def of(cls, frame: pd.DataFrame, dialect: Dialect = GUESSED) -> "Habits":
        """Those of a table with the target, of which the user has said something or nothing."""
        decimal = None if dialect.decimal == "auto" else dialect.decimal
        order = None if dialect.dates == "auto" else dialect.dates
        names = list(frame.select_dtypes(["object", "string"]))
        names = names[:: max(1, len(names) // COLUMNS_LOOKED_AT)]
        sample = frame.iloc[:: max(1, len(frame) // LOOKED_AT)]
        columns = (filled(sample[name]) for name in names)
        usual = decimal or decimal_mark(as_text(cells) for cells in columns if is_text(cells))
        return cls(decimal, usual, order)


HABITS = Habits()


def describe(
    values: pd.Series, name: str, kind: Kind | None = None, habits: Habits = HABITS
) -> Column | str:
    """The column's kind and how it is read, or as a sentence why it is of no use.

    Args:
        values: all its cells.
        name: of the column.
        kind: as the user says; None to go by the type, or else by what stands in it.
        habits: how cells are read that can be read in two ways.

    Raises:
        InputError: no cell can be read as the user says.
    """
    if kind in (None, "numeric") and values.dtype.kind in NUMBERS[1:] and values.notna().any():
        return Column(name, "numeric", missing=float(values.isna().mean()))  # nothing to read
    cells = typed(values)
    present = filled(values)
    if present.empty:
        return f"Dropped column '{name}': all its values are missing."
    if cells.dtype.kind == "c":
        return f"Dropped column '{name}': complex numbers, such as {present.iloc[0]}."
    kind = kind or ("categorical" if is_categorical(values) else _kind_of_type(cells))
    if kind:
        column: Column | str = Column(name, kind, _format(present, kind, habits))
    else:
        column = _describe_text(as_text(present), name, habits)
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


def _format(cells: pd.Series, kind: Kind, habits: Habits) -> str:
    """How most of the cells that are of this kind are written."""
    if kind == "date":
        return dates.recognise(as_text(cells), habits.order, most=0) or dates.ISO
    if kind == "numeric" and is_text(cells):
        found = recognise(as_text(cells), habits.decimal, habits.usual, most=0)
        return found.format if found else ""
    return ""


def _describe_text(texts: pd.Series, name: str, habits: Habits) -> Column | str:
    looked_at = texts.iloc[:: max(1, len(texts) // LOOKED_AT)]
    if looked_at.str.lower().isin(TRUTH).all():
        return Column(name, "boolean")
    # Before numbers, of which days may be a unit.
    clocks = looked_at[looked_at.str.fullmatch(DURATION)]
    if np.isfinite(durations(clocks)).sum() > MOST * len(looked_at):
        return Column(name, "duration")
    if found := recognise(texts, habits.decimal, habits.usual):
        return Column(name, "numeric", found.format)
    if date_format := dates.recognise(texts, habits.order):
        return Column(name, "date", date_format)
    distinct = texts.nunique()
    if distinct > max(10, len(texts) / 2):
        return _useless(texts, name, distinct)
    return Column(name, "categorical")


def _useless(texts: pd.Series, name: str, distinct: int) -> str:
    """Why a column of texts that are hardly ever the same is left out."""
    told = "neither numbers nor dates"
    if found := recognise(texts, most=0.5):
        bad = np.isnan(read_numbers(texts, found.format))
        told = f"of which {bad.mean():.0%} are no numbers (to have these as missing: --numeric)"
        texts = texts[bad]
    elif has_codes(texts):
        told = "codes, as some begin with zeros (to read them as numbers: --numeric)"
        texts = texts[texts.str.startswith("0")]
    return (
        f"Dropped column '{name}': {distinct} distinct values, {told}, such as "
        f"'{texts.iloc[0]}'; as categories they say nothing about new rows (to keep it all the "
        "same: --categorical)."
    )


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
    if column.kind == "categorical" and column.unread == 1:
        return (
            f"{WARNING}column '{column.name}' has no category twice (first: "
            f"'{filled(values).iloc[0]}'), so it says nothing about new rows."
        )
    if column.kind == "categorical" or not column.unread:
        return None
    bad = read(values, column).unread
    return (
        f"Column '{column.name}' is {column.kind}, but {bad.sum()} of its values are not "
        f"{NAMES[column.kind]} (first: '{values.iloc[bad.argmax()]}' in row "
        f"{bad.argmax() + 1}); they count as missing."
    )
