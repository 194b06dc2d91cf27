"""Shared weights of the packages are held to their contract; see `mlpnas.testing.supernet`."""

import numpy as np
import pytest
import tensorflow as tf
from fakes import FakeSupernet
from members import having
from recurrent import SPACE as CELLS
from recurrent import text_task
from spaces import CellSpace

from cnnnas.space.macro_space import MacroSpace
from cnnnas.supernet.image_supernet import ImageSupernet, SharedTraining
from cnnnas.supernet.macro_network import MacroNetwork
from cnnnas.supernet.weight_bank import WeightBank
from mlpnas.core.task import Fold, Task
from mlpnas.testing.supernet import PROMISES
from rnncell.recipes import Network, SupernetRecipe
from rnncell.supernet.text_supernet import TextSupernet

IMAGES = MacroSpace(2, ("conv_3x3", "max_pool_3x3"))


def image_supernet() -> ImageSupernet:
    rng, y = np.random.default_rng(0), (np.arange(32) % 2).astype(np.int32)
    x = rng.normal(size=(32, 4, 4, 1)).astype(np.float32) + y[:, None, None, None]
    folds = (Fold(x[part], y[part]) for part in (slice(16), slice(16, 32), slice(16, 32)))
    task = Task("images", "multiclass", *folds, classes=("a", "b"))
    training = SharedTraining(batch_size=8, score_rows=8, slice_rows=16)
    network = MacroNetwork(IMAGES, WeightBank(0), 2, 1, 2)
    return ImageSupernet(network, task, training)


def text_supernet() -> TextSupernet:
    recipe = SupernetRecipe(batch=3, steps=5, slice=2, learning_rate=1.0, clip=5.0)
    return TextSupernet(CELLS, text_task(n=31), Network(4), recipe)


MEMBERS = {
    "fake": lambda: FakeSupernet(CellSpace(3)),
    "images": image_supernet,
    "text": text_supernet,
}


def test_every_supernet_of_the_packages_is_held_to_the_contract():
    roles = having("train", "score", "validate", "parameters", "state", "restore")
    assert roles == {ImageSupernet, TextSupernet}


@pytest.fixture
def eagerly():
    """What is computed is the same, and compiling would take longer than all else."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("make", MEMBERS.values(), ids=MEMBERS)
@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_supernet_keeps_its_promises(make, promise):
    promise(make)
