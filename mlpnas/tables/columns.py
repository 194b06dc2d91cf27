"""What a column of a table is, and its values as numbers or categories.

Nothing here is fitted: a cell becomes the same number or category whatever stands in the
other rows. What a column *is* (numbers, categories, dates) is read from the whole table, as a
schema would say it; every statistic is left to the preprocessor, which sees the training
fold alone.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from mlpnas.core.errors import InputError

WARNING = "Warning: "  # how notes begin that the user should not overlook
MISSING = "(missing)"  # the category of an empty cell
LOOKED_AT = 2000  # cells that decide whether text holds numbers or dates
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
DATE_PARTS = ("year", "month", "weekday", "hour", "days")

Kind = Literal["numeric", "boolean", "categorical", "date"]


@dataclass(frozen=True)
class Column:
    """A column that the network reads.

    Attributes:
        name: as in the table.
        kind: `"numeric"`, `"boolean"`, `"categorical"` or `"date"`.
        date_format: how its dates are written, for `pandas.to_datetime`; else empty.
    """

    name: str
    kind: Kind
    date_format: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of what `clean` makes of it: a date gives several numbers."""
        if self.kind == "date":
            return tuple(f"{self.name} ({part})" for part in DATE_PARTS)
        return (self.name,)


def describe(values: pd.Series, name: str) -> Column | str:
    """The column's kind, or as a sentence the reason why it is of no use."""
    present = values.dropna()
    if present.empty:
        return f"Dropped column '{name}': all its values are missing."
    if pd.api.types.is_bool_dtype(values.dtype):
        return Column(name, "boolean")
    if pd.api.types.is_numeric_dtype(values.dtype) or values.dtype.kind == "m":
        return Column(name, "numeric")
    if values.dtype.kind == "M":
        return Column(name, "date", "ISO8601")
    return _describe_text(present.astype(str), name)


def _describe_text(texts: pd.Series, name: str) -> Column | str:
    looked_at = texts.iloc[:: max(1, len(texts) // LOOKED_AT)]
    if number_share(looked_at) > 0.9:
        return Column(name, "numeric")
    date_format = next((f for f in DATE_FORMATS if _dates(looked_at, f).notna().all()), "")
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


def clean(values: pd.Series, column: Column) -> dict[str, np.ndarray]:
    """A column's values as the preprocessor takes them.

    Returns:
        Part name -> `(rows,)`: float32 with NaN where missing, or for categories object
        (texts, `MISSING` where missing).

    Raises:
        InputError: for infinities, with the column and the row.
    """
    if column.kind == "categorical":
        texts = values.astype(object).where(values.notna(), MISSING)
        return {column.name: texts.astype(str).to_numpy(dtype=object)}
    if column.kind == "date":
        numbers = _date_numbers(_dates(values, column.date_format))
        return dict(zip(column.parts, numbers, strict=True))
    return {column.name: _finite(_numbers(values), column.name)}


def _numbers(values: pd.Series) -> np.ndarray:
    """Float32, NaN where missing or not a number."""
    if values.dtype.kind == "m":
        values = values.dt.total_seconds()
    elif not pd.api.types.is_numeric_dtype(values.dtype):
        values = pd.to_numeric(values.astype(str).where(values.notna()), errors="coerce")
    with np.errstate(over="ignore"):  # beyond float32: infinite, and complained of next
        return values.to_numpy(dtype=np.float32, na_value=np.nan)


def _finite(values: np.ndarray, name: str) -> np.ndarray:
    infinite = np.isinf(values)
    if infinite.any():
        row = int(infinite.argmax())
        raise InputError(
            f"Column '{name}' holds {values[row]} in row {row + 1} ({infinite.sum()} in all); "
            "expected finite numbers below 3.4e38: mend the cells or leave them empty, or "
            f"leave the column out with --drop '{name}'"
        )
    return values


def unreadable(values: pd.Series, name: str) -> str | None:
    """A sentence on the cells of a numeric column that are no numbers, if there are any."""
    if pd.api.types.is_numeric_dtype(values.dtype) or values.dtype.kind == "m":
        return None
    bad = np.isnan(_numbers(values)) & values.notna().to_numpy()
    if not bad.any():
        return None
    return (
        f"Column '{name}' is numeric, but {bad.sum()} of its values are not numbers (first: "
        f"'{values.iloc[bad.argmax()]}' in row {bad.argmax() + 1}); they count as missing."
    )


def _dates(values: pd.Series, date_format: str) -> pd.Series:
    """Points in time without zone (UTC), NaT where there is none."""
    if values.dtype.kind != "M":
        values = values.astype(str).where(values.notna())
    return pd.to_datetime(values, format=date_format, errors="coerce", utc=True)


def _date_numbers(dates: pd.Series) -> list[np.ndarray]:
    """Float32 arrays in the order of `DATE_PARTS`; days are counted from 1970."""
    moments = dates.dt
    days = (dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    parts = (moments.year, moments.month, moments.day_of_week, moments.hour, days)
    return [part.to_numpy(dtype=np.float32, na_value=np.nan) for part in parts]
