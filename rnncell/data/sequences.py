"""Sequences to classify, from an `.npz` file, become a Task.

The file holds x_train `(n, steps, features)` and y_train `(n,)`, x_test and y_test, and where
sequences are of unequal length len_train and len_test `(n,)`: the steps that are real. A
fifth of the training sequences, equally many of each class, becomes the validation fold.

In the Task every real step has one more feature, always 1, while steps that fill up a
sequence are all zeros. So `keras.layers.Masking()` finds those without fail.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from mlpnas.core.data.arrays import read_arrays, unread
from mlpnas.core.data.rounding import as_float32, first_complaint
from mlpnas.core.data.rows import check_classes, check_numbers, flat_labels
from mlpnas.core.errors import InputError
from mlpnas.core.runtime.capacity import check_memory
from mlpnas.core.task import Fold, Task
from rnncell.data.text import Raw, Text

KEPT = 100  # raw validation sequences, by which a delivered model is checked

PARTS = ("x_train", "y_train", "x_test", "y_test")
LENGTHS = ("len_train", "len_test")


class _Part(NamedTuple):
    x: np.ndarray
    y: np.ndarray
    lengths: np.ndarray


def read_sequences(data: str | Path, seed: int = 0) -> Text:
    """Read an `.npz` file of sequences and labels.

    Args:
        data: its path.
        seed: of the validation fold.

    Raises:
        InputError: naming the array that is missing or does not fit.
    """
    path = Path(data)
    where = f"'{path}'"
    arrays = read_arrays(path, PARTS, LENGTHS)
    train, test = _part(arrays, "train", where), _part(arrays, "test", where)
    _check_together(train, test, where)
    classes, labels = np.unique(train.y, return_inverse=True)
    rows = _split(labels, seed, path)
    center, scale = _statistics(train, rows[0])

    def fold(part: _Part, y: np.ndarray) -> Fold:
        return Fold(_marked(part, center, scale), y.astype(np.int32))

    learn, valid = (fold(_Part(*(a[r] for a in train)), labels[r]) for r in rows)
    unseen = fold(test, np.searchsorted(classes, test.y))
    task = Task(path.stem, "multiclass", learn, valid, unseen, tuple(classes.tolist()))
    lengths = np.concatenate([train.lengths, test.lengths])
    note = (
        f"{path}: {len(learn)} + {len(valid)} + {len(unseen)} sequences of {lengths.min()} to "
        f"{lengths.max()} steps, {train.x.shape[2]} features, {len(classes)} classes"
    )
    kept = rows[1][:KEPT]
    raw = Raw(center, scale, arrays["x_train"][kept], train.lengths[kept])
    told = first_complaint("feature", arrays["x_train"][_real(train)])
    return Text(task, (note, *unread(path, (*PARTS, *LENGTHS)), *told), raw)


def _check_together(train: _Part, test: _Part, where: str) -> None:
    check_classes(where, train.y, test.y)
    if train.x.shape[1:] != test.x.shape[1:]:
        raise InputError(
            f"{where}: x_train and x_test have the shapes {train.x.shape} and {test.x.shape}; "
            "expected equal steps and features: cut or fill them up, with len_train, len_test"
        )


def _part(arrays: dict[str, np.ndarray], name: str, where: str) -> _Part:
    """The arrays of one part, if they belong together; steps that fill up become 0."""
    x = arrays[f"x_{name}"]
    if x.ndim != 3 or not x.size:
        raise InputError(
            f"{where}: x_{name} has the shape {x.shape}; expected (sequences, steps, "
            "features), none of them 0: reshape it"
        )
    check_memory(4 * x.size, f"{where}: x_{name}, as float32,")
    y = flat_labels(where, f"y_{name}", arrays[f"y_{name}"], len(x))
    lengths = _lengths(arrays.get(f"len_{name}"), f"{where}: len_{name}", x)
    part = _Part(x, y, lengths)
    x = np.where(_real(part)[..., None], x, x.dtype.type(0))
    check_numbers(where, f"x_{name}", x)
    return part._replace(x=as_float32(x))


def _lengths(given: np.ndarray | None, what: str, x: np.ndarray) -> np.ndarray:
    """Real steps of each sequence, `(sequences,)`; all of them where nothing is given."""
    if given is None:
        return np.full(len(x), x.shape[1])
    lengths = given.reshape(-1)
    whole = given.dtype.kind in "iuf" and (lengths == np.floor(lengths)).all()
    if len(lengths) != len(x) or not whole or lengths.min() < 1 or lengths.max() > x.shape[1]:
        found = f" from {lengths.min()} to {lengths.max()}" if lengths.size else ""
        raise InputError(
            f"{what} has {len(lengths)} values of {given.dtype}{found}; expected {len(x)} "
            f"whole ones, from 1 to {x.shape[1]}: the steps of each sequence that are real"
        )
    return lengths.astype(int)


def _real(part: _Part) -> np.ndarray:
    """bool `(sequences, steps)`: which steps are no filling."""
    return np.arange(part.x.shape[1]) < part.lengths[:, None]


def _split(labels: np.ndarray, seed: int, path: Path) -> list[np.ndarray]:
    try:
        return train_test_split(
            np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=seed
        )
    except ValueError as error:
        raise InputError(
            f"{path} has {len(labels)} training sequences of {labels.max() + 1} classes, too "
            f"few to set a fifth aside: {error}; give more of each class"
        ) from None


def _statistics(part: _Part, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature over the real steps of these rows."""
    steps = part.x[rows][_real(part)[rows]].astype(np.float64)  # the squares need its range
    scale = steps.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return steps.mean(axis=0).astype(np.float32), scale.astype(np.float32)


def _marked(part: _Part, center: np.ndarray, scale: np.ndarray) -> np.ndarray:
    real = _real(part)[..., None]
    scaled = np.where(real, (part.x - center) / scale, 0.0)
    return np.concatenate([scaled, real], axis=-1).astype(np.float32)
