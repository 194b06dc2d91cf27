"""What a user is told of columns whose cells are read otherwise than Python would."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mlpnas.data import dates, numbers
from mlpnas.data.columns import NUMBERS, Column, as_text, filled, is_text
from mlpnas.data.schema import Habits

LOOKED_AT = 1000  # cells among which an example is looked for
SHOWN = 8  # columns in one sentence


def guessed(values: pd.Series, column: Column, habits: Habits) -> str | None:
    """A sentence on cells that could be read in another way, where the user says nothing."""
    if values.dtype.kind in NUMBERS or not is_text(cells := filled(values)):
        return None
    if column.kind == "numeric" and habits.decimal is None:
        return _guessed_numbers(as_text(cells), column)
    if column.kind == "date" and habits.order is None:
        return _guessed_dates(as_text(cells), column)
    return None


def _guessed_numbers(texts: pd.Series, column: Column) -> str | None:
    other = numbers.other_reading(texts, column.format)
    if not other:
        return None
    mine, theirs = (numbers.read_numbers(texts, f) for f in (column.format, other))
    place = int(np.argmax((mine != theirs) & ~np.isnan(mine) & ~np.isnan(theirs)))
    mark = "," if numbers.EXAMPLES[","] in other else "."
    return (
        f"Column '{column.name}': '{texts.iloc[place]}' is read as {mine[place]:.10g}; if it "
        f"is {theirs[place]:.10g}, say --decimal '{mark}'."
    )


def _guessed_dates(texts: pd.Series, column: Column) -> str | None:
    other = dates.other_reading(texts, column.format)
    if not other:
        return None
    mine, theirs = (dates.read_dates(texts, f) for f in (column.format, other))
    place = int(np.argmax((mine != theirs) & mine.notna() & theirs.notna()))
    mine_is, theirs_is = (f"{moments.iloc[place]:%Y-%m-%d}" for moments in (mine, theirs))
    order = "month-first" if column.format.startswith("%d") else "day-first"
    return (
        f"Column '{column.name}': '{texts.iloc[place]}' is read as {mine_is}; if it is "
        f"{theirs_is}, say --dates {order}."
    )


def written(frame: pd.DataFrame, columns: Iterable[Column]) -> list[str]:
    """A sentence on the columns of numbers that are not written as Python would."""
    found = [c for c in columns if c.kind == "numeric" and c.format]
    told = ", ".join(f"'{c.name}' ({_example(frame[c.name], c)})" for c in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return [f"Numbers as they are written: {told}{more}."] if found else []


def _example(values: pd.Series, column: Column) -> str:
    """A cell and the number that it is."""
    texts = as_text(filled(values.iloc[:LOOKED_AT]))
    amounts = numbers.read_numbers(texts, column.format)
    telling = ~np.isnan(amounts) & np.isnan(numbers.read_numbers(texts, ""))
    if not telling.any():
        return f"as in {column.format}"
    place = int(telling.argmax())
    return f"'{texts.iloc[place]}' is {amounts[place]:.10g}"
