"""Run: the pieces of a search on a text or on sequences, put together; and continued."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from mlpnas.core.data.measure import Measure
from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.differentiable.strategy import GradientEvaluator, GradientStrategy
from mlpnas.core.evaluator.evaluator import ChildEvaluator, Evaluator, trial_seed
from mlpnas.core.executor.executors import Executor, InProcess, WorkerProcesses
from mlpnas.core.run.clock import Clock
from mlpnas.core.run.folder import Folder, describe_data
from mlpnas.core.run.session import Session
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy
from mlpnas.core.strategies.named import make_strategy
from mlpnas.core.supernet import SupernetEvaluator
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Recipe, Trainer
from mlpnas.core.trainer.keras_trainer import KerasTrainer
from mlpnas.core.trial import History, Trial
from rnncell.data.text import Text, check_length
from rnncell.differentiable.text_darts import TextDARTS
from rnncell.generator.networks import CellGenerator, parameters
from rnncell.recipes import Network, Reward, TextRecipe
from rnncell.run.settings import Settings
from rnncell.run.spaces import make_space
from rnncell.space.enas_space import ENASCellSpace
from rnncell.strategies.enas import POLICIES
from rnncell.supernet.text_supernet import TextSupernet
from rnncell.trainer.text_trainer import TextTrainer


@dataclass
class Run:
    """A search, and where it is kept.

    Attributes:
        settings, text: what was asked.
        folder: keeps it.
        jobs: processes that train children.
        space, reward, generator: what is searched, what for, and what builds children of it.
        supernet: the shared weights; None if children are trained one by one.
        executor: where the search's children are trained.
        session: strategy and evaluator.
    """

    settings: Settings
    text: Text
    folder: Folder
    jobs: int = 1
    space: SearchSpace = field(init=False)
    reward: Reward = field(init=False)
    generator: CellGenerator = field(init=False)
    supernet: TextSupernet | GradientSearch | None = field(init=False, default=None)
    executor: Executor = field(init=False)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        s = self.settings
        space = make_space(s)
        self.space, self.reward = space, Reward.of(len(self.text.task.classes), s.exponent)
        self.generator = self.generate(s.sizes.network)
        if self.is_text:
            check_length(self.text.task, s.sizes.final.batch, s.sizes.final.steps)
        if s.one_shot and isinstance(space, ENASCellSpace):
            self.supernet = self._mixed(space) if s.differentiable else self._shared(space)
        child = self.trainer(replace(s.sizes.final, epochs=s.epochs))
        self.executor = InProcess(child) if self.supernet else WorkerProcesses(child, self.jobs)
        self.session = Session(s, self.folder, self._strategy(), self._evaluator())

    @property
    def measure(self) -> Measure:
        """What scores are shown in."""
        return self.settings.measure(len(self.text.task.classes))

    @property
    def is_text(self) -> bool:
        """Whether the data is a text."""
        return not self.text.task.input_shape

    def _shared(self, space: ENASCellSpace) -> TextSupernet:
        s = self.settings
        return TextSupernet(
            space, self.text.task, s.sizes.network, s.sizes.shared, self.reward, s.seed
        )

    def _mixed(self, space: ENASCellSpace) -> GradientSearch:
        s = self.settings
        mixture = TextDARTS(
            space, self.text.task, s.sizes.network, s.sizes.mixed,
            2 if s.order == 2 else 1, self.reward, s.seed,
        )  # fmt: skip
        return GradientSearch(mixture, s.trials)

    def _strategy(self) -> Strategy:
        s = self.settings
        if isinstance(self.supernet, GradientSearch):
            return GradientStrategy(self.supernet)
        assert s.strategy != "gradient"  # which the settings take for a darts search alone
        if self.supernet is not None and s.strategy == "reinforce":
            return OnPolicyStrategy(self.space, s.seed, POLICIES[s.sizes.policy])
        return make_strategy(s.strategy, self.space, s.seed)

    def _evaluator(self) -> Evaluator:
        if self.supernet is None:
            return self.children(self.executor, self.settings.seed)
        if isinstance(self.supernet, GradientSearch):
            return GradientEvaluator(self.supernet)
        return SupernetEvaluator(self.supernet, self.settings.rounds_per_pass)

    def children(self, executor: Executor, seed: int) -> ChildEvaluator:
        """Trains children from fresh weights."""
        return ChildEvaluator(self.generator, self.text.task, executor.run, seed)

    def generate(self, network: Network) -> CellGenerator:
        """What builds these networks."""
        return CellGenerator(self.space, network, self.settings.sizes.final.batch)

    def trainer(
        self, recipe: TextRecipe, generator: CellGenerator | None = None
    ) -> Callable[[], Trainer]:
        """What makes trainers by this recipe; it can be sent to other processes."""
        chosen = generator or self.generator
        return partial(make_trainer, self.text.task.without_test(), chosen, recipe, self.reward)

    def seed_of(self, purpose: int) -> int:
        """A seed for what follows the search; other than those of the trials."""
        return trial_seed(self.settings.seed, 2**31 + purpose)

    def parameters(self, architecture: Architecture) -> int:
        """Trainable parameters of an architecture, by which the clock foresees its time."""
        if self.supernet is not None:
            return self.supernet.parameters(architecture)
        return parameters(self.generator, architecture, self.text.task)

    def restore(self) -> History:
        """See `Session`."""
        return self.session.restore()

    def search(self, history: History, clock: Clock, on_trial: Callable[[Trial], None]) -> None:
        """See `Session`."""
        self.session.search(history, clock, on_trial)

    def write(self, **results: Any) -> None:
        """Write run.json; of a text the vocabulary is in it, by token id."""
        data = describe_data(self.text.task) | {"notes": list(self.text.notes)}
        self.folder.write(self.settings, data, space=self.space.name, **results)


def make_trainer(
    task: Task, generator: CellGenerator, recipe: TextRecipe, reward: Reward
) -> Trainer:
    """Trains language models, or classifiers of sequences."""
    if not task.input_shape:
        return TextTrainer(task, generator, recipe, reward)
    plain = Recipe(recipe.epochs, None, recipe.batch, recipe.learning_rate)
    return KerasTrainer(task, generator, plain)
