"""Rows as users give them, dataframes, dicts of columns, files or arrays, become raw rows."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlpnas.core.errors import InputError, listing
from mlpnas.data.arrays import read_new_rows
from mlpnas.data.columns import Column
from mlpnas.data.dialect import Dialect
from mlpnas.data.frames import as_frame
from mlpnas.data.reading import read_rows


def given_frame(
    rows: Any,
    columns: Sequence[Column],
    dialect: Dialect,
    notes: list[str],
    target: str | None = None,
) -> pd.DataFrame:
    """The raw frame of a dataframe of any library, a dict of columns, or a file's path.

    Args:
        rows: what the user gave.
        columns: of the run.
        dialect: how a CSV is written.
        notes: sentences on what was guessed are added here.
        target: a column that is to be compared with; None for none.

    Raises:
        InputError: for anything else, or a file that cannot be read.
    """
    if isinstance(rows, str | Path):
        return read_rows(Path(rows), columns, [], dialect, notes, target)
    frame = pd.DataFrame(rows) if isinstance(rows, Mapping) else as_frame(rows)
    if frame is None:
        raise InputError(
            f"rows are {type(rows).__name__}; expected a dataframe, a dict of columns or "
            f"the path of a CSV with the columns {listing([c.name for c in columns])}"
        )
    return frame


def given_array(rows: Any, inputs: int) -> np.ndarray:
    """`(rows, inputs)` float32 of an array, or of the `x` in an npz file.

    Raises:
        InputError: for rows of another shape.
    """
    if isinstance(rows, str | Path):
        return read_new_rows(Path(rows), inputs)
    array = np.asarray(rows, np.float32)
    if array.ndim < 2 or math.prod(array.shape[1:]) != inputs:
        raise InputError(
            f"rows have the shape {array.shape}; expected (rows, {inputs}), as the run's "
            "arrays have"
        )
    return array.reshape(len(array), -1)
