"""A task gives those who train no row of the test fold."""

import numpy as np

from mlpnas.core.task import Fold, Task


def fold(rows: int) -> Fold:
    return Fold(np.ones((rows, 2), np.float32), np.zeros(rows, np.int32), np.ones(rows))


def test_without_test_rows_all_else_stays():
    task = Task("made up", "binary", fold(5), fold(3), fold(4), ("a", "b"))
    apart = task.without_test()
    assert (len(apart.train), len(apart.valid), len(apart.test)) == (5, 3, 0)
    assert apart.test.x.shape == (0, 2)
    assert apart.test.weight is not None
    assert len(apart.test.weight) == 0
    assert len(task.test) == 4, "the task itself is a value"
