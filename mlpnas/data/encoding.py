"""The preprocessor: cleaned columns in, the network's float32 inputs out.

Numbers: the median for missing ones, an indicator where the training fold misses some, then
mean 0 and deviation 1, after a bend to normal scores if asked for (`quantiles`). Categories:
one input each, missing being a category of its own; those seen but once, and all beyond the
49 most frequent, share an input with those never seen. Fitted on the training fold.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from mlpnas.core.errors import InputError
from mlpnas.data.columns import WARNING, Column, read
from mlpnas.data.drift import drift
from mlpnas.data.names import did_you_mean
from mlpnas.data.quantiles import Quantiles
from mlpnas.data.schema import MAX_CATEGORIES
from mlpnas.data.standard import Standard

Scaling = Literal["standard", "quantile"]

ROWS_AT_A_TIME = 50_000
# The imputer's median copies its columns several times: few at a time, and it costs little. Yet
# every group takes its time, however few: so in a wide table a group is a part of the whole.
COLUMNS_AT_A_TIME = 8
GROUPS = 16  # at most
WIDE_GROUPS = 4  # where they would be more
SHOWN = 20  # sentences on columns that are unlike those of training


def clean_folds(
    cells: dict[str, pd.Series], columns: Sequence[Column], folds: Sequence[np.ndarray]
) -> list[pd.DataFrame]:
    """Cleans the columns and deals their rows out to the folds.

    Takes each column out of `cells`, which is empty of them afterwards: so table and folds
    together never need much more memory than the table did. (A DataFrame would be put together
    anew each time.)

    Args:
        cells: name -> raw column.
        columns: those to use.
        folds: row positions of each fold.
    """
    parts: list[dict[str, np.ndarray]] = [{} for _ in folds]
    for column in columns:
        for name, values in read(cells.pop(column.name), column).parts.items():
            for part, rows in zip(parts, folds, strict=True):
                part[name] = values[rows]
    return [pd.DataFrame(part, copy=False) for part in parts]


def clean_rows(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    warn: Callable[[str], None] = lambda sentence: None,
) -> pd.DataFrame:
    """Cleans all rows of a raw table that has (at least) these columns.

    Args:
        frame: raw columns.
        columns: those to use.
        warn: told where unusually many cells are missing or not read, see `drift`.

    Raises:
        InputError: a column is missing, or there are infinite numbers.
    """
    _check_names(list(frame.columns), [column.name for column in columns])
    parts: dict[str, np.ndarray] = {}
    told: list[str] = []
    for column in columns:
        values = frame[column.name]
        cells = read(values, column)
        parts.update(cells.parts)
        told += drift(values, cells, column)
    for sentence in told[:SHOWN]:
        warn(sentence)
    if len(told) > SHOWN:
        warn(f"{WARNING}{len(told) - SHOWN} more such sentences on other columns are left out.")
    return pd.DataFrame(parts, copy=False)


def _check_names(given: Sequence[str], needed: Sequence[str]) -> None:
    """Raises InputError unless every column that is needed is there once."""
    counts = Counter(given)
    for name in needed:
        if counts[name] > 1:
            raise InputError(
                f"{counts[name]} columns are called {name!r}; expected one, as in the training "
                "table: rename the others"
            )
    if missing := [name for name in needed if name not in counts]:
        hint = did_you_mean(missing[0], given) or ": add them, empty if need be"
        raise InputError(
            f"The table lacks column {missing[0]!r} ({len(missing)} missing); expected the "
            f"columns of the training table{hint}"
        )


def make_preprocessor(
    columns: Sequence[Column], scaling: Scaling = "standard"
) -> ColumnTransformer:
    """The unfitted preprocessor: `numeric_0`, `numeric_1`, ..., then `categorical_0`, ..."""
    numbers = [part for c in columns if c.kind != "categorical" for part in c.parts]
    texts = [c.name for c in columns if c.kind == "categorical"]
    numeric = [
        (f"numeric_{i}", _numeric(scaling), names) for i, names in enumerate(_groups(numbers))
    ]
    categorical = [
        (f"categorical_{i}", _categorical(), names) for i, names in enumerate(_groups(texts))
    ]
    return ColumnTransformer([*numeric, *categorical], sparse_threshold=0)


def _groups(names: list[str]) -> list[list[str]]:
    wide = len(names) > GROUPS * COLUMNS_AT_A_TIME
    size = math.ceil(len(names) / WIDE_GROUPS) if wide else COLUMNS_AT_A_TIME
    return [names[start : start + size] for start in range(0, len(names), size)]


def _numeric(scaling: Scaling) -> Pipeline:
    # keep_empty_features: a column whose few values all fell into other folds stays, as 0.
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    bent = [Quantiles()] if scaling == "quantile" else []
    return make_pipeline(imputer, *bent, Standard())


def _categorical() -> OneHotEncoder:
    return OneHotEncoder(
        min_frequency=2,
        max_categories=MAX_CATEGORIES,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
        dtype=np.float32,
    )


def encode(preprocessor: ColumnTransformer, frame: pd.DataFrame) -> np.ndarray:
    """Inputs `(rows, inputs)` float32 of cleaned rows, made some rows at a time."""
    places = preprocessor.output_indices_
    width = max(place.stop for place in places.values())
    inputs = np.empty((len(frame), width), np.float32)
    for name, fitted, names in preprocessor.transformers_:
        part = frame[names]
        for start in range(0, len(frame), ROWS_AT_A_TIME):
            rows = slice(start, start + ROWS_AT_A_TIME)
            inputs[rows, places[name]] = fitted.transform(part.iloc[rows])
    return inputs
