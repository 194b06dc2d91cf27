"""Images to predict or to compare with: arrays, picture files, folders, npz files."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnnnas.data.image_folder import labelled_pictures, pictures_below
from cnnnas.data.pictures import Form, read_as
from mlpnas.core.data import arrays
from mlpnas.core.data.rows import check_numbers
from mlpnas.core.errors import InputError

DEPTHS = {"uint8": 8, "uint16": 16, "float32": 32}


class Kind(NamedTuple):
    """What a run's images are.

    Attributes:
        shape: of one, `(height, width)`, or with channels.
        pixels: type of their numbers, `uint8`, `uint16` or another.
    """

    shape: tuple[int, ...]
    pixels: str = "uint8"

    @property
    def form(self) -> Form:
        """As pictures have it."""
        height, width = self.shape[:2]
        depth = DEPTHS.get(str(self.pixels), 32)
        return Form((width, height), len(self.shape) == 2, depth)


def given_images(images: Any, kind: Kind) -> tuple[np.ndarray, list[str]]:
    """The images, and a name of each: its file's, or its number.

    Args:
        images: an array `(rows, height, width)` or with channels, one image of that, the path
            of a picture, of a folder of pictures or of an npz with `x` (or `x_test`), or a list
            of paths of pictures.
        kind: what the run's images are; pictures are brought to their size.

    Raises:
        InputError: for images of another shape, or pictures that cannot be read.
    """
    if isinstance(images, str | Path):
        path = Path(images)
        if path.suffix.lower() == ".npz":
            x = _of_npz(path, "x")
            return checked(x, kind, f"'{path}'"), _numbers(x)
        images = pictures_below(path) if path.is_dir() else [path]
    if isinstance(images, list | tuple) and all(isinstance(i, str | Path) for i in images):
        files = [Path(image) for image in images]
        return read_as(files, kind.form), [str(file) for file in files]
    x = np.asarray(images)
    x = x[None] if x.shape == kind.shape else x
    return checked(x, kind, "the array"), _numbers(x)


def labelled_images(path: Path, kind: Kind, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of a folder of class folders, or of an npz with x and y.

    Args:
        path: of the folder or the file; of an npz with both, x_test and y_test are taken.
        kind: what the run's images are.
        notes: sentences on what was left out are added here.

    Raises:
        InputError: as `given_images`.
    """
    if path.is_dir():
        pairs = labelled_pictures(path, notes)
        labels = np.array([label for _, label in pairs])
        return read_as([file for file, _ in pairs], kind.form), labels
    if not path.exists():
        raise InputError(
            f"There is no file or folder '{path}'; expected an npz file with x and y, or a "
            "folder of class folders: check the path"
        )
    x, y = _of_npz(path, "x"), _of_npz(path, "y").reshape(-1)
    if len(x) != len(y):
        raise InputError(f"'{path}' has {len(x)} images and {len(y)} labels; expected as many")
    return checked(x, kind, f"'{path}'"), y


def checked(x: np.ndarray, kind: Kind, where: str) -> np.ndarray:
    """The images, if they have the run's shape; a channel axis of length 1 may be missing.

    Raises:
        InputError: if not.
    """
    if x.ndim and x.shape[1:] == (*kind.shape, 1):
        x = x[..., 0]
    elif kind.shape[2:] == (1,) and x.shape[1:] == kind.shape[:2]:
        x = x[..., None]
    if x.shape[1:] != kind.shape or not len(x):
        expected = ("rows", *kind.shape)
        raise InputError(
            f"{where}: images have the shape {x.shape}; expected "
            f"({', '.join(map(str, expected))}), as the run's images have"
        )
    check_numbers(where, "x", x)
    return x


def _of_npz(path: Path, name: str) -> np.ndarray:
    names = arrays.names_in(path)
    name = f"{name}_test" if name not in names and f"{name}_test" in names else name
    return arrays.read_arrays(path, [name])[name]


def _numbers(x: np.ndarray) -> list[str]:
    return [str(i) for i in range(len(x))]
