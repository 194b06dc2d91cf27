"""Run: a search over a kit's space, put together from its settings, and where it is kept."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from mlpnas.core.data.measure import Measure
from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.differentiable.strategy import GradientEvaluator, GradientStrategy
from mlpnas.core.evaluator.evaluator import ChildEvaluator, Evaluator, Reward, trial_seed
from mlpnas.core.executor.executors import Executor, InProcess, TrainerFactory
from mlpnas.core.generator import Generator
from mlpnas.core.run.clock import Clock
from mlpnas.core.run.folder import Folder, describe_data
from mlpnas.core.run.kit import Kit
from mlpnas.core.run.search_settings import SearchSettings
from mlpnas.core.run.session import Session
from mlpnas.core.run.workers import Hire, Workers, make_executor
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.supernet import Supernet, SupernetEvaluator
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Outcome
from mlpnas.core.trainer.retraining import Assorted, Plan, persistent
from mlpnas.core.trial import History, Trial


class Data(Protocol):
    """A task, as a package reads it."""

    @property
    def task(self) -> Task:
        """What is learned."""
        ...

    def record(self) -> dict[str, Any]:
        """What run.json says of it, besides what `describe_data` does."""
        ...


D = TypeVar("D", bound=Data)


class Training(Protocol):
    """How a package trains the networks of any generator."""

    @property
    def score(self) -> Reward:
        """How a child's learning curve becomes a score, where its trainer gives none."""
        ...

    def recipe(self, epochs: int) -> Any:
        """How a child is trained for so many epochs."""
        ...

    def trainer(self, generator: Generator, recipe: Any) -> TrainerFactory:
        """What makes trainers by that recipe; it can be sent to other processes."""
        ...


@dataclass
class Run(Generic[D]):
    """A search, and where it is kept.

    Attributes:
        settings: what was asked.
        kit: what belongs to the space.
        data: what is learned from.
        folder: keeps it.
        training: how networks are trained.
        workers: where children are trained.
        hire: makes an executor of what makes trainers.
        space, generator: what is searched, and what builds children of it.
        supernet: the shared weights, however they are learned; None if children are trained
            one by one.
        executor: where the search's children are trained.
        session: strategy and evaluator.
    """

    settings: SearchSettings
    kit: Kit
    data: D
    folder: Folder
    training: Training
    workers: Workers
    hire: Hire = make_executor
    space: SearchSpace = field(init=False)
    generator: Generator = field(init=False)
    supernet: Supernet | GradientSearch | None = field(init=False, default=None)
    executor: Executor = field(init=False)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        s = self.settings
        self.kit.check(self.data.task)
        self.space = self.kit.space(s)
        self.generator = self.kit.generator(self.space, s, False)
        evaluator, strategy = self._shared()
        child = self.training.trainer(self.generator, self.training.recipe(s.epochs))
        # Where the supernet does the work, other processes would wait with all the data.
        self.executor = InProcess(child) if evaluator else self.hire(child, self.workers)
        evaluator = evaluator or self._children(self.executor, s.seed)
        strategy = strategy or self.kit.strategy(self.space, s)
        self.session = Session(s, self.folder, strategy, evaluator)

    def _shared(self) -> tuple[Evaluator | None, Strategy | None]:
        """Who evaluates with shared weights, and who chooses if a gradient does."""
        s, task, kit = self.settings, self.data.task, self.kit
        if s.one_shot and kit.gradient is not None:
            self.supernet = gradient = kit.gradient(self.space, task, s)
            return GradientEvaluator(gradient), GradientStrategy(gradient)
        if s.one_shot and kit.supernet is not None:
            self.supernet = supernet = kit.supernet(self.space, task, s)
            return SupernetEvaluator(supernet, s.rounds_per_pass), None
        return None, None

    @property
    def measure(self) -> Measure:
        """What scores are shown in."""
        return self.settings.measure(len(self.data.task.classes))

    @contextmanager
    def baselines(self, epochs: int) -> Iterator[ChildEvaluator]:
        """What trains random children beside the search, each for so many epochs; where the
        search has trained its own, if they are as long."""
        seed = self.seed_of(1)
        if self.supernet is None:
            yield self._children(self.executor, seed)
            return
        with self.hire(self._beside(epochs), self.workers) as executor:
            yield self._children(executor, seed)

    def _beside(self, epochs: int) -> TrainerFactory:
        """What makes trainers of random children beside shared weights."""
        s, task = self.settings, self.data.task.without_test()
        if self.kit.beside is not None:
            return self.kit.beside(self.space, task, s, epochs, self.seed_of(1))
        return self.training.trainer(self.generator, self.training.recipe(epochs))

    def final_generator(self) -> Generator:
        """What builds the networks that are trained at length."""
        return self.kit.generator(self.space, self.settings, True)

    def train_at_length(
        self, planned: Mapping[str, Plan]
    ) -> tuple[dict[str, Plan], dict[str, Outcome]]:
        """Train each network from fresh weights; what diverges once more, by smaller steps.

        Args:
            planned: by where their architectures came from.

        Returns:
            The plans as they were followed, and what came of them.

        Raises:
            InputError: see `retraining.persistent`.
        """
        make = partial(Assorted, self.training.trainer)

        def train(plans: Mapping[str, Plan]) -> dict[str, Outcome]:
            seed = self.seed_of(2)
            jobs = [
                Job(p.architecture, seed, recipe=(p.generator, p.recipe))
                for p in plans.values()
            ]
            with self.hire(make, self.workers) as executor:
                return dict(zip(plans, executor.run(jobs), strict=True))

        return persistent(train, planned, Plan.slower)

    def _children(self, executor: Executor, seed: int) -> ChildEvaluator:
        """Trains children from fresh weights."""
        score = self.training.score
        return ChildEvaluator(self.generator, self.data.task, executor.run, seed, score=score)

    def seed_of(self, purpose: int) -> int:
        """A seed for what follows the search; other than those of the trials."""
        return trial_seed(self.settings.seed, 2**31 + purpose)

    def parameters(self, architecture: Architecture) -> int:
        """Trainable parameters of an architecture, by which the clock foresees its time."""
        if self.supernet is not None:
            return self.supernet.parameters(architecture)
        return self.generator.parameters(architecture, self.data.task)

    def restore(self) -> History:
        """See `Session`."""
        return self.session.restore()

    def search(self, history: History, clock: Clock, on_trial: Callable[[Trial], None]) -> None:
        """See `Session`."""
        self.session.search(history, clock, on_trial)

    def write(self, **results: Any) -> None:
        """Write run.json."""
        data = describe_data(self.data.task) | self.data.record()
        self.folder.write(self.settings, data, space=self.space.name, **results)
