"""What says how good an architecture is: generator, trainer, evaluator.

A generator builds the network, a trainer fits it, an evaluator decides from which weights
it starts, what its score is, and what becomes of its weights. A strategy sees none of this.

The same role serves the two other ways to search. A supernet's evaluator owns weights that
all architectures share: it trains them in `begin_round`, on architectures that it draws from
the strategy, and `evaluate` is a pass over validation rows. That of a differentiable search
trains mixtures there, and the strategy reads the architecture off.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import numpy as np

from mlpnas.core.checkpoint import Checkpoint
from mlpnas.core.errors import InputError
from mlpnas.core.search_space import Architecture, SearchSpace
from mlpnas.core.shared_weights import SharedWeights, Weights
from mlpnas.core.task import Task
from mlpnas.core.trial import Evaluation, Trial

if TYPE_CHECKING:  # the loop gives it; nothing here needs it at run time
    import keras

    from mlpnas.core.strategies.strategy import Strategy

R = TypeVar("R")
Shapes = Mapping[str, Sequence[tuple[int, ...]]]


class Generator(ABC):
    """Decodes architectures of one space into Keras models."""

    space: SearchSpace

    @abstractmethod
    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> "keras.Model":
        """An ordinary, freshly initialised, uncompiled Keras model.

        Every layer that has weights is named by its weight key. Equal seeds give equal
        initial weights and dropout masks.
        """

    @abstractmethod
    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        """Weight key -> shapes of its arrays, in layer order, without building a model."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the training rows, at most.
        patience: epochs without a better one before training stops; None never stops early.
        batch_size: rows per step; the last batch of an epoch may be smaller.
        learning_rate: Adam's.
        best: the epoch whose weights are kept: that of the lowest validation `"loss"`, of
            the best `"metric"`, of equals the last, or in any case the `"last"`. The loss
            often rises again, since the network grows too sure of itself, while the accuracy
            still improves.
    """

    epochs: int = 10
    patience: int | None = 3
    batch_size: int = 32
    learning_rate: float = 1e-3
    best: Literal["loss", "metric", "last"] = "loss"

    def best_epoch(self, curve: Sequence[float], losses: Sequence[float]) -> int:
        """Number, from 0, of the epoch whose weights are kept.

        Args:
            curve: validation metric after each epoch.
            losses: validation loss after each epoch.
        """
        if self.best == "last":
            return len(curve) - 1
        if self.best == "loss":
            return int(np.argmin(losses))
        return len(curve) - 1 - int(np.argmax(curve[::-1]))


@dataclass(frozen=True)
class Job:
    """All that a worker needs to train one child, beside what it holds already.

    Attributes:
        architecture: what to train.
        seed: fixes initial weights, dropout masks and the order of the rows.
        weights: inherited arrays by weight key; places not named start fresh.
        recipe: how to train this one, a `Recipe` or what else its trainer takes; None for the
            trainer's own, which is for trials.
        part: number of a part of a cross-validation and how many there are, see `Task.part`;
            None for the task's own folds.
    """

    architecture: Architecture
    seed: int
    weights: Weights = field(default_factory=dict)
    recipe: Any = None
    part: tuple[int, int] | None = None

    def folds(self, task: Task) -> Task:
        """The task with the folds that this job is about."""
        return task if self.part is None else task.part(*self.part)

    def recipe_or(self, own: R) -> R:
        """How to train: as the job says, else as the trainer does by itself.

        Raises:
            InputError: if the job's recipe is not of the trainer's kind.
        """
        if self.recipe is None:
            return own
        if type(self.recipe) is not type(own):
            raise InputError(
                f"the job's recipe is {self.recipe!r}; expected a {type(own).__name__}, which "
                "its trainer takes"
            )
        return self.recipe

    def refuse(self, why: str, *fields: str) -> None:
        """Raise InputError if the job asks for what its trainer cannot give.

        Args:
            why: as the end of a sentence.
            fields: of the job, that must be as they are by default.
        """
        for name in fields:
            if given := getattr(self, name):
                shown = list(given) if name == "weights" else given
                raise InputError(f"the job's {name} is {shown!r}; expected none: {why}")


@dataclass(frozen=True)
class Outcome:
    """What training gave.

    Attributes:
        curve: validation metric after each epoch that ran (accuracy, or R² as it is).
        losses: `(training loss, validation loss)` after each epoch.
        weights: the arrays of the best epoch, by weight key.
        parameters: trainable parameters.
        seconds: wall-clock time.
        reason: why it failed; None if it did not.
        score: for trainers that judge the weights by another measure than the task's metric,
            higher is better; None leaves the judgement to the curve.
    """

    curve: tuple[float, ...] = ()
    losses: tuple[tuple[float, float], ...] = ()
    weights: Weights = field(default_factory=dict)
    parameters: int = 0
    seconds: float = 0.0
    reason: str | None = None
    score: float | None = None


class Trainer(Protocol):
    """Fits one network on the training fold and follows it on the validation fold."""

    def train(self, job: Job) -> Outcome:
        """Train the job's architecture; the same job gives the same outcome on a CPU.

        Raises:
            InputError: for what the job asks and the trainer cannot do. Nothing that a job
                says is passed over.
        """
        ...


class Evaluator(ABC):
    """Says how good the architectures of a round are.

    Attributes:
        whole_rounds: whether a round that has begun is finished whatever the clock says: its
            beginning has taken the time, and must not be lost.
    """

    whole_rounds: bool = False

    def begin_round(self, strategy: "Strategy") -> None:
        """Called before a round's architectures are asked for; shared weights are trained
        here."""
        return None

    def recall(self, trials: Sequence[Trial]) -> None:
        """Called before `evaluate` if the round was interrupted: its first trials, finished
        then, which are not evaluated again."""
        return None

    @abstractmethod
    def evaluate(
        self, architectures: Sequence[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        """An evaluation per architecture, in order, as they finish.

        A child that diverges, crashes or does not fit gives a failed one with its reason;
        only errors that would fail every child are raised.

        Args:
            first_id: number of the first one's trial, from which seeds follow.
        """

    def end_round(self) -> None:
        """Called when all of the round's trials are recorded."""
        return None

    def stream(
        self, architectures: Iterable[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        """For searches without rounds: evaluations as they finish.

        An architecture is taken when there is a worker for it, and what a child has learned
        is there for those that begin later.
        """
        for i, architecture in enumerate(architectures):
            (evaluation,) = self.evaluate([architecture], first_id + i)
            self.end_round()
            yield evaluation

    def state(self) -> dict[str, np.ndarray]:
        """What it carries from round to round, as arrays."""
        return {}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`."""
        return None


Reward = Literal["weighted", "best", "last", "cubed"]


def reward(curve: Sequence[float], kind: Reward = "weighted") -> float:
    """The score of a learning curve, in [0, 1]; NaN if it holds a NaN or nothing.

    `"weighted"` is the epoch-weighted mean sum(e * m_e) / sum(e), e = 1..n over the epochs
    that ran: late epochs count more, and one lucky epoch does not decide. `"best"` and
    `"last"` are the highest and the final value. `"cubed"` is the cube of the highest of the
    last five, which tells good children apart (Zoph and Le, ICLR 2017). R² is clipped to
    [0, 1] first.
    """
    if not curve:
        return math.nan
    clipped = np.clip(np.asarray(curve, np.float64), 0.0, 1.0)
    if kind == "weighted":
        return float(np.average(clipped, weights=np.arange(1, len(clipped) + 1)))
    if kind == "cubed":
        return float(clipped[-5:].max() ** 3)
    return float(clipped.max() if kind == "best" else clipped[-1])


def trial_seed(run_seed: int, trial_id: int) -> int:
    """The seed of one trial, in [0, 2**31): a hash of run seed and trial number, so it does
    not depend on what ran before or beside it."""
    return int(np.random.SeedSequence([run_seed, trial_id]).generate_state(1)[0] >> 1)


class ChildEvaluator(Evaluator):
    """Trains every architecture as a child of its own.

    Args:
        generator, task: what children are and what they learn.
        run: takes jobs, yields their outcomes in order; see `executors`.
        seed: of the run.
        store: children inherit from it and give back to it; None starts every child fresh.
        score: how a learning curve becomes a score, see `reward`.
        checkpoint: keeps what finished trials give to the store until the round is complete;
            None if the search need not outlive the process.
        stream: as `run`, but yields outcomes as they come, with the numbers of their jobs;
            None keeps their order. See `executors.Executor`.
    """

    def __init__(
        self,
        generator: Generator,
        task: Task,
        run: Callable[[Iterable[Job]], Iterator[Outcome]],
        seed: int = 0,
        store: SharedWeights | None = None,
        score: Reward = "weighted",
        checkpoint: Checkpoint | None = None,
        stream: Callable[[Iterable[Job]], Iterator[tuple[int, Outcome]]] | None = None,
    ):
        self._generator, self._task, self._run = generator, task, run
        self._stream = stream or (lambda jobs: enumerate(run(jobs)))
        self._seed, self._score = seed, score
        self.store, self._checkpoint = store, checkpoint
        self._finished: list[tuple[float, Weights]] = []

    def recall(self, trials: Sequence[Trial]) -> None:
        self._finished = []
        good = [(trial.id, trial.score) for trial in trials if trial.score is not None]
        if self.store is None or not good:
            return
        if self._checkpoint is None:
            raise ValueError("the weights of earlier trials were not kept; give a checkpoint")
        self._finished = [(score, self._checkpoint.kept(i)) for i, score in good]

    def evaluate(
        self, architectures: Sequence[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        # The store changes only in end_round: all jobs of a round see the same snapshot.
        jobs = [self._job(a, first_id + i) for i, a in enumerate(architectures)]
        outcomes = self._run(jobs)
        for i, (job, outcome) in enumerate(zip(jobs, outcomes, strict=True)):
            yield self._evaluation(first_id + i, job, outcome)

    def stream(
        self, architectures: Iterable[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        sent: dict[int, Job] = {}

        def jobs() -> Iterator[Job]:
            for number, architecture in enumerate(architectures):
                sent[number] = self._job(architecture, first_id + number)
                yield sent[number]

        for i, (number, outcome) in enumerate(self._stream(jobs())):
            evaluation = self._evaluation(first_id + i, sent.pop(number), outcome)
            self.end_round()
            yield evaluation

    def end_round(self) -> None:
        if self.store is not None:
            for score, weights in self._finished:
                self.store.merge(score, weights)
        self._finished = []

    def state(self) -> dict[str, np.ndarray]:
        return {} if self.store is None else self.store.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        if self.store is not None:
            self.store.restore(state)

    def _job(self, architecture: Architecture, trial_id: int) -> Job:
        weights: Weights = {}
        if self.store is not None:
            weights = self.store.lookup(self._generator.weight_shapes(architecture, self._task))
        return Job(architecture, trial_seed(self._seed, trial_id), weights)

    def _evaluation(self, trial_id: int, job: Job, outcome: Outcome) -> Evaluation:
        evaluation = Evaluation(
            job.architecture,
            curve=tuple(m for m in outcome.curve if math.isfinite(m)),
            parameters=outcome.parameters,
            seconds=outcome.seconds,
            inherited=self._inherited(job),
            reason=outcome.reason,
        )
        if outcome.reason is not None:
            return evaluation
        score = outcome.score
        if score is None:
            score = reward(outcome.curve, self._score)
        if not math.isfinite(score):
            reason = f"score {score} of the learning curve {outcome.curve}"
            return replace(evaluation, reason=reason)
        if self.store is not None:
            self._finished.append((score, outcome.weights))
            if self._checkpoint is not None:
                self._checkpoint.keep(trial_id, outcome.weights)
        return replace(evaluation, score=score)

    def _inherited(self, job: Job) -> float:
        """Hit rate of the store: which fraction of the job's keys it knew."""
        if not job.weights:
            return 0.0
        keys = self._generator.weight_shapes(job.architecture, self._task)
        return len(job.weights) / len(keys)
