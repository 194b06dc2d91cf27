"""Picture files in folders as people have them: which is of which class, and in which fold.

    flowers/rose/1.png                          classes alone: the test fold is drawn
    flowers/Train/rose/1.png  flowers/val/...   folds, by any of the names of `fold_names`

A folder that holds nothing but another one is looked through.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mlpnas.core.data.fold_names import find_folds, fold_of, is_hidden
from mlpnas.core.errors import InputError, listing

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm",
    ".pgm", ".pbm", ".pnm",
)  # fmt: skip
TEST_SHARE = 0.2  # of a folder that has no test pictures of its own
FEWEST = 3  # pictures of a class, where the test fold is drawn: one or more for each fold

Labelled = tuple[Path, str]  # a picture file and its class
Folds = dict[str, list[Labelled]]  # train, test and, if there is a folder of it, valid


def find_pictures(path: Path, seed: int, notes: list[str]) -> Folds:
    """The pictures below a folder; `TEST_SHARE` of each class to test, if none are given.

    Args:
        path: the folder.
        seed: of the draw.
        notes: sentences on what was left out are added here.

    Raises:
        InputError: if there are no class folders, or names leave open what they are.
    """
    try:
        top = _unwrapped(path, notes)
        names = find_folds(_folders(top), f"'{top}'")
        if names:
            return _complete(_read_folds(top, names, notes), top, seed, notes)
        files = _labelled(top, notes)
        _check_classes(top, files)
        return _divided(files, top, seed)
    except OSError as error:
        raise InputError(
            f"'{error.filename}' cannot be read ({error.strerror}); expected a folder open to "
            "you: change its permissions"
        ) from None


def pictures_below(path: Path) -> list[Path]:
    """The picture files below a folder, in the order of their names.

    Raises:
        InputError: if there is none.
    """
    found = sorted(file for file in _walk(path) if _is_picture(file))
    if not found:
        raise InputError(f"'{path}' holds no pictures; expected such as {path.name}/1.png")
    return found


def labelled_pictures(path: Path, notes: list[str]) -> list[Labelled]:
    """The pictures of a folder of class folders, of whatever fold.

    Raises:
        InputError: if there are none.
    """
    found = _labelled(path, notes)
    _check_classes(path, found)
    return found


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


def _folders(path: Path) -> list[str]:
    names = [e.name for e in sorted(path.iterdir()) if e.is_dir() and not is_hidden(e.name)]
    if odd := [name for name in names if not name.isprintable()]:
        raise InputError(
            f"'{path}' has a folder {odd[0]!a}, which no class can be called; expected a "
            "name of printable characters in UTF-8: rename it"
        )
    return names


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _unwrapped(path: Path, notes: list[str]) -> Path:
    """The folder, or the one below it that is not the only content of another."""
    top = path
    while len(inner := _folders(top)) == 1 and _folders(top / inner[0]):
        if any(map(_is_picture, (top / inner[0]).iterdir())):
            break  # a class with folders of its own
        top = top / inner[0]
    if top != path:
        notes.append(f"Looked for classes in '{top}', the only folder there.")
    return top


def _read_folds(top: Path, names: dict[str, str], notes: list[str]) -> Folds:
    if others := [name for name in _folders(top) if name not in names.values()]:
        notes.append(f"Left out folders beside {listing(names.values())}: {listing(others)}.")
    return {fold: _labelled(top / name, notes) for fold, name in names.items()}


def _labelled(path: Path, notes: list[str]) -> list[Labelled]:
    """Pictures below a folder; their class is the folder in it that they are below of."""
    top = _unwrapped(path, notes)
    found, empty = [], []
    loose = (file for file in sorted(top.iterdir()) if not is_hidden(file.name))
    rest = [file for file in loose if _is_picture(file)]
    for name in _folders(top):
        files = sorted(_walk(top / name))
        pictures = [(file, name) for file in files if _is_picture(file)]
        found += pictures
        rest += [file for file in files if not _is_picture(file)]
        empty += [] if pictures else [name]
    if empty:
        notes.append(f"Left out folders without pictures in '{top}': {listing(empty)}.")
    if rest:
        notes.append(
            f"Left out {len(rest)} files of '{top}' that are no pictures or in no class "
            f"folder, the first is '{rest[0]}'."
        )
    return found


def _walk(top: Path) -> Iterator[Path]:
    """Files below a folder, also behind links, but never of a folder that it is in itself."""
    seen = {str(parent) for parent in top.resolve().parents}

    def fail(error: OSError) -> None:
        raise error

    for root, folders, files in os.walk(top, onerror=fail, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not is_hidden(name)]
        yield from (Path(root, name) for name in files if not is_hidden(name))


def _check_classes(top: Path, files: list[Labelled]) -> None:
    """Raise InputError if there are none, or if they look like folds."""
    names = list(dict.fromkeys(name for _, name in files))
    if not files:
        raise InputError(
            f"'{top}' holds no pictures in class folders, but {len(_folders(top))} folders; "
            f"expected such as {top.name}/cat/1.png and {top.name}/dog/2.png: make one folder "
            "per class"
        )
    folds = [name for name in names if fold_of(name)]
    nested = {name for file, name in files if file.parent.parent != top}
    direct = {name for file, name in files if file.parent.parent == top}
    if folds and (folds == names or set(folds) & (nested - direct)):
        raise InputError(
            f"'{top}' has the folders {listing(names)}, of which {listing(folds)} sound like "
            f"folds, not classes; expected {top.name}/train and {top.name}/test with a folder "
            "per class in each, or class folders alone: rename them, or give the folder that "
            "holds the classes"
        )


def _complete(folds: Folds, top: Path, seed: int, notes: list[str]) -> Folds:
    """Folds of which none is empty, with a test fold in any case."""
    for fold in [fold for fold, files in folds.items() if not files]:
        if fold == "train":
            _check_classes(top, [])
        notes.append(f"Warning: left out the {fold} pictures: they are in no class folders.")
        del folds[fold]
    if "test" not in folds and "valid" in folds:
        notes.append("There are no test pictures: those to validate with are the test fold.")
        folds["test"] = folds.pop("valid")
    return folds if "test" in folds else _divided(folds["train"], top, seed)


def _divided(files: list[Labelled], top: Path, seed: int) -> Folds:
    """Training and test files; `TEST_SHARE` of every class is for the test."""
    counts = Counter(label for _, label in files)
    if few := [f"{name} ({n})" for name, n in counts.items() if n < FEWEST]:
        raise InputError(
            f"'{top}' has too few pictures in {listing(few)}; expected {FEWEST} or more of "
            "each class, to learn from, to validate with and to test with: add some, or move "
            "the folder away"
        )
    chosen = stratified([label for _, label in files], round(TEST_SHARE * len(files)), seed)
    test = set(chosen.tolist())
    return {
        "train": [file for i, file in enumerate(files) if i not in test],
        "test": [file for i, file in enumerate(files) if i in test],
    }
