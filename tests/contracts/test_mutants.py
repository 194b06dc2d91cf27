"""Each battery catches what somebody might get wrong: each mutant is broken in one way."""

import math
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np
import pytest
from fakes import FakeSupernet, token_score
from spaces import SMALL_MLP, CellSpace

from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.executor.executors import InProcess
from mlpnas.core.generator import Generator
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trainer.base import Outcome, Recipe
from mlpnas.core.trial import Evaluation
from mlpnas.generator import MLPGenerator
from mlpnas.testing import (
    ContractError,
    EvaluatorCase,
    TrainerCase,
    check_evaluator,
    check_executor,
    check_generator,
    check_space,
    check_strategy,
    check_supernet,
    check_trainer,
)
from mlpnas.testing.fakes import tiny_task

CELLS = CellSpace(3)


def caught(pattern: str, check, *arguments, **options) -> None:
    with pytest.raises(ContractError, match=pattern):
        check(*arguments, **options)


# --- spaces -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Miscounting(CellSpace):
    """Counts one member too many."""

    def completions(self, prefix):
        return super().completions(prefix) + (not prefix)


@dataclass(frozen=True)
class OwnNeighbour(CellSpace):
    """Forgets that a neighbour differs."""

    def neighbours(self, architecture):
        return [architecture, *super().neighbours(architecture)]


@dataclass(frozen=True)
class Lopsided(CellSpace):
    """Draws the same walk half of the time."""

    def sample_architecture(self, rng):
        favourite = self.architecture([0] * len(self.decisions))
        return favourite if rng.random() < 0.5 else super().sample_architecture(rng)


@dataclass(frozen=True)
class Blind(CellSpace):
    """Has the same features for all."""

    def features(self, architecture):
        return np.zeros(3)


@pytest.mark.parametrize(
    ("broken", "pattern"),
    [
        (Miscounting, r"completions\(\(\)\) is 129; expected 128"),
        (OwnNeighbour, "is its own neighbour"),
        (Lopsided, "was drawn .* times of 5120; expected 40"),
        (Blind, "has the features of"),
    ],
)
def test_a_broken_space_is_caught(broken, pattern):
    caught(pattern, check_space, broken(3))


# --- strategies -------------------------------------------------------------------------


class Repeating(RandomStrategy):
    """Remembers nothing that it proposed."""

    def ask(self, n):
        return self.sample(n)


class Forgetful(RandomStrategy):
    """Restores nothing."""

    def restore(self, state):
        pass


class Unseeded(RandomStrategy):
    """Has a seed of its own."""

    def __init__(self, space, seed):
        super().__init__(space, int(np.random.SeedSequence().generate_state(1)[0]))


class Poisoned(RandomStrategy):
    """Takes a failure for a score."""

    known = True

    def tell(self, trials):
        self.known = self.known and all(trial.ok for trial in trials)

    def predict(self, architecture):
        return 0.5 if self.known else math.nan


class Stingy(RandomStrategy):
    """Proposes one less."""

    def ask(self, n):
        return super().ask(max(1, n - 1))


@pytest.mark.parametrize(
    ("broken", "pattern"),
    [
        (Repeating, "was proposed after its equal|more than once"),
        (Forgetful, "after restore ask gave"),
        (Unseeded, "equal seeds propose otherwise"),
        (Poisoned, "after failures predict"),
        (Stingy, r"ask\(5\) gave 4 architectures; expected 5"),
    ],
)
def test_a_broken_strategy_is_caught(broken, pattern):
    caught(pattern, check_strategy, broken)


# --- generators -------------------------------------------------------------------------


class Altered(Generator):
    """Hands all to the generator of perceptrons; a mutant alters something on the way."""

    space, inner = SMALL_MLP, MLPGenerator(SMALL_MLP)

    def build(self, architecture, task, seed=0):
        return self.inner.build(architecture, task, seed)

    def weight_shapes(self, architecture, task):
        return self.inner.weight_shapes(architecture, task)


class OneSeed(Altered):
    """Ignores the seed."""

    def build(self, architecture, task, seed=0):
        return self.inner.build(architecture, task, 0)


