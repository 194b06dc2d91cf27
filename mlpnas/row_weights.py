"""Weights: how much each row counts in the training loss, in early stopping, in the score."""

from dataclasses import replace

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task


def weighted(fold: Fold, weight: np.ndarray | None) -> Fold:
    """The fold with these weights `(rows,)` over their mean: a step's size should not depend
    on their unit. None weighs all rows alike."""
    if weight is None:
        return fold
    return replace(fold, weight=(weight / weight.mean()).astype(np.float32))


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
    train, valid = (weighted(fold, of_class[fold.y]) for fold in (task.train, task.valid))
    return replace(task, train=train, valid=valid)
