"""Arrays from an `.npz` file: images, or any features that need no reading."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlpnas.core.data import arrays as core
from mlpnas.core.data.rounding import as_float32
from mlpnas.core.data.rows import check_numbers, flat_labels
from mlpnas.core.errors import InputError, listing
from mlpnas.core.runtime.capacity import check_memory
from mlpnas.data.reading import check_file
from mlpnas.data.standard import Standard

TRAIN, TEST = ("x_train", "y_train"), ("x_test", "y_test")
PIXEL = np.float32(1 / 255)


class Arrays(NamedTuple):
    """Rows of both parts, one below the other.

    Attributes:
        x: `(rows, features)`, flattened, in the file's type.
        y: `(rows,)`.
        train_rows: how many rows come first and are not for testing only.
    """

    x: np.ndarray
    y: np.ndarray
    train_rows: int


def read_arrays(path: Path) -> Arrays:
    """Reads `x_train`, `y_train` and, if there, `x_test`, `y_test`.

    Raises:
        InputError: not an npz file, arrays missing, or shapes that do not belong together.
    """
    check_file(path)
    arrays = core.read_arrays(path, TRAIN, TEST)
    if len(arrays) == 3:
        raise InputError(
            f"'{path}' holds {listing(arrays)}; expected x_test and y_test, or neither: save "
            "both, or leave both out"
        )
    pairs = [pair for pair in (TRAIN, TEST) if pair[0] in arrays]
    for rows, labels in pairs:
        check_numbers(f"'{path}'", rows, arrays[rows])
        arrays[labels] = flat_labels(f"'{path}'", labels, arrays[labels], len(arrays[rows]))
    if len(pairs) == 2:
        _check_together(path, arrays)
    size = 4 * sum(arrays[rows].size for rows, _ in pairs)
    check_memory(size, f"'{path}', as float32,")
    x = np.concatenate([arrays[rows].reshape(len(arrays[rows]), -1) for rows, _ in pairs])
    y = np.concatenate([arrays[labels] for _, labels in pairs])
    return Arrays(x, y, len(arrays["y_train"]))


def read_new_rows(path: Path, features: int) -> np.ndarray:
    """The rows to predict, `(rows, features)` float32: the array `x`, or else `x_test`.

    Raises:
        InputError: not an npz file, no such array, or other rows than expected.
    """
    check_file(path)
    names = core.names_in(path)
    name = "x_test" if "x" not in names and "x_test" in names else "x"
    x = core.read_arrays(path, [name])[name]
    check_numbers(f"'{path}'", name, x)
    if math.prod(x.shape[1:]) != features:
        raise InputError(
            f"'{path}': {name} is {x.dtype} of shape {x.shape}; expected rows of {features} "
            "numbers, as the run learned from"
        )
    return as_float32(x.reshape(len(x), -1))


def _check_together(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Raises InputError if training and test rows differ in more than their number."""
    for train, test in zip(TRAIN, TEST, strict=True):
        a, b = arrays[train], arrays[test]
        texts = (a.dtype.kind == "U") != (b.dtype.kind == "U")
        if a.shape[1:] != b.shape[1:] or texts or (train == "x_train" and a.dtype != b.dtype):
            raise InputError(
                f"'{path}': {train} is {a.dtype} of shape {a.shape}, {test} {b.dtype} of shape "
                f"{b.shape}; expected the same but for the number of rows: save them alike"
            )


def scale_folds(
    x: np.ndarray, folds: tuple[np.ndarray, ...]
) -> tuple[list[np.ndarray], Standard | None]:
    """Float32 inputs of each fold, and the scaler fitted on the first of them.

    Bytes are pixels: divided by 255, all alike, and there is no scaler. Anything else is
    standardised column by column.
    """
    if x.dtype == np.uint8:
        return [np.multiply(x[rows], PIXEL, dtype=np.float32) for rows in folds], None
    parts = [as_float32(x[rows]) for rows in folds]
    scaler = Standard().fit(parts[0])
    return [scaler.transform(part) for part in parts], scaler