class GlobalSeed(Altered):
    """Takes the seed that all of Keras takes."""

    def build(self, architecture, task, seed=0):
        return self.inner.build(architecture, task, int(np.random.randint(2**31)))  # noqa: NPY002


class NoBias(Altered):
    """Promises kernels only."""

    def weight_shapes(self, architecture, task):
        shapes = self.inner.weight_shapes(architecture, task)
        return {key: arrays[:1] for key, arrays in shapes.items()}


class Renamed(Altered):
    """Has keys that no layer has."""

    def weight_shapes(self, architecture, task):
        shapes = self.inner.weight_shapes(architecture, task)
        return {f"{key}/kernel": arrays for key, arrays in shapes.items()}


class Logits(Altered):
    """Gives two outputs for three classes."""

    def build(self, architecture, task, seed=0):
        model = self.inner.build(architecture, task, seed)
        return keras.Model(model.inputs[0], model.outputs[0][:, :2])


@pytest.mark.parametrize(
    ("broken", "pattern"),
    [
        (OneSeed, "builds with seeds 0 and 1 have equal weights"),
        (GlobalSeed, "two builds with seed 0 have different weights"),
        (NoBias, "weight_shapes says"),
        (Renamed, "layers are named"),
        (Logits, r"gives \(3, 2\); expected \(3, 3\)"),
    ],
)
def test_a_broken_generator_is_caught(broken, pattern):
    caught(pattern, check_generator, broken(), tiny_task("multiclass"), [next(iter(SMALL_MLP))])


# --- trainers ---------------------------------------------------------------------------


class Arithmetic:
    """An honest trainer of nothing: what it learns is a sum."""

    def __init__(self, task, recipe):
        self.task, self.recipe = task, recipe

    def train(self, job):
        recipe, task = job.recipe_or(self.recipe), job.folds(self.task)
        if math.isnan(recipe.learning_rate):
            return Outcome(reason="diverged in epoch 1")
        rng = np.random.default_rng(job.seed)
        weights = {key: (rng.random(2),) for key in "ab"} | job.weights
        step = recipe.learning_rate * float(task.train.x.sum())
        weights = {key: (array + step * recipe.epochs,) for key, (array,) in weights.items()}
        curve = [float(weights["a"][0][0]) + epoch for epoch in range(recipe.epochs)]
        return Outcome(tuple(curve), weights=weights)


class OwnRecipe(Arithmetic):
    """Passes the job's recipe over."""

    def train(self, job):
        return super().train(replace(job, recipe=None))


class Fresh(Arithmetic):
    """Passes inherited weights over."""

    def train(self, job):
        return super().train(replace(job, weights={}))


class Whole(Arithmetic):
    """Passes the part over."""

    def train(self, job):
        return super().train(replace(job, part=None))


class Carrying(Arithmetic):
    """Goes on with what it trained before."""

    carried: dict = {}  # noqa: RUF012

    def train(self, job):
        outcome = super().train(replace(job, weights=self.carried | job.weights))
        self.carried = outcome.weights
        return outcome


def training(make) -> TrainerCase:
    recipe = Recipe(epochs=2, patience=None, best="last")
    return TrainerCase(make, tiny_task("multiclass"), next(iter(SMALL_MLP)), recipe)


def test_an_honest_trainer_passes():
    check_trainer(training(Arithmetic))


@pytest.mark.parametrize(
    ("broken", "pattern"),
    [
        (OwnRecipe, "2 epochs were trained; the job's recipe has 1"),
        (Fresh, "weights 'a' did not start from inherited ones"),
        (Whole, "two parts of a cross-validation have equal outcomes"),
        (Carrying, "a job has another outcome after another job"),
    ],
)
def test_a_broken_trainer_is_caught(broken, pattern):
    caught(pattern, check_trainer, training(broken))


# --- evaluators -------------------------------------------------------------------------

FAILING = list(SMALL_MLP)[5]


class Honest(Evaluator):
    """Scores by tokens and number, and by how many rounds there were."""

    def __init__(self):
        self.rounds = 0

    def evaluate(self, architectures, first_id):
        return iter([self.one(a, i) for i, a in enumerate(architectures, start=first_id)])

    def one(self, architecture, number):
        if architecture == FAILING:
            return Evaluation(architecture, reason="out of memory")
        return Evaluation(architecture, token_score(architecture) + 0.1 * number + self.rounds)

    def end_round(self):
        self.rounds += 1

    def state(self):
        return {"rounds": np.array(self.rounds)}

    def restore(self, state):
        self.rounds = int(state["rounds"])


