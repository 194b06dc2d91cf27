"""Arrays from an `.npz` file: images, or any features that need no reading."""

import math
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.tables.reading import check_file, listing
from mlpnas.tables.standard import Standard

NAMES = ("x_train", "y_train", "x_test", "y_test", "x")
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
    arrays = _load(path)
    names = [("x_train", "y_train"), ("x_test", "y_test")][: 1 + ("x_test" in arrays)]
    for name in (name for pair in names for name in pair if name not in arrays):
        raise InputError(
            f"'{path}' lacks '{name}'; expected x_train, y_train and, if you like, x_test, "
            f"y_test, but it holds {_names(path)}: save it with these names"
        )
    parts = [(arrays[x], arrays[y]) for x, y in names]
    for x, y in parts:
        _check_shapes(path, parts[0][0], x, y)
    x = np.concatenate([x.reshape(len(x), -1) for x, _ in parts])
    y = np.concatenate([y.reshape(-1) for _, y in parts])
    return Arrays(_finite(path, x), y, len(parts[0][0]))


def read_new_rows(path: Path, features: int) -> np.ndarray:
    """The rows to predict, `(rows, features)` float32: the array `x`, or else `x_test`.

    Raises:
        InputError: not an npz file, no such array, or other rows than expected.
    """
    arrays = _load(path)
    name = "x" if "x" in arrays else "x_test"
    if name not in arrays:
        raise InputError(
            f"'{path}' lacks 'x'; expected the rows to predict as x, or else as x_test, but it "
            f"holds {_names(path)}: save it with one of these names"
        )
    x = arrays[name]
    if x.dtype.kind not in "biuf" or math.prod(x.shape[1:]) != features:
        raise InputError(
            f"'{path}': {name} is {x.dtype} of shape {x.shape}; expected rows of {features} "
            "numbers, as the run learned from"
        )
    return _finite(path, x.reshape(len(x), -1)).astype(np.float32)


def _load(path: Path) -> dict[str, np.ndarray]:
    check_file(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in NAMES if name in file}
    except (ValueError, OSError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"'{path}' is not a plain npz file ({str(error).splitlines()[0]}); expected what "
            "numpy.savez writes, without Python objects"
        ) from None


def _names(path: Path) -> str:
    with np.load(path, allow_pickle=False) as file:
        return listing(file)


def _finite(path: Path, x: np.ndarray) -> np.ndarray:
    """The rows; raises InputError for infinities and missing values among them."""
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise InputError(
            f"'{path}': feature {column} of row {row} is {x[row, column]}; expected finite "
            "numbers: mend the array"
        )
    return x


def _check_shapes(path: Path, first: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    one_each = x.ndim > 1 and y.shape in ((len(x),), (len(x), 1))
    if not (one_each and x.shape[1:] == first.shape[1:] and x.dtype == first.dtype):
        raise InputError(
            f"'{path}': x of {x.dtype} {x.shape} with y of shape {y.shape}; expected x (rows, "
            f"features...) like x_train's {first.dtype} {first.shape} and y (rows,): save it so"
        )
    if x.dtype.kind not in "biuf":
        raise InputError(f"'{path}': x is of type {x.dtype}; expected numbers: convert it")


def scale_folds(
    x: np.ndarray, folds: tuple[np.ndarray, ...]
) -> tuple[list[np.ndarray], Standard | None]:
    """Float32 inputs of each fold, and the scaler fitted on the first of them.

    Bytes are pixels: divided by 255, all alike, and there is no scaler. Anything else is
    standardised column by column.
    """
    if x.dtype == np.uint8:
        return [np.multiply(x[rows], PIXEL, dtype=np.float32) for rows in folds], None
    parts = [x[rows].astype(np.float32) for rows in folds]
    scaler = Standard().fit(parts[0])
    return [scaler.transform(part) for part in parts], scaler
