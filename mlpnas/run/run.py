"""Run: the pieces of a search on one table, put together from settings; and continued."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from mlpnas.core.asynchronous import search_asynchronously
from mlpnas.core.data.measure import Measure
from mlpnas.core.evaluator.evaluator import ChildEvaluator
from mlpnas.core.executor.executors import Executor, TrainerFactory
from mlpnas.core.run.clock import Clock
from mlpnas.core.run.folder import Folder, describe_data
from mlpnas.core.run.session import Session
from mlpnas.core.run.workers import Hire, Workers, make_executor
from mlpnas.core.search import search
from mlpnas.core.shared_weights import SharedWeights
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.controller.adversarial_predictor import Predictor
from mlpnas.core.strategies.named import make_strategy
from mlpnas.core.trainer.base import Recipe, Trainer
from mlpnas.core.trial import History, Trial
from mlpnas.data.table import Table
from mlpnas.generator import MLPGenerator
from mlpnas.run.settings import Settings
from mlpnas.scoring import ScoringOption, ScoringTrainer, measure_name, measure_of
from mlpnas.space import MLPSpace
from mlpnas.trainer.mlp_trainer import MLPTrainer


@dataclass
class Run:
    """A search on one table, and where it is kept.

    Attributes:
        settings, table: what was asked.
        folder: keeps it.
        workers: where children are trained.
        space: what to search; None for what the settings say.
        chooser: makes the strategy of a space and a seed; None for the one that the settings
            name.
        hire: makes an executor of what makes trainers.
    """

    settings: Settings
    table: Table
    folder: Folder
    workers: Workers
    space: MLPSpace | None = None
    chooser: Callable[[SearchSpace, int], Strategy] | None = None
    hire: Hire = make_executor
    generator: MLPGenerator = field(init=False)
    strategy: Strategy = field(init=False)
    executor: Executor = field(init=False)
    evaluator: ChildEvaluator = field(init=False)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        s, task = self.settings, self.table.task
        space = self.space or s.space(task.head)
        self.generator = MLPGenerator(space)
        predictor = Predictor() if s.predictor else None
        chooser = self.chooser or partial(
            make_strategy, s.strategy, predictor=predictor, decay=s.controller_decay
        )
        self.strategy = chooser(space, s.seed)
        self.executor = self.hire(self.trainer(Recipe(epochs=s.epochs)), self.workers)
        self.evaluator = ChildEvaluator(
            self.generator,
            task,
            self.executor.run,
            s.seed,
            store=SharedWeights() if s.one_shot else None,
            score=s.reward,
            checkpoint=self.folder.checkpoint,
            stream=self.executor.stream,
        )
        loop = search_asynchronously if s.asynchronous else search
        self.session = Session(s, self.folder, self.strategy, self.evaluator, loop)

    @property
    def measure(self) -> Measure:
        """What scores are shown in."""
        own = measure_name(self.table.task, None)
        return measure_of(own, self.settings.scoring, self.settings.reward)

    def parameters(self, architecture: Architecture) -> int:
        """Trainable parameters of an architecture."""
        return self.generator.parameters(architecture, self.table.task)

    def trainer(self, recipe: Recipe) -> TrainerFactory:
        """What makes trainers by this recipe; it can be sent to other processes."""
        table = replace(self.table, task=self.table.task.without_test())
        return partial(make_trainer, table, self.generator, recipe, self.settings.scoring)

    def search(self, history: History, clock: Clock, on_trial: Callable[[Trial], None]) -> None:
        """Search until all trials are there or the clock says stop; `on_trial` sees each.

        The caller closes `executor` and history.
        """
        self.session.search(history, clock, on_trial)

    def write(self, **results: Any) -> None:
        """Write run.json."""
        table = self.table
        columns = [asdict(column) for column in table.columns]
        data = describe_data(table.task) | {"target": table.target, "columns": columns}
        data |= {"notes": table.notes, "identifiers": table.identifiers}
        space = self.generator.space.name
        self.folder.write(self.settings, data, space=space, **results)

    def restore(self) -> History:
        """Take up strategy, store and journal where the folder says; a new one says nothing.

        Raises:
            InputError: if what is in the folder is damaged or does not belong together.
        """
        return self.session.restore(self._check_store)

    def _check_store(self, trials: list[Trial]) -> None:
        """Raise InputError unless what the trials left in the store has their shapes."""
        if self.evaluator.store is not None:
            for trial in trials:
                shapes = self.generator.weight_shapes(trial.architecture, self.table.task)
                self.evaluator.store.lookup(shapes)


def make_trainer(
    table: Table, generator: MLPGenerator, recipe: Recipe, scoring: ScoringOption
) -> Trainer:
    """Trains children of the table, and judges them by `scoring` if that is not None."""
    trainer = MLPTrainer(table.task, generator, recipe)
    return trainer if scoring is None else ScoringTrainer(trainer, generator, table, scoring)
