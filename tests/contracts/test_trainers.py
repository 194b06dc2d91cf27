"""What every trainer does with its job: follows all of it, or refuses it with an error."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from conftest import make_tiny_task
from recurrent import SPACE as CELLS
from recurrent import cells, text_task

from cnnnas.space.macro_space import MacroSpace
from cnnnas.supernet.image_supernet import ImageSupernet, SharedTraining
from cnnnas.supernet.macro_network import MacroNetwork
from cnnnas.supernet.stand_alone_trainer import StandAloneTrainer
from cnnnas.supernet.weight_bank import WeightBank
from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Outcome, Recipe, Trainer
from mlpnas.core.trainer.keras_trainer import KerasTrainer
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace
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


def images() -> Task:
    """Noise whose mean tells the class: 24 + 12 + 12 images."""
    rng, y = np.random.default_rng(0), (np.arange(48) % 2).astype(np.int32)
    x = rng.normal(size=(48, 4, 4, 1)).astype(np.float32) + y[:, None, None, None]
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


@dataclass(frozen=True)
class Member:
    """A trainer, and what it can be asked for.

    Attributes:
        make: it, for a task and with a recipe of its own.
        recipe: of two epochs.
        foreign: one of another kind.
        refuses: fields of jobs that it does not follow.
        seeded: whether another seed gives another outcome.
        eagerly: whether it can run without compiling, which takes longer than all else.
    """

    make: Callable[[Task, Any], Trainer]
    task: Task
    architecture: Architecture
    recipe: Any = PLAIN
    foreign: Any = TEXT
    refuses: frozenset[str] = frozenset()
    seeded: bool = True
    eagerly: bool = True

    def job(self, seed: int = 0, **more: Any) -> Job:
        return Job(self.architecture, seed, **more)

    def train(self, job: Job, **recipe: Any) -> Outcome:
        """By a trainer whose own recipe is changed so."""
        return self.make(self.task, replace(self.recipe, **recipe)).train(job)


MULTICLASS = make_tiny_task("multiclass")
MEMBERS = {
    "compiled": Member(
        lambda task, recipe: MLPTrainer(task, MLPGenerator(TABLE), recipe),
        MULTICLASS,
        TABLE.parse("(4, 'relu'), (3, 'softmax')"),
        eagerly=False,
    ),
    "not compiled": Member(
        lambda task, recipe: MLPTrainer(task, MLPGenerator(NORMED), recipe),
        MULTICLASS,
        NORMED.parse("(4, 'relu'), 'batch_norm', (3, 'softmax')"),
    ),
    "keras": Member(
        lambda task, recipe: KerasTrainer(task, MLPGenerator(TABLE), recipe),
        MULTICLASS,
        TABLE.parse("(4, 'relu'), (3, 'softmax')"),
    ),
    "text": Member(
        text,
        text_task(n=31),
        cells(1)[0],
        TEXT,
        PLAIN,
        frozenset({"part"}),
    ),
    "path": Member(
        path,
        images(),
        IMAGES.sample_walk(np.random.default_rng(0)),
        replace(PLAIN, learning_rate=0.1),
        refuses=frozenset({"recipe", "weights", "part"}),
        seeded=False,
    ),
}


SLOW = {"not compiled"}  # trained by what "keras" is trained by


@pytest.fixture(
    params=[pytest.param(m, marks=[pytest.mark.slow] * (m in SLOW)) for m in MEMBERS]
)
def member(request):
    member = MEMBERS[request.param]
    tf.config.run_functions_eagerly(member.eagerly)
    yield member
    tf.config.run_functions_eagerly(False)


def equal(one: Outcome, other: Outcome) -> bool:
    """But for the time they took."""
    same = [
        np.array_equal(a, b)
        for key in one.weights
        for a, b in zip(one.weights[key], other.weights[key], strict=True)
    ]
    told = [(o.curve, o.losses, o.parameters, o.reason, o.score) for o in (one, other)]
    return told[0] == told[1] and list(one.weights) == list(other.weights) and all(same)


def test_the_same_job_gives_the_same_outcome_whatever_was_trained_before(member):
    trainer = member.make(member.task, member.recipe)
    once = trainer.train(member.job(seed=3))
    assert once.reason is None
    assert len(once.curve) == member.recipe.epochs
    other = trainer.train(member.job(seed=4))
    assert equal(once, trainer.train(member.job(seed=3)))
    assert equal(once, member.train(member.job(seed=3)))
    assert equal(once, other) != member.seeded


def test_the_jobs_recipe_counts_before_the_trainers_own(member):
    asked = replace(member.recipe, epochs=1, learning_rate=0.01)
    if "recipe" in member.refuses:
        with pytest.raises(InputError, match="recipe"):
            member.train(member.job(recipe=asked))
        return
    by_job = member.train(member.job(recipe=asked))
    assert len(by_job.curve) == 1
    assert equal(by_job, member.make(member.task, asked).train(member.job()))


def test_a_recipe_of_another_kind_is_refused(member):
    with pytest.raises(InputError, match="recipe"):
        member.train(member.job(recipe=member.foreign))


def test_inherited_weights_are_where_training_starts_and_others_are_fresh(member):
    still = {"epochs": 1, "learning_rate": 0.0}  # so that what is kept is what it began with
    donor = member.train(member.job(seed=1), epochs=1)
    if "weights" in member.refuses:
        with pytest.raises(InputError, match="weights"):
            member.train(member.job(weights={"layer": (np.zeros(1),)}))
        return
    first, *others = donor.weights
    fresh = member.train(member.job(seed=2), **still)
    heir = member.train(member.job(seed=2, weights={first: donor.weights[first]}), **still)
    for key in donor.weights:
        expected = donor if key == first else fresh
        for a, b in zip(heir.weights[key], expected.weights[key], strict=True):
            if "norm" not in key:  # whose statistics move without a rate
                np.testing.assert_array_equal(a, b, err_msg=key)
    assert others


def test_a_part_of_a_cross_validation_is_what_is_learned_and_scored(member):
    if "part" in member.refuses:
        with pytest.raises(InputError, match="part"):
            member.train(member.job(part=(0, 3)))
        return
    parts = [member.train(member.job(part=(number, 3))) for number in (0, 1)]
    assert not equal(*parts)
    apart = member.make(member.task.part(1, 3), member.recipe)
    assert equal(parts[1], apart.train(member.job()))


def test_what_diverges_is_a_failed_outcome_with_its_reason(member):
    outcome = member.train(member.job(), learning_rate=math.nan)
    assert "diverged" in outcome.reason
    assert outcome.score is None
