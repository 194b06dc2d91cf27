"""Labelled rows: what a run's network reads of them, and what it should have said."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mlpnas.core.data import arrays
from mlpnas.core.errors import InputError, listing
from mlpnas.data.columns import is_text
from mlpnas.data.dialect import MISSING_CELLS
from mlpnas.data.names import did_you_mean
from mlpnas.data.schema import HABITS, Habits
from mlpnas.data.targets import plain_labels, read_amounts

FEWEST = 2


class Labelled(NamedTuple):
    """Rows with their labels.

    Attributes:
        rows: raw, a dataframe or an array `(rows, inputs)`.
        truth: class indices `(rows,)`, or values `(rows, outputs)` float64.
        of: which rows these are, in words.
    """

    rows: Any
    truth: np.ndarray
    of: str


def split_target(frame: pd.DataFrame, target: str, where: str) -> pd.Series:
    """The target's cells.

    Raises:
        InputError: if there is no such column, or more than one.
    """
    names = [str(name) for name in frame.columns]
    if names.count(target) != 1:
        has = f"{names.count(target)} columns" if target in names else "no column"
        hint = did_you_mean(target, names) or ""
        raise InputError(
            f"{where} has {has} '{target}' among {listing(names)}; expected the true values of "
            f"the target there, to compare predictions with{hint}"
        )
    return frame[frame.columns[names.index(target)]].reset_index(drop=True)


def labels_in(path: Path, rows: int) -> np.ndarray:
    """The `y` (or `y_test`) of an npz file, beside as many rows.

    Raises:
        InputError: if there is none, or of another length.
    """
    name = "y_test" if "y" not in arrays.names_in(path) else "y"
    found = arrays.read_arrays(path, [name])[name]
    check_equal(rows, len(found), f"'{path}'")
    return found


def check_equal(rows: int, labels: int, where: str) -> None:
    """Raise InputError unless there is a label for each row."""
    if rows != labels:
        raise InputError(
            f"{where}: {rows} rows and {labels} labels; expected one label for each row"
        )


def labelled(
    rows: Any, cells: pd.Series, classes: Sequence[str], target: str, of: str, notes: list[str]
) -> Labelled:
    """The rows whose label is known.

    Args:
        rows: raw, a dataframe or an array.
        cells: the label of each, `(rows,)`, indexed from 0.
        classes: of the run; empty for numbers.
        target: name of what is predicted.
        of: which rows these are, in words.
        notes: a sentence on rows without a label is added here.

    Raises:
        InputError: for labels that the run does not know, or fewer than two rows.
    """
    if is_text(cells):
        cells = cells.str.strip()
        cells = cells.mask(cells.isin(["", *MISSING_CELLS]) & ~cells.isin(classes))
    known = cells.notna().to_numpy()
    if len(lacking := np.flatnonzero(~known)):
        notes.append(
            f"{len(lacking)} rows without a value of {target or 'the target'!r} are left out, "
            f"row {lacking[0] + 1} first."
        )
    if known.sum() < FEWEST:
        raise InputError(
            f"{known.sum()} {of} have a value of {target or 'the target'!r}; expected "
            f"{FEWEST} or more, to compare predictions with"
        )
    cells = cells[known].infer_objects()
    rows = rows[known].reset_index(drop=True) if isinstance(rows, pd.DataFrame) else rows[known]
    if classes:
        return Labelled(rows, _indices(cells, classes, target), of)
    habits = Habits.of(cells.to_frame(target)) if is_text(cells) else HABITS
    return Labelled(rows, read_amounts(cells, target, habits)[:, None], of)


def _indices(cells: pd.Series, classes: Sequence[str], target: str) -> np.ndarray:
    """Index of each label among the run's classes."""
    found = pd.Index(classes).get_indexer([str(label) for label in plain_labels(cells)])
    if (wrong := found < 0).any():
        row = cells.index[wrong.argmax()]
        raise InputError(
            f"{target or 'the target'!r} is {str(cells[row])!r} in row {row + 1} "
            f"({wrong.sum()} rows with other labels in all), which the run has not learned; "
            f"expected {listing(classes)}: mend these labels, or leave the rows out"
        )
    return found
