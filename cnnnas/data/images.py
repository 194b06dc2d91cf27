"""Images become a Task: checked, sampled, split into folds, standardised.

The validation fold is the given one, or else a stratified share of the training rows; the
test rows are untouched.
Pixels are standardised per channel, by mean and deviation of the training fold. Whether they
came as 0 to 255 or 0 to 1 then makes no difference, and the saved model undoes it, see
`cnnnas.final.export`.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cnnnas.data.image_files import Arrays, read_arrays
from cnnnas.data.image_folder import stratified
from mlpnas.core.data.rounding import as_float32, first_complaint
from mlpnas.core.data.rows import check_classes, check_numbers, flat_labels
from mlpnas.core.errors import InputError
from mlpnas.core.runtime.capacity import check_memory
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

    def record(self) -> dict[str, Any]:
        """What run.json says of them, besides what `folder.describe_data` does."""
        return {
            "shape": list(self.shape),
            "mean": self.mean.tolist(),
            "deviation": self.deviation.tolist(),
            "pixels": self.kept.dtype.name,
            "notes": list(self.notes),
        }


def read_images(
    data: str, train_rows: int | None = None, seed: int = 0, image_size: int | None = None
) -> Images:
    """The images that `data` names, see `image_files.read_arrays`.

    Args:
        train_rows: take a stratified sample of so many training rows; None takes all.
        seed: of the sample and of the validation fold.
        image_size: pixels of the longer side of a folder's pictures; None for the commonest.

    Raises:
        InputError: for what cannot be learned from; says what and why.
    """
    arrays = read_arrays(data, seed, image_size)
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
    check_classes(raw.source, *(y for _, y in raw.folds.values()))
    classes = np.unique(raw.y_train)
    raw = raw if "valid" in raw.folds else _split(raw, seed)
    size = 4 * sum(x.size for x, _ in raw.folds.values())
    check_memory(size, f"{raw.source}, standardised to float32,")
    mean, deviation = _statistics(_with_channels(raw.x_train))

    def fold(x: np.ndarray, y: np.ndarray) -> Fold:
        x = as_float32(_with_channels(x))
        x -= mean
        x /= deviation
        return Fold(x, np.searchsorted(classes, y).astype(np.int32))

    train, valid, test = (fold(*raw.folds[part]) for part in ("train", "valid", "test"))
    task = Task(name, "multiclass", train, valid, test, classes=tuple(classes.tolist()))
    told = first_complaint("channel", _with_channels(raw.x_train))
    notes = (_summary(task, raw), *raw.notes, *_warnings(raw), *told)
    kept, _ = raw.folds["valid"]
    return Images(task, mean, deviation, raw.x_train.shape[1:], notes, kept[:KEPT].copy())


def _checked(arrays: Arrays) -> Arrays:
    """The arrays with flat labels, if they can be learned from."""
    where, shape = arrays.source, arrays.x_train.shape[1:]
    for fold, (x, y) in arrays.folds.items():
        _check_pixels(x, f"x_{fold}", where)
        if x.shape[1:] != shape:
            raise InputError(
                f"{where}: training images have the shape {shape}, those of x_{fold} "
                f"{x.shape[1:]}; expected the same: resize or crop one of them"
            )
        flat: dict[str, Any] = {f"y_{fold}": flat_labels(where, f"y_{fold}", y, len(x))}
        arrays = replace(arrays, **flat)
    if (value := arrays.x_train.min()) == arrays.x_train.max():
        raise InputError(
            f"{where}: all pixels of the training images are {value}; expected images that "
            "differ: look at how they were written, or at their transparent parts"
        )
    return arrays


def _check_pixels(x: np.ndarray, name: str, where: str) -> None:
    if x.ndim not in (3, 4) or not all(x.shape):
        raise InputError(
            f"{where}: {name} has the shape {x.shape}; expected (rows, height, width) or "
            "(rows, height, width, channels), none of them 0: reshape it"
        )
    if x.ndim == 4 and x.shape[3] > 4 and x.shape[1] <= 4:
        raise InputError(
            f"{where}: {name} has the shape {x.shape}, with the channels first; expected them "
            f"last: np.moveaxis({name}, 1, -1)"
        )
    check_numbers(where, name, x)


def _sample(arrays: Arrays, rows: int, seed: int) -> Arrays:
    if not 2 <= rows <= len(arrays.y_train):
        raise InputError(
            f"--train-rows is {rows}; expected 2 to {len(arrays.y_train)}, the rows there are"
        )
    chosen = stratified(arrays.y_train, rows, seed)
    return replace(arrays, x_train=arrays.x_train[chosen], y_train=arrays.y_train[chosen])


def _split(arrays: Arrays, seed: int) -> Arrays:
    """The arrays with a validation fold, a stratified share of the training rows."""
    x, y = arrays.x_train, arrays.y_train
    classes, counts = np.unique(y, return_counts=True)
    if counts.min() < 2:
        raise InputError(
            f"{arrays.source}: the class {classes[counts.argmin()].item()!r} has one training "
            "image; expected two or more, to learn from and to validate with: add some, or "
            "remove the class"
        )
    valid = stratified(y, max(len(classes), round(VALIDATION_SHARE * len(y))), seed)
    train = np.delete(np.arange(len(y)), valid)
    return replace(
        arrays, x_train=x[train], y_train=y[train], x_valid=x[valid], y_valid=y[valid]
    )


def _with_channels(x: np.ndarray) -> np.ndarray:
    return x[..., None] if x.ndim == 3 else x


def _statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation per channel; 1 for a channel that does not vary."""
    mean = x.mean(axis=(0, 1, 2), dtype=np.float64)
    deviation = x.std(axis=(0, 1, 2), dtype=np.float64)
    return mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32)


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
    train, test = (float(x.max()) - float(x.min()) for x in (raw.x_train, raw.x_test))
    if not 0.2 < test / max(train, 1e-9) < 5:
        return [
            f"Warning: pixels span {train:g} in the training images and {test:g} in the test "
            "images. Are both in the same unit?"
        ]
    return []
