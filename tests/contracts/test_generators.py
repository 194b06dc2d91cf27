"""Every generator of the packages is held to its contract; see `mlpnas.testing.generator`."""

import numpy as np
import pytest
from members import concrete
from recurrent import SPACE as CELLS
from recurrent import cells, text_task

from cnnnas.baselines import PlainCNN
from cnnnas.generator.auxiliary_training import AuxiliaryGenerator
from cnnnas.generator.cell_generator import CellGenerator as ImageCells
from cnnnas.generator.cell_networks import enas_network
from cnnnas.generator.macro_generator import MacroGenerator
from cnnnas.generator.precision import MixedPrecision
from cnnnas.generator.zoph_generator import ZophGenerator
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import MacroSpace
from cnnnas.space.zoph_space import ZophSpace
from mlpnas.core.generator import Generator
from mlpnas.core.task import Fold, Task
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace
from mlpnas.testing import check_generator
from mlpnas.testing.fakes import tiny_task
from mlpnas.testing.generator import PROMISES
from rnncell.generator.networks import CellGenerator, tree_cell
from rnncell.recipes import Network
from rnncell.space.tree_space import TreeCellSpace


def images(size: int = 8) -> Task:
    rng = np.random.default_rng(0)
    fold = Fold(rng.random((6, size, size, 2), np.float32), np.arange(6, dtype=np.int32) % 3)
    return Task("images", "multiclass", fold, fold, fold, classes=("a", "b", "c"))


def sequences() -> Task:
    rng = np.random.default_rng(0)
    fold = Fold(rng.random((6, 5, 2), np.float32), np.arange(6, dtype=np.int32) % 3)
    return Task("sequences", "multiclass", fold, fold, fold, classes=("a", "b", "c"))


def drawn(space, n: int = 1, seed: int = 0):
    rng = np.random.default_rng(seed)
    return [space.sample_walk(rng) for _ in range(n)]


ALL = MLPSpace((3, "softmax"), widths=(4,), layer_types=("batch_norm", "residual"))
ENCODED = MLPSpace((3, "softmax"), widths=(4,), encodings=("ple",))
VALUES = MLPSpace((1, "linear"), widths=(4,))
MACRO = MacroSpace(4, ("conv_3x3", "sep_conv_3x3", "max_pool_3x3"))
MICRO = CellSpace.enas_micro(nodes=1)
ZOPH = ZophSpace(3, (1, 3), (4, 8))
TREES = TreeCellSpace(2)
MICRO_CELLS = ImageCells(MICRO, enas_network, channels=4, number=3)

# Generator, task, architectures.
MEMBERS = {
    "perceptrons": (
        MLPGenerator(ALL),
        tiny_task("multiclass"),
        [ALL.parse(
            "(4, 'relu'), 'batch_norm', ('residual', 'relu'), 'dropout', (4, 'relu'), "
            "(4, 'relu'), (3, 'softmax')"
        )],
    ),
    "encoded": (MLPGenerator(ENCODED), tiny_task("multiclass"), drawn(ENCODED)),
    "values": (MLPGenerator(VALUES), tiny_task("regression"), drawn(VALUES, 2)),
    "macro": (MacroGenerator(MACRO, channels=4), images(), drawn(MACRO)),
    "cells": (MICRO_CELLS, images(), drawn(MICRO)),
    "auxiliary": (
        AuxiliaryGenerator(ImageCells(MICRO, enas_network, 4, 3, auxiliary=True)),
        images(32),
        drawn(MICRO),
    ),
    "mixed precision": (MixedPrecision(MICRO_CELLS), images(), drawn(MICRO)),
    "zoph": (ZophGenerator(ZOPH), images(), drawn(ZOPH)),
    "plain": (PlainCNN(4), images(), drawn(MACRO)),
    "language model": (CellGenerator(CELLS, Network(3)), text_task(n=31), cells(1)),
    "trees": (CellGenerator(TREES, Network(3), cell=tree_cell), sequences(), drawn(TREES)),
}  # fmt: skip
# Others stand for them by default: building takes seconds.
SLOW = {"auxiliary", "mixed precision"}
EXCUSED = {
    # These are trained and never saved: a plain generator's take their weights.
    ("auxiliary", "a_saved_model_loads_with_its_keys_and_outputs"),
}


def test_every_generator_of_the_packages_is_held_to_the_contract():
    assert {type(generator) for generator, *_ in MEMBERS.values()} == concrete(Generator)


@pytest.mark.parametrize(
    ("name", "promise"),
    [
        pytest.param(
            name, promise, id=f"{name}-{promise.__name__}",
            marks=[pytest.mark.slow] * (name in SLOW),
        )
        for name in MEMBERS
        for promise in PROMISES
        if (name, promise.__name__) not in EXCUSED
    ],
)  # fmt: skip
def test_a_generator_keeps_its_promises(name, promise):
    generator, task, architectures = MEMBERS[name]
    for architecture in architectures:
        promise(generator, task, architecture)


def test_the_battery_runs_all_of_them():
    check_generator(*MEMBERS["values"])
