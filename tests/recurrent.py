"""A small space of recurrent cells, and a text without meaning, for tests."""

import numpy as np

from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Fold, Task
from rnncell.space.enas_space import ENASCellSpace

SPACE = ENASCellSpace(4)


def text_task(tokens: int = 7, n: int = 121, seed: int = 0) -> Task:
    ids = np.random.default_rng(seed).integers(0, tokens, 3 * n).astype(np.int32)
    folds = [Fold(part[:-1], part[1:]) for part in np.split(ids, 3)]
    return Task("text", "multiclass", *folds, classes=tuple(map(str, range(tokens))))


def cells(n: int, seed: int = 0, space=SPACE) -> list[Architecture]:
    rng = np.random.default_rng(seed)
    return [space.sample_architecture(rng) for _ in range(n)]
