"""Weights: how much each row counts in the training loss, in early stopping, in the score."""

from dataclasses import replace

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task


def weighted(fold: Fold, weight: np.ndarray | None, unit: float = 1.0) -> Fold:
    """The fold with these weights `(rows,)`; None weighs all rows alike.

    Args:
        unit: what counts as 1: the mean over the training rows, for the size of a step should
            not depend on what weights are measured in.
    """
    if weight is None:
        return fold
    return replace(fold, weight=(weight / unit).astype(np.float32))


def balanced(task: Task) -> Task:
    """The task with every class of the training fold counting as much as any other.

    The test rows stay as they are.

    Raises:
        InputError: for regression, which has no classes.
    """
    if not task.classes:
        raise InputError(
            "--class-weight balanced is for classes, and the target is a number; expected "
            "none: leave the option out, or say --task classification"
        )
    present = np.unique(task.train.y)
    of_class = np.zeros(len(task.classes))  # a class that cannot be learned counts nothing
    of_class[present] = compute_class_weight("balanced", classes=present, y=task.train.y)
    unit = of_class[task.train.y].mean()
    train, valid = (weighted(f, of_class[f.y], unit) for f in (task.train, task.valid))
    return replace(task, train=train, valid=valid)
