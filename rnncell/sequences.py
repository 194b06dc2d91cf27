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

from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task
from rnncell.text import Raw, Text

KEPT = 100  # raw validation sequences, by which a delivered model is checked


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
    arrays = _load(path)
    train, test = _part(arrays, "train", path), _part(arrays, "test", path)
    _check_together(train, test, path)
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
    return Text(task, (note,), raw)


def _check_together(train: _Part, test: _Part, path: Path) -> None:
    classes = np.unique(train.y).tolist()
    if len(classes) < 2:
        raise InputError(f"y_train of {path} holds one class, {classes[0]!r}; expected two")
    if others := [label for label in np.unique(test.y).tolist() if label not in classes]:
        raise InputError(
            f"y_test of {path} holds {others[0]!r}, which y_train does not; expected one of "
            f"{classes}"
        )
    if train.x.shape[1:] != test.x.shape[1:]:
        raise InputError(
            f"x_train and x_test of {path} have the shapes {train.x.shape} and {test.x.shape}; "
            "expected equal steps and features"
        )


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError, EOFError, AttributeError) as error:
        raise InputError(
            f"cannot read {path}: {error}; expected an .npz file with x_train, y_train, x_test "
            "and y_test"
        ) from None


def _part(arrays: dict[str, np.ndarray], name: str, path: Path) -> _Part:
    for key in (f"x_{name}", f"y_{name}"):
        if key not in arrays:
            raise InputError(f"{path} has no array {key}, only {sorted(arrays)}; add it")
    x, y = arrays[f"x_{name}"], arrays[f"y_{name}"].ravel()
    if x.ndim != 3 or len(x) != len(y) or not len(x):
        raise InputError(
            f"x_{name} and y_{name} of {path} have the shapes {x.shape} and {y.shape}; "
            "expected (sequences, steps, features) and (sequences,)"
        )
    lengths = arrays.get(f"len_{name}", np.full(len(x), x.shape[1])).ravel().astype(int)
    if len(lengths) != len(x) or lengths.min() < 1 or lengths.max() > x.shape[1]:
        raise InputError(
            f"len_{name} of {path} has {len(lengths)} values from {lengths.min()} to "
            f"{lengths.max()}; expected {len(x)}, from 1 to {x.shape[1]}"
        )
    part = _Part(x.astype(np.float32), y, lengths)
    if not np.isfinite(part.x[_real(part)]).all():
        raise InputError(f"x_{name} of {path} holds NaN or infinite values; replace them")
    return part


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
