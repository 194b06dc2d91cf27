"""Where images come from: an npz file, a folder of class folders, or a name Keras knows."""

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mlpnas.core.errors import InputError

KNOWN = ("mnist", "fashion_mnist", "cifar10", "cifar100")
PARTS = ("x_train", "y_train", "x_test", "y_test")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
TEST_SHARE = 0.2  # of a folder that has no test images of its own


@dataclass(frozen=True)
class Arrays:
    """Images and labels as they were found.

    Attributes:
        x_train, x_test: `(rows, height, width)` or `(rows, height, width, channels)`.
        y_train, y_test: a label per image.
        notes: what the user should know of how they were read.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    notes: tuple[str, ...] = ()


def read_arrays(data: str, seed: int = 0) -> Arrays:
    """Images and labels of a file, a folder, or a data set that Keras downloads.

    Args:
        data: a path, or one of `KNOWN`; a path goes first.
        seed: of the test images' choice, in a folder that has none.

    Raises:
        InputError: if there is no such thing, or it holds no usable images.
    """
    path = Path(data)
    if path.is_dir():
        return _read_folder(path, seed)
    if path.is_file():
        return _read_npz(path)
    if data in KNOWN:
        return _download(data)
    raise InputError(
        f"There is no file or folder '{data}'; expected an npz file with {', '.join(PARTS)}, a "
        f"folder of class folders, or one of {', '.join(KNOWN)}: check the path"
    )


def _read_npz(path: Path) -> Arrays:
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in PARTS if name not in file]
            if missing:
                raise InputError(
                    f"'{path}' has no {', '.join(missing)}, but {', '.join(file.files)}; "
                    f"expected {', '.join(PARTS)}: save them by these names with np.savez"
                )
            return Arrays(*(file[name] for name in PARTS))
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"'{path}' is not a readable npz file of plain arrays ({reason}); expected one "
            f"with {', '.join(PARTS)}: write it again with np.savez"
        ) from None


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


def _read_folder(path: Path, seed: int) -> Arrays:
    """`path/train/CLASS/*.png` and `path/test/CLASS/*.png`, or `path/CLASS/*.png` alone."""
    if (path / "train").is_dir() and (path / "test").is_dir():
        train, test = _files(path / "train"), _files(path / "test")
    else:
        train, test = _divided(_files(path), seed)
    pictures, labels, notes = _read_pictures([*train, *test])
    cut = sum(label is not None for label in labels[: len(train)])
    kept = np.array([label for label in labels if label is not None])
    return Arrays(pictures[:cut], kept[:cut], pictures[cut:], kept[cut:], tuple(notes))


def _files(path: Path) -> list[tuple[Path, str]]:
    """Picture files below a folder, each with its class: the name of its folder."""
    classes = [entry for entry in sorted(path.iterdir()) if entry.is_dir()]
    found = [
        (file, entry.name)
        for entry in classes
        for file in sorted(entry.rglob("*"))
        if file.suffix.lower() in SUFFIXES
    ]
    if not found:
        raise InputError(
            f"'{path}' holds no pictures in class folders, but {len(classes)} folders; "
            f"expected such as {path.name}/cat/1.png and {path.name}/dog/2.png: make one "
            "folder per class"
        )
    return found


def _divided(files: list[tuple[Path, str]], seed: int) -> tuple[list, list]:
    """Training and test files; `TEST_SHARE` of every class is for the test."""
    chosen = stratified([label for _, label in files], round(TEST_SHARE * len(files)), seed)
    test = set(chosen.tolist())
    return (
        [file for i, file in enumerate(files) if i not in test],
        [file for i, file in enumerate(files) if i in test],
    )


def _read_pictures(
    files: list[tuple[Path, str]],
) -> tuple[np.ndarray, list[str | None], list[str]]:
    """Pictures of one size, the label of each file (None if it was skipped), and notes."""
    read = list(_opened(file for file, _ in files))
    labels = [None if p is None else label for p, (_, label) in zip(read, files, strict=True)]
    pictures = [picture for picture in read if picture is not None]
    if not pictures:
        raise InputError(
            f"none of the {len(files)} pictures can be read, the first is '{files[0][0]}'; "
            "expected PNG, JPEG and the like: convert them"
        )
    size, most = Counter(picture.size for picture in pictures).most_common(1)[0]
    grey = all(picture.mode in ("1", "L") for picture in pictures)
    notes = []
    if skipped := len(files) - len(pictures):
        first = next(f for p, (f, _) in zip(read, files, strict=True) if p is None)
        notes.append(f"Warning: skipped {skipped} unreadable pictures, the first is '{first}'.")
    if resized := len(pictures) - most:
        notes.append(f"Resized {resized} pictures to the commonest size, {size[0]}x{size[1]}.")
    arrays = [np.asarray(p.convert("L" if grey else "RGB").resize(size)) for p in pictures]
    return np.stack(arrays), labels, notes


def _opened(paths: Iterator[Path]) -> Iterator[Image.Image | None]:
    for path in paths:
        try:
            with Image.open(path) as picture:
                picture.load()
            yield picture
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            yield None


def stratified(labels: list | np.ndarray, n: int, seed: int) -> np.ndarray:
    """Indices of n rows, in rising order, in which every class has its share.

    Each class gives the whole number below its share; the largest remainders are rounded up.
    Equal seeds, equal choice.
    """
    values, classes = np.unique(np.asarray(labels), return_inverse=True)
    counts = np.bincount(classes)
    shares = n * counts / counts.sum()
    takes = np.floor(shares).astype(int)
    for i in np.argsort(takes - shares, kind="stable")[: n - takes.sum()]:
        takes[i] += 1
    rng = np.random.default_rng([seed, len(values)])
    rows = [
        rng.permutation(np.flatnonzero(classes == i))[:take] for i, take in enumerate(takes)
    ]
    return np.sort(np.concatenate(rows))
