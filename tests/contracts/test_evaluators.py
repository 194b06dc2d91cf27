"""Every evaluator of the packages is held to its contract; see `mlpnas.testing.evaluator`."""

import math
from functools import partial

import numpy as np
import pytest
from fakes import FakeSupernet, token_score
from members import concrete
from spaces import SMALL_MLP, CellSpace

from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.differentiable.strategy import GradientEvaluator
from mlpnas.core.evaluator.evaluator import ChildEvaluator, Evaluator
from mlpnas.core.evaluator.tabular import Entry, Table, TabularEvaluator
from mlpnas.core.executor.executors import InProcess, WorkerProcesses
from mlpnas.core.generator import Generator
from mlpnas.core.shared_weights import SharedWeights
from mlpnas.core.supernet import SupernetEvaluator
from mlpnas.core.trainer.base import Job, Outcome
from mlpnas.testing import EvaluatorCase
from mlpnas.testing.evaluator import PROMISES
from mlpnas.testing.fakes import tiny_task

CRASHES, DIVERGES, LOST = list(SMALL_MLP)[:3]  # for the fake trainer, one way to fail each


class FakeGenerator(Generator):
    """A weight key for each word, and one for the head."""

    space = SMALL_MLP

    def build(self, architecture, task, seed=0):
        raise AssertionError("evaluating builds nothing: the trainer does")

    def weight_shapes(self, architecture, task):
        return {str(token): ((1,),) for token in architecture.tokens}


class FakeTrainer:
    """Scores follow from the architecture, the seed and what was inherited."""

    def train(self, job: Job) -> Outcome:
        if job.architecture == CRASHES:
            raise MemoryError("no room")
        if job.architecture == DIVERGES:
            return Outcome(curve=(0.5, math.nan), reason="diverged in epoch 1")
        if job.architecture == LOST:
            return Outcome(curve=(math.nan,))
        noise = np.random.default_rng(job.seed).random()
        inherited = sum(float(array.sum()) for (array,) in job.weights.values())
        score = (token_score(job.architecture) + noise + math.tanh(inherited)) / 3
        weights = {str(t): (np.full(1, score, np.float32),) for t in job.architecture.tokens}
        return Outcome((score / 2, score), weights=weights, parameters=10, seconds=0.1)


HERE = partial(InProcess, FakeTrainer)
# `int` does nothing: without TensorFlow a process starts at once.
TWO = partial(WorkerProcesses, FakeTrainer, 2, prepare=int)


class Children(Evaluator):
    """A `ChildEvaluator` whose executor is there for a round, so that no process is left."""

    def __init__(self, executor):
        self._executor = executor
        self._inner = ChildEvaluator(
            FakeGenerator(), tiny_task("multiclass"), self._run, store=SharedWeights()
        )

    def _run(self, jobs):
        with self._executor() as executor:
            yield from executor.run(jobs)

    def evaluate(self, architectures, first_id):
        return self._inner.evaluate(architectures, first_id)

    def stream(self, architectures, first_id):
        return self._inner.stream(architectures, first_id)

    def end_round(self):
        self._inner.end_round()

    def state(self):
        return self._inner.state()

    def restore(self, state):
        self._inner.restore(state)


CELLS = CellSpace(3)


class FakeMixture(FakeSupernet):
    """A mixture of nothing, with one variable: the number of its passes."""

    operations, edges = ("a", "b"), ((0, 2),)

    def __init__(self, space):
        super().__init__(space)
        self.passed = np.zeros(1)

    def train(self, number):
        self.passed += 1
        return 1.0, 1.0

    def tables(self):
        return {"cell": np.array([[self.passed[0], 1.0]])}

    def derive(self, tables):
        return self.space.sample_walk(np.random.default_rng(int(tables["cell"][0, 0])))

    def score(self):
        return 0.5

    def validate(self, architectures):
        return [score / (1 + self.passed[0]) for score in super().validate(architectures)]

    def variables(self):
        return [Variable(self.passed)]


class Variable:
    """What Keras's variables can do, on an array."""

    def __init__(self, array):
        self._array = array

    def numpy(self):
        return self._array.copy()

    def assign(self, value):
        self._array[...] = value


def table() -> Table:
    entries = {SMALL_MLP.canonical(a).tokens: Entry(token_score(a), 0.5) for a in SMALL_MLP}
    entries.pop(LOST.tokens)
    entries[DIVERGES.tokens] = Entry(math.nan, math.nan)
    return Table("made up", SMALL_MLP, entries, "score", "reported")


MEMBERS = {
    "children": EvaluatorCase(
        partial(Children, HERE),
        SMALL_MLP,
        failing=(CRASHES, DIVERGES, LOST),
        others=(partial(Children, TWO),),
    ),
    "table": EvaluatorCase(
        lambda: TabularEvaluator(table()), SMALL_MLP, failing=(LOST, DIVERGES)
    ),
    "shared weights": EvaluatorCase(lambda: SupernetEvaluator(FakeSupernet(CELLS)), CELLS),
    "mixture": EvaluatorCase(
        lambda: GradientEvaluator(GradientSearch(FakeMixture(CELLS), 6)), CELLS
    ),
}


def test_every_evaluator_of_the_packages_is_held_to_the_contract():
    held = {type(case.make()) for case in MEMBERS.values()} - {Children}
    assert held | {ChildEvaluator} == concrete(Evaluator)


@pytest.mark.parametrize("case", MEMBERS.values(), ids=MEMBERS)
@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_an_evaluator_keeps_its_promises(case, promise):
    promise(case)
