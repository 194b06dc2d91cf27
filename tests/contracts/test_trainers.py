"""Every trainer of the packages is held to its contract; see `mlpnas.testing.trainer`."""

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from members import having
from recurrent import SPACE as CELLS
from recurrent import cells, text_task

from cnnnas.baselines import PlainCNN
from cnnnas.space.macro_space import MacroSpace
from cnnnas.supernet.image_supernet import ImageSupernet, SharedTraining
from cnnnas.supernet.macro_network import MacroNetwork
from cnnnas.supernet.stand_alone_trainer import StandAloneTrainer
from cnnnas.supernet.weight_bank import WeightBank
from cnnnas.trainer.cycle import CycleTrainer
from cnnnas.trainer.recipe import Cycle
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Recipe
from mlpnas.core.trainer.keras_trainer import KerasTrainer
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace
from mlpnas.testing import TrainerCase
from mlpnas.testing.fakes import tiny_task
from mlpnas.testing.trainer import PROMISES
from mlpnas.trainer.mlp_trainer import MLPTrainer
from rnncell.generator.networks import CellGenerator
from rnncell.recipes import Network, TextRecipe
from rnncell.trainer.text_trainer import TextTrainer

# Keras reads its data through tf.data, which is compiled in any case.
pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning")

PLAIN = Recipe(epochs=2, patience=None, batch_size=12, learning_rate=0.02, best="last")
TEXT = TextRecipe(epochs=2, batch=3, steps=5, learning_rate=0.02)
TABLE = MLPSpace((3, "softmax"), widths=(4,), max_layers=2)
NORMED = MLPSpace((3, "softmax"), widths=(4,), max_layers=3, layer_types=("batch_norm",))
IMAGES = MacroSpace(2, ("conv_3x3", "max_pool_3x3"))


def images(side: int = 4) -> Task:
    """Noise whose mean tells the class: 24 + 12 + 12 images."""
    rng, y = np.random.default_rng(0), (np.arange(48) % 2).astype(np.int32)
    x = rng.normal(size=(48, side, side, 1)).astype(np.float32) + y[:, None, None, None]
    folds = (Fold(x[a:b], y[a:b]) for a, b in ((0, 24), (24, 36), (36, 48)))
    return Task("images", "multiclass", *folds, classes=("a", "b"))


def path(task: Task, recipe: Any) -> StandAloneTrainer:
    """The recipe is the supernet's, but for the epochs."""
    training = SharedTraining(
        batch_size=12, score_rows=12, slice_rows=12, high=recipe.learning_rate
    )
    network = MacroNetwork(IMAGES, WeightBank(0), 2, 1, 2)
    return StandAloneTrainer(ImageSupernet(network, task, training), recipe.epochs)


def text(task: Task, recipe: TextRecipe) -> TextTrainer:
    return TextTrainer(task, CellGenerator(CELLS, Network(3)), recipe)


MULTICLASS = tiny_task("multiclass")
MEMBERS = {
    "compiled": TrainerCase(
        lambda task, recipe: MLPTrainer(task, MLPGenerator(TABLE), recipe),
        MULTICLASS,
        TABLE.parse("(4, 'relu'), (3, 'softmax')"),
        PLAIN,
    ),
    "not compiled": TrainerCase(
        lambda task, recipe: MLPTrainer(task, MLPGenerator(NORMED), recipe),
        MULTICLASS,
        NORMED.parse("(4, 'relu'), 'batch_norm', (3, 'softmax')"),
        PLAIN,
        moving=lambda key: "norm" in key,
    ),
    "keras": TrainerCase(
        lambda task, recipe: KerasTrainer(task, MLPGenerator(TABLE), recipe),
        MULTICLASS,
        TABLE.parse("(4, 'relu'), (3, 'softmax')"),
        PLAIN,
    ),
    "cycle": TrainerCase(
        lambda task, recipe: CycleTrainer(task, PlainCNN(2), recipe, "none"),
        images(8),
        IMAGES.sample_walk(np.random.default_rng(0)),  # of which a plain network knows nothing
        Cycle(2, batch_size=12),
        epochs="passes",
        moving=lambda key: "norm" in key,
    ),
    "text": TrainerCase(
        text,
        text_task(n=31),
        cells(1)[0],
        TEXT,
        refuses=frozenset({"part"}),
    ),
    "path": TrainerCase(
        path,
        images(),
        IMAGES.sample_walk(np.random.default_rng(0)),
        replace(PLAIN, learning_rate=0.1),
        refuses=frozenset({"recipe", "weights", "part"}),
        seeded=False,
    ),
}


SLOW = {"not compiled", "cycle"}  # trained by what "keras" is trained by
COMPILED = {"compiled"}  # the others can run eagerly: compiling takes longer than all else
# Hand a job on to another trainer, or judge its weights by another measure.
WRAPPERS = {"ScoringTrainer", "_Actor", "Assorted"}


def test_every_trainer_of_the_packages_is_held_to_the_contract():
    takes_jobs = {
        found for found in having("train")
        if "job" in inspect.signature(found.train).parameters
    }  # fmt: skip
    held = {type(case.make(case.task, case.recipe)) for case in MEMBERS.values()}
    assert {found for found in takes_jobs if found.__name__ not in WRAPPERS} == held


@pytest.fixture(
    params=[pytest.param(m, marks=[pytest.mark.slow] * (m in SLOW)) for m in MEMBERS]
)
def case(request):
    tf.config.run_functions_eagerly(request.param not in COMPILED)
    yield MEMBERS[request.param]
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_trainer_keeps_its_promises(case, promise):
    promise(case)
