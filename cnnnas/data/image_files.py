"""Where images come from: an npz file, a folder of class folders, or a name Keras knows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnnas.data.image_folder import find_pictures
from cnnnas.data.pictures import read_pictures
from mlpnas.core.data import arrays
from mlpnas.core.errors import InputError

KNOWN = ("mnist", "fashion_mnist", "cifar10", "cifar100")
PARTS = ("x_train", "y_train", "x_test", "y_test")
VALID = ("x_valid", "y_valid")


@dataclass(frozen=True)
class Arrays:
    """Images and labels as they were found.

    Attributes:
        x_train, x_test: `(rows, height, width)` or `(rows, height, width, channels)`.
        y_train, y_test: a label per image.
        x_valid, y_valid: the same to validate with; None to draw them from the training rows.
        notes: what the user should know of how they were read.
        source: where from, for messages.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    x_valid: np.ndarray | None = None
    y_valid: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    source: str = "images"

    @property
    def folds(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Train, test and, if it is given, valid -> images and labels."""
        folds = {"train": (self.x_train, self.y_train), "test": (self.x_test, self.y_test)}
        if self.x_valid is not None and self.y_valid is not None:
            folds["valid"] = (self.x_valid, self.y_valid)
        return folds


def read_arrays(data: str, seed: int = 0, image_size: int | None = None) -> Arrays:
    """Images and labels of a file, a folder, or a data set that Keras downloads.

    Args:
        data: a path, or one of `KNOWN`; a path goes first.
        seed: of the test images' choice, in a folder that has none.
        image_size: of a folder's pictures, see `pictures.read_pictures`.

    Raises:
        InputError: if there is no such thing, or it holds no usable images.
    """
    path = Path(data)
    if path.is_dir():
        return _read_folder(path, seed, image_size)
    if image_size is not None:
        raise InputError(
            f"--image-size is {image_size}, but '{data}' is no folder of pictures; expected "
            "one: leave the option out"
        )
    if path.is_file():
        return _read_npz(path)
    if data in KNOWN:
        return _download(data)
    raise InputError(
        f"There is no file or folder '{data}'; expected an npz file with {', '.join(PARTS)}, a "
        f"folder of class folders, or one of {', '.join(KNOWN)}: check the path"
    )


def _read_npz(path: Path) -> Arrays:
    found: dict[str, Any] = dict(arrays.read_arrays(path, PARTS, VALID))
    if len(found) == 5:
        raise InputError(
            f"'{path}' has one of {', '.join(VALID)}; expected both or neither: add the other"
        )
    notes = tuple(arrays.unread(path, (*PARTS, *VALID)))
    return Arrays(**found, notes=notes, source=f"'{path}'")


def _download(name: str) -> Arrays:
    import keras

    try:
        train, test = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises no narrower one
        raise InputError(
            f"{name} could not be downloaded ({' '.join(str(error).split())}); expected to be "
            "online: try again there, or give an npz file"
        ) from None
    return Arrays(*train, *test)


def _read_folder(path: Path, seed: int, image_size: int | None) -> Arrays:
    notes: list[str] = []
    folds = find_pictures(path, seed, notes)
    files = [(fold, *found) for fold in folds for found in folds[fold]]
    pictures, kept = read_pictures([file for _, file, _ in files], image_size, notes)
    labels = np.array([label for _, _, label in files])[kept]
    of_fold = np.array([fold for fold, _, _ in files])[kept]
    parts: dict[str, Any] = {}
    for fold in folds:
        rows = np.flatnonzero(of_fold == fold)  # side by side: a slice copies nothing
        part = slice(rows[0], rows[-1] + 1) if len(rows) else slice(0)
        parts |= {f"x_{fold}": pictures[part], f"y_{fold}": labels[part]}
    return Arrays(**parts, notes=tuple(notes), source=f"'{path}'")
