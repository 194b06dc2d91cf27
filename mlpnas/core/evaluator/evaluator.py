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
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from mlpnas.core.generator import Generator
from mlpnas.core.shared_weights import SharedWeights, Weights
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Outcome
from mlpnas.core.trial import Evaluation, Trial

if TYPE_CHECKING:  # the loop gives it; nothing here needs it at run time
    from mlpnas.core.strategies.base import Strategy


class Evaluator(ABC):
    """Says how good the architectures of a round are.

    Attributes:
        whole_rounds: whether a round that has begun is finished whatever the clock says: its
            beginning has taken the time, and must not be lost.

    Examples:
        >>> from mlpnas import Evaluation, Evaluator, History, MLPSpace, RandomStrategy, search
        >>> class Shallow(Evaluator):
        ...     def evaluate(self, architectures, first_id):
        ...         for architecture in architectures:
        ...             yield Evaluation(architecture, score=1 / len(architecture.tokens))
        >>> space = MLPSpace((3, "softmax"))
        >>> history = search(RandomStrategy(space), Shallow(), History(), trials=20)
        >>> history.best().score
        0.2
    """

    whole_rounds: bool = False

    def begin_round(self, strategy: "Strategy") -> None:
        """Prepare a round before its architectures are proposed: train shared weights."""
        return None

    def recall(self, trials: Sequence[Trial]) -> None:
        """Take back the first trials of a round that was interrupted; they are not evaluated
        again. Called before `evaluate`."""
        return None

    @abstractmethod
    def evaluate(
        self, architectures: Sequence[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        """Yield an evaluation per architecture, in order, as they finish.

        A child that diverges, crashes or does not fit gives a failed one with its reason;
        only errors that would fail every child are raised.

        Args:
            first_id: number of the first one's trial, from which seeds follow.
        """

    def end_round(self) -> None:
        """End a round, once all of its trials are recorded."""
        return None

    def stream(
        self, architectures: Iterable[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        """Yield evaluations as they finish, for searches without rounds.

        An architecture is taken when there is a worker for it, and what a child has learned
        is there for those that begin later.
        """
        for i, architecture in enumerate(architectures):
            (evaluation,) = self.evaluate([architecture], first_id + i)
            self.end_round()
            yield evaluation

    def state(self) -> dict[str, np.ndarray]:
        """Return what it carries from round to round, as arrays."""
        return {}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Put a `state` back."""
        return None


Reward = Literal["weighted", "best", "last", "cubed"]


def reward(curve: Sequence[float], kind: Reward = "weighted") -> float:
    """Score a learning curve, in [0, 1]; NaN if it holds a NaN or nothing.

    `"weighted"` is the epoch-weighted mean sum(e * m_e) / sum(e), e = 1..n over the epochs
    that ran: late epochs count more, and one lucky epoch does not decide. `"best"` and
    `"last"` are the highest and the final value. `"cubed"` is the cube of the highest of the
    last five, which tells good children apart (Zoph and Le, ICLR 2017). R² is clipped to
    [0, 1] first.

    Examples:
        >>> from mlpnas import reward
        >>> round(reward((0.4, 0.7)), 4)  # (1 * 0.4 + 2 * 0.7) / (1 + 2)
        0.6
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
    """Return the seed of one trial, in [0, 2**31).

    It is a hash of run seed and trial number, so it does not depend on what ran before or
    beside it.
    """
    return int(np.random.SeedSequence([run_seed, trial_id]).generate_state(1)[0] >> 1)


class Keeper(Protocol):
    """Outlives the process with what finished trials of a round trained, see `checkpoint`."""

    def keep(self, trial_id: int, weights: Weights) -> None:
        """Put what a trial trained away, until the round is complete."""
        ...

    def kept(self, trial_id: int) -> Weights:
        """What a finished trial trained."""
        ...


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

    Examples:
        >>> from mlpnas import ChildEvaluator, MLPGenerator, MLPSpace, Outcome, SharedWeights
        >>> from mlpnas.testing.fakes import tiny_task
        >>> space, task = MLPSpace((3, "softmax")), tiny_task("multiclass")
        >>> def run(jobs):
        ...     return (Outcome(curve=(0.4, 0.7)) for job in jobs)  # by nobody; else a trainer
        >>> evaluator = ChildEvaluator(MLPGenerator(space), task, run, store=SharedWeights())
        >>> architecture = space.parse("(8, 'relu'), (3, 'softmax')")
        >>> [evaluation] = evaluator.evaluate([architecture], first_id=0)
        >>> round(evaluation.score, 4)  # (1 * 0.4 + 2 * 0.7) / (1 + 2)
        0.6
    """

    def __init__(
        self,
        generator: Generator,
        task: Task,
        run: Callable[[Iterable[Job]], Iterator[Outcome]],
        seed: int = 0,
        store: SharedWeights | None = None,
        score: Reward = "weighted",
        checkpoint: Keeper | None = None,
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