class Sorting(Honest):
    """Gives evaluations best first."""

    def evaluate(self, architectures, first_id):
        found = super().evaluate(architectures, first_id)
        return iter(sorted(found, key=lambda e: str(e.architecture), reverse=True))


class Crashing(Honest):
    """Ends with the first failure."""

    def evaluate(self, architectures, first_id):
        for evaluation in super().evaluate(architectures, first_id):
            yield evaluation
            if not evaluation.ok:
                return


class Unnumbered(Honest):
    """Numbers what it is given from 0."""

    def evaluate(self, architectures, first_id):
        return super().evaluate(architectures, 0)


class NotANumber(Honest):
    """Gives what failed a score."""

    def one(self, architecture, number):
        return replace(super().one(architecture, number), score=math.nan, reason=None)


class Stateless(Honest):
    """Does not keep what it carries from round to round."""

    def state(self):
        return {}

    def restore(self, state):
        pass


def evaluating(make) -> EvaluatorCase:
    return EvaluatorCase(make, SMALL_MLP, failing=[FAILING])


def test_an_honest_evaluator_passes():
    check_evaluator(evaluating(Honest))


@pytest.mark.parametrize(
    ("broken", "pattern"),
    [
        (Sorting, "evaluations of .*; expected"),
        (Crashing, "2 evaluations of 3 with a failure"),
        (Unnumbered, "one by one .*; in one call"),
        (NotANumber, "has no reason|has score nan"),
        (Stateless, "after restore"),
    ],
)
def test_a_broken_evaluator_is_caught(broken, pattern):
    caught(pattern, check_evaluator, evaluating(broken))


# --- supernets --------------------------------------------------------------------------


class Learning(FakeSupernet):
    """Learns from validation rows."""

    def score(self, architectures, batch):
        self.trained += 1
        return super().score(architectures, batch)


class Sociable(FakeSupernet):
    """Normalises scores over those that are asked for together."""

    def score(self, architectures, batch):
        scores = super().score(architectures, batch)
        return [score - min(scores) for score in scores]


class Shared(FakeSupernet):
    """Hands out its arrays, not what they hold."""

    def state(self):
        return {"trained": self.trained}


class Hospitable(FakeSupernet):
    """Scores whatever it is given."""

    def validate(self, architectures):
        return [token_score(architecture) for architecture in architectures]


@pytest.mark.parametrize(
    ("broken", "pattern"),
    [
        (Learning, r"after scores the arrays \['trained'\] of state\(\) differ"),
        (Sociable, "when they are scored together"),
        (Shared, "after more training the earlier"),
        (Hospitable, "score of an architecture of another space was accepted"),
    ],
)
def test_a_broken_supernet_is_caught(broken, pattern):
    caught(pattern, check_supernet, partial(broken, CELLS))


# --- executors --------------------------------------------------------------------------


class Backwards(InProcess):
    """Takes all jobs and begins with the last."""

    def run(self, jobs):
        yield from reversed(list(super().run(jobs)))


class Dropping(InProcess):
    """Says nothing of what failed."""

    def stream(self, jobs):
        return (pair for pair in super().stream(jobs) if pair[1].reason is None)


class Hoarding(InProcess):
    """Wants all jobs before it begins."""

    def stream(self, jobs):
        return super().stream([job for job, _ in zip(jobs, range(50), strict=False)])


class Weightless(InProcess):
    """Leaves inherited weights behind on the way to the trainer."""

    def stream(self, jobs):
        return super().stream(replace(job, weights={}) for job in jobs)


@pytest.mark.parametrize(
    ("broken", "pattern"),
    [
        (Backwards, "the outcomes are .*; expected"),
        (Dropping, "the outcomes are .*; expected"),
        (Hoarding, "47 jobs were taken before the outcomes they follow from"),
        (Weightless, "the outcomes are .*; expected"),
    ],
)
def test_a_broken_executor_is_caught(broken, pattern):
    caught(pattern, check_executor, lambda factory, _: broken(factory), isolated=False)
