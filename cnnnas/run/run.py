"""Run: the pieces of a search on images, put together from settings; and continued."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from cnnnas.data.images import Images
from cnnnas.run.factory import (  # fmt: skip
    check_images,
    make_controller,
    make_darts,
    make_depth_schedule,
    make_final_generator,
    make_generator,
    make_stand_alone_trainer,
    make_supernet,
)
from cnnnas.run.settings import Settings
from cnnnas.run.spaces import make_space
from cnnnas.space.zoph_space import ZophSpace
from cnnnas.supernet.image_supernet import ImageSupernet
from cnnnas.trainer.training import augmentation, make_trainer
from mlpnas.core.data.measure import Measure
from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.differentiable.strategy import GradientEvaluator, GradientStrategy
from mlpnas.core.evaluator.evaluator import ChildEvaluator, Evaluator, trial_seed  # fmt: skip
from mlpnas.core.executor.executors import Executor, InProcess, TrainerFactory, WorkerProcesses
from mlpnas.core.generator import Generator  # fmt: skip
from mlpnas.core.run.clock import Clock
from mlpnas.core.run.folder import Folder, describe_data
from mlpnas.core.run.session import Session
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.named import make_strategy
from mlpnas.core.supernet import SupernetEvaluator
from mlpnas.core.trainer.base import Job, Outcome, Recipe  # fmt: skip
from mlpnas.core.trial import History, Trial

# Of children: those of a search without shared weights, and the random ones beside one with.
CHILD = Recipe(patience=None, batch_size=64, learning_rate=0.05)


@dataclass
class Run:
    """A search on images, and where it is kept.

    Attributes:
        settings, images: what was asked.
        folder: keeps it.
        jobs: processes that train children.
        space, generator: what is searched, and what builds children of it.
        supernet: the shared weights; None if children are trained one by one.
        executor: where the search's children are trained.
        session: strategy and evaluator.
    """

    settings: Settings
    images: Images
    folder: Folder
    jobs: int = 1
    space: SearchSpace = field(init=False)
    generator: Generator = field(init=False)
    supernet: ImageSupernet | GradientSearch | None = field(init=False)
    executor: Executor = field(init=False)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        s, task = self.settings, self.images.task
        self.space = make_space(s)
        check_images(self.space, task)
        self.generator = make_generator(self.space, s.sizes)
        self.supernet = None
        if s.one_shot:
            make = make_darts if s.differentiable else make_supernet
            self.supernet = make(self.space, task, s, augmentation(s.augment, task))
        child = self._trainer(self.generator, self.recipe)
        # Where the supernet does the work, other processes would wait with all the images.
        self.executor = InProcess(child) if self.supernet else make_executor(child, self.jobs)
        self.session = Session(s, self.folder, self._strategy(), self._evaluator())

    def _strategy(self) -> Strategy:
        s = self.settings
        if isinstance(self.supernet, GradientSearch):
            return GradientStrategy(self.supernet)
        if self.supernet is not None and s.strategy == "reinforce":
            return make_controller(self.space, s)
        assert s.strategy != "gradient"  # which the settings take for a darts search alone
        if isinstance(self.space, ZophSpace) and s.strategy in ("reinforce", "ppo"):
            return make_depth_schedule(self.space, s)
        return make_strategy(s.strategy, self.space, s.seed)

    def _evaluator(self) -> Evaluator:
        if self.supernet is None:
            return self._children(self.executor, self.settings.seed)
        if isinstance(self.supernet, GradientSearch):
            return GradientEvaluator(self.supernet)
        return SupernetEvaluator(self.supernet, self.settings.rounds_per_pass)

    @property
    def measure(self) -> Measure:
        """What scores are shown in."""
        return self.settings.measure

    @property
    def recipe(self) -> Recipe:
        """How children are trained in a search without shared weights."""
        return replace(CHILD, epochs=self.settings.epochs)

    @contextmanager
    def baselines(self, epochs: int) -> Iterator[ChildEvaluator]:
        """What trains random children beside the search, each for so many epochs.

        Beside a supernet they are its paths, with weights of their own.
        """
        seed = self.seed_of(1)
        if not self.settings.one_shot:
            recipe = replace(CHILD, epochs=epochs)
            yield self._children(self.executor, seed, recipe)
            return
        with make_executor(self._beside(epochs), self.jobs) as executor:
            yield self._children(executor, seed)

    def _beside(self, epochs: int) -> TrainerFactory:
        """What makes trainers of random children beside shared weights."""
        s, task = self.settings, self.images.task.without_test()
        if s.differentiable:
            return self._trainer(self.generator, replace(CHILD, epochs=epochs))
        apart = replace(s, epochs=epochs, seed=self.seed_of(1))
        vary = augmentation(s.augment, task)
        return partial(make_stand_alone_trainer, self.space, task, apart, vary)

    def finalists(self) -> Executor:
        """Where networks are trained at length."""
        sizes = self.settings.sizes
        trainer = self._trainer(make_final_generator(self.space, sizes), sizes.final)
        return make_executor(trainer, self.jobs)

    def _trainer(self, generator: Generator, recipe: Recipe) -> TrainerFactory:
        s, task = self.settings, self.images.task.without_test()
        return partial(make_trainer, task, generator, recipe, s.augment, s.mixed_precision)

    def _children(
        self, executor: Executor, seed: int, recipe: Recipe | None = None
    ) -> ChildEvaluator:
        """Trains children from fresh weights, by the recipe or by their trainer's; their score
        is Zoph and Le's."""

        def train(jobs: Iterable[Job]) -> Iterator[Outcome]:
            return executor.run(replace(job, recipe=recipe) for job in jobs)

        return ChildEvaluator(self.generator, self.images.task, train, seed, score="cubed")

    def seed_of(self, purpose: int) -> int:
        """A seed for what follows the search; other than those of the trials."""
        return trial_seed(self.settings.seed, 2**31 + purpose)

    def parameters(self, architecture: Architecture) -> int:
        """Trainable parameters of an architecture, by which the clock foresees its time."""
        if self.supernet is not None:
            return self.supernet.parameters(architecture)
        shapes = self.generator.weight_shapes(architecture, self.images.task).values()
        return sum(math.prod(shape) for arrays in shapes for shape in arrays)

    def restore(self) -> History:
        """See `Session`."""
        return self.session.restore()

    def search(self, history: History, clock: Clock, on_trial: Callable[[Trial], None]) -> None:
        """See `Session`."""
        self.session.search(history, clock, on_trial)

    def write(self, **results: Any) -> None:
        """Write run.json."""
        images = self.images
        data = describe_data(images.task) | {
            "shape": list(images.shape),
            "mean": images.mean.tolist(),
            "deviation": images.deviation.tolist(),
            "notes": list(images.notes),
        }
        self.folder.write(self.settings, data, space=self.space.name, **results)


def make_executor(trainer: TrainerFactory, jobs: int) -> Executor:
    """Processes of their own, in which no child can end the search."""
    return WorkerProcesses(trainer, jobs)
