"""Rows of numbers and their labels: what can be learned from, wherever they come from."""

import numpy as np

from mlpnas.core.data.rounding import LARGEST
from mlpnas.core.errors import InputError, listing

BOUND = np.float64(LARGEST)  # of a type that is not cast to float16


def check_numbers(where: str, name: str, x: np.ndarray) -> None:
    """Raise InputError unless x holds rows of numbers that are finite, as float32 too.

    Args:
        where: what the array belongs to, such as a file.
        name: its name there.
        x: `(rows, ...)`.
    """
    if x.dtype.kind not in "biuf":
        raise InputError(f"{where}: {name} is of type {x.dtype}; expected numbers: convert it")
    if x.ndim < 2 or not x.size:
        raise InputError(
            f"{where}: {name} has the shape {x.shape}; expected (rows, ...), two dimensions or "
            "more and none of them 0: reshape it"
        )
    low, high = x.min(), x.max()  # NaN if there is one
    if not (low >= -BOUND and high <= BOUND):
        wrong = ~((x >= -BOUND) & (x <= BOUND))
        at = tuple(int(i) for i in np.unravel_index(wrong.argmax(), x.shape))
        raise InputError(
            f"{where}: {name} holds {wrong.sum():,} numbers that are NaN, infinite or beyond "
            f"{BOUND:.0e}, the first is {x[at]} at {at}; expected finite ones: replace them"
        )


def flat_labels(where: str, name: str, y: np.ndarray, rows: int) -> np.ndarray:
    """One label per row, `(rows,)`, from that shape or `(rows, 1)`.

    Raises:
        InputError: for other shapes, one-hot rows among them.
    """
    if y.shape in ((rows,), (rows, 1)):
        return y.reshape(rows)
    one_hot = y.ndim == 2 and len(y) == rows
    way = f"take {name}.argmax(axis=1) of one-hot rows" if one_hot else "save as many"
    raise InputError(
        f"{where}: {name} has the shape {y.shape}; expected a label for each of {rows} rows, "
        f"({rows},) or ({rows}, 1): {way}"
    )


def check_classes(where: str, train: np.ndarray, *others: np.ndarray) -> None:
    """Raise InputError unless labels are two classes or more, all of them in training rows.

    Args:
        train: `(rows,)`.
        others: labels of other folds.
    """
    for y in (train, *others):
        if y.dtype.kind == "f" and not np.isfinite(y).all():
            raise InputError(
                f"{where}: a label is {y[~np.isfinite(y)][0]}; expected the name or number of "
                "a class: remove such rows"
            )
    classes = np.unique(train).tolist()
    if len(classes) < 2:
        raise InputError(
            f"{where}: all training rows are of the class {classes[0]!r}; expected two classes "
            "or more: add others"
        )
    found = {label for y in others for label in np.unique(y).tolist()}
    if unknown := found - set(classes):
        raise InputError(
            f"{where}: the label {sorted(map(repr, unknown))[0]} occurs in no training row; "
            f"expected one of {listing(classes)}: remove those rows, or add examples"
        )
