"""Images become a Task: checked, sampled, split into folds, standardised.

The validation fold is a stratified share of the training rows; the test rows are untouched.
Pixels are standardised per channel, by mean and deviation of the training fold. Whether they
came as 0 to 255 or 0 to 1 then makes no difference, and the saved model undoes it, see
`cnnnas.export`.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cnnnas.image_files import Arrays, read_arrays, stratified
from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task

KEPT = 64  # raw validation images, by which a delivered model is checked
VALIDATION_SHARE = 0.1  # as of CIFAR-10's 50,000 training rows in most of the literature


@dataclass(frozen=True)
class Images:
    """Images ready to be learned from.

    Attributes:
        task: folds of float32 `(rows, height, width, channels)`, standardised; its kind is
            multiclass also for two classes.
        mean, deviation: of each channel of the training fold, `(channels,)`, in the user's
            unit.
        shape: of one image as the user gave it: `(height, width)`, or with channels.
        notes: what the user should know of the data.
        kept: the first `KEPT` of the validation images, as the user gave them.
    """

    task: Task
    mean: np.ndarray
    deviation: np.ndarray
    shape: tuple[int, ...]
    notes: tuple[str, ...]
    kept: np.ndarray


def read_images(data: str, train_rows: int | None = None, seed: int = 0) -> Images:
    """The images that `data` names, see `image_files.read_arrays`.

    Args:
        train_rows: take a stratified sample of so many training rows; None takes all.
        seed: of the sample and of the validation fold.

    Raises:
        InputError: for what cannot be learned from; says what and why.
    """
    arrays = read_arrays(data, seed)
    return make_images(Path(data).stem, arrays, train_rows, seed)


def make_images(
    name: str, arrays: Arrays, train_rows: int | None = None, seed: int = 0
) -> Images:
    """As `read_images`, from arrays.

    Args:
        name: what the report calls them.
    """
    raw = _checked(arrays)
    raw = raw if train_rows is None else _sample(raw, train_rows, seed)
    classes, y = _labels(raw)
    valid = stratified(y, max(len(classes), round(VALIDATION_SHARE * len(y))), seed)
    train = np.delete(np.arange(len(y)), valid)
    x = _with_channels(raw.x_train)
    mean, deviation = _statistics(x[train])
    y_test = np.searchsorted(classes, raw.y_test).astype(np.int32)
    task = Task(
        name,
        "multiclass",
        train=_fold(x[train], y[train], mean, deviation),
        valid=_fold(x[valid], y[valid], mean, deviation),
        test=_fold(_with_channels(raw.x_test), y_test, mean, deviation),
        classes=tuple(classes.tolist()),
    )
    notes = (_summary(task, raw), *raw.notes, *_warnings(raw))
    kept = raw.x_train[valid[:KEPT]]
    return Images(task, mean, deviation, raw.x_train.shape[1:], notes, kept)


def _checked(arrays: Arrays) -> Arrays:
    """The arrays with flat labels, if they can be learned from."""
    for part in ("train", "test"):
        x, y = getattr(arrays, f"x_{part}"), getattr(arrays, f"y_{part}")
        _check_pixels(x, f"x_{part}")
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
            arrays = replace(arrays, **{f"y_{part}": y})
        if y.ndim != 1:
            raise InputError(
                f"y_{part} has the shape {y.shape}; expected one label per image, (rows,) or "
                f"(rows, 1): turn one-hot rows into labels with y_{part}.argmax(axis=1)"
            )
        if len(x) != len(y):
            raise InputError(
                f"x_{part} has {len(x)} images, y_{part} {len(y)} labels; expected as many: "
                "check how they were written"
            )
    if arrays.x_train.shape[1:] != arrays.x_test.shape[1:]:
        raise InputError(
            f"training images have the shape {arrays.x_train.shape[1:]}, test images "
            f"{arrays.x_test.shape[1:]}; expected the same: resize or crop one of them"
        )
    return arrays


def _check_pixels(x: np.ndarray, name: str) -> None:
    if x.ndim not in (3, 4) or not all(x.shape):
        raise InputError(
            f"{name} has the shape {x.shape}; expected (rows, height, width) or (rows, "
            "height, width, channels), none of them 0: reshape it"
        )
    if x.ndim == 4 and x.shape[3] > 4 and x.shape[1] <= 4:
        raise InputError(
            f"{name} has the shape {x.shape}, with the channels first; expected them last: "
            f"np.moveaxis({name}, 1, -1)"
        )
    if x.dtype.kind not in "uifb":
        raise InputError(
            f"{name} is of type {x.dtype}; expected pixels as whole or floating-point numbers: "
            "convert it"
        )
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise InputError(
            f"{name} has {np.count_nonzero(~np.isfinite(x))} pixels that are NaN or infinite; "
            "expected finite ones: replace them"
        )


def _sample(arrays: Arrays, rows: int, seed: int) -> Arrays:
    if not 2 <= rows <= len(arrays.y_train):
        raise InputError(
            f"--train-rows is {rows}; expected 2 to {len(arrays.y_train)}, the rows there are"
        )
    chosen = stratified(arrays.y_train, rows, seed)
    return replace(arrays, x_train=arrays.x_train[chosen], y_train=arrays.y_train[chosen])


def _labels(arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """The classes in order, and the index of each training row's."""
    classes, y = np.unique(arrays.y_train, return_inverse=True)
    if len(classes) < 2:
        raise InputError(
            f"all training images are of the class {classes[0]!r}; expected two classes or "
            "more: add others"
        )
    rarest = np.bincount(y).argmin()
    if np.bincount(y)[rarest] < 2:
        raise InputError(
            f"the class {classes[rarest]!r} has one training image; expected two or more, to "
            "learn from and to validate with: add some, or remove the class"
        )
    if unknown := sorted(set(arrays.y_test.tolist()) - set(classes.tolist())):
        raise InputError(
            f"the test images have labels that no training image has, such as {unknown[0]!r}; "
            f"expected {len(classes)} classes in both: remove those rows, or add examples"
        )
    return classes, y.astype(np.int32)


def _with_channels(x: np.ndarray) -> np.ndarray:
    return x[..., None] if x.ndim == 3 else x


def _statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation per channel; 1 for a channel that does not vary."""
    mean = x.mean(axis=(0, 1, 2), dtype=np.float64)
    deviation = x.std(axis=(0, 1, 2), dtype=np.float64)
    return mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32)


def _fold(x: np.ndarray, y: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> Fold:
    x = x.astype(np.float32)
    x -= mean
    x /= deviation
    return Fold(x, y)


def _summary(task: Task, raw: Arrays) -> str:
    height, width, channels = task.input_shape
    rows = [f"{len(fold):,}" for fold in (task.train, task.valid, task.test)]
    return (
        f"{task.name}: images of {height}x{width}x{channels}, pixels {raw.x_train.min():g} to "
        f"{raw.x_train.max():g}, {len(task.classes)} classes; {rows[0]} rows to train, "
        f"{rows[1]} to validate, {rows[2]} to test."
    )


def _warnings(raw: Arrays) -> list[str]:
    """What looks wrong but can be learned from."""
    train, test = (float(np.ptp(x)) for x in (raw.x_train, raw.x_test))
    if not 0.2 < test / max(train, 1e-9) < 5:
        return [
            f"Warning: pixels span {train:g} in the training images and {test:g} in the test "
            "images. Are both in the same unit?"
        ]
    return []
