"""Run: the pieces of a search on one table, put together from settings; and continued."""

import math
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from mlpnas.core.checkpoint import Saved
from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import ChildEvaluator, Recipe
from mlpnas.core.executors import Executor, TrainerFactory, WorkerProcesses
from mlpnas.core.journal import reopen
from mlpnas.core.search_space import Architecture
from mlpnas.core.shared_weights import SharedWeights
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.strategies.reinforce import Predictor, ReinforceStrategy
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.core.trial import History
from mlpnas.folder import Folder, describe_data
from mlpnas.generator import MLPGenerator
from mlpnas.settings import Settings, Workers
from mlpnas.space import MLPSpace
from mlpnas.table import Table
from mlpnas.trainer import MLPTrainer


@dataclass
class Run:
    """A search on one table, and where it is kept.

    Attributes:
        settings, table: what was asked.
        folder: keeps it.
        workers: where children are trained.
    """

    settings: Settings
    table: Table
    folder: Folder
    workers: Workers
    generator: MLPGenerator = field(init=False)
    strategy: Strategy = field(init=False)
    executor: Executor = field(init=False)
    evaluator: ChildEvaluator = field(init=False)

    def __post_init__(self) -> None:
        s, task = self.settings, self.table.task
        space = MLPSpace(task.head)
        self.generator = MLPGenerator(space)
        self.strategy = make_strategy(s, space)
        trainer = partial(MLPTrainer, task, self.generator, Recipe(epochs=s.epochs))
        self.executor = make_executor(trainer, self.workers)
        self.evaluator = ChildEvaluator(
            self.generator,
            task,
            self.executor.run,
            s.seed,
            store=SharedWeights() if s.one_shot else None,
            score=s.reward,
            checkpoint=self.folder.checkpoint,
        )

    def parameters(self, architecture: Architecture) -> int:
        """Trainable parameters of an architecture."""
        shapes = self.generator.weight_shapes(architecture, self.table.task).values()
        return sum(math.prod(shape) for arrays in shapes for shape in arrays)

    def write(self, **results: Any) -> None:
        """Write run.json."""
        data = {**describe_data(self.table.task), "notes": self.table.notes}
        space = self.generator.space.name
        self.folder.write(self.settings, data, space=space, **results)

    def checkpoint(self, told: int) -> None:
        """Write what has been learned from the first `told` trials."""
        settings, store = asdict(self.settings), self.evaluator.state()
        self.folder.checkpoint.save(Saved(told, settings, self.strategy.state(), store))

    def restore(self) -> History:
        """Take up strategy, store and journal where the folder says; a new one says nothing.

        Raises:
            InputError: if what is in the folder is damaged or does not belong together.
        """
        history = reopen(self.folder.journal, self.generator.space)
        saved = self.folder.checkpoint.load()
        if saved is not None:
            self._check(saved, history)
            try:
                self.strategy.restore(saved.strategy)
                self.evaluator.restore(saved.store)
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise InputError(
                    f"the checkpoint in {self.folder.path / 'state'} does not fit this run: "
                    f"{error}; expected the run's own: put it back, or start a new run"
                ) from None
            history.told = saved.told
        return history

    def _check(self, saved: Saved, history: History) -> None:
        if not 0 <= saved.told <= len(history):
            raise InputError(
                f"{self.folder.journal} holds {len(history)} trials, but the search had been "
                f"told {saved.told}; expected at least as many: put the journal back as it was"
            )
        if changed := self.settings.differences(saved.settings):
            raise InputError(
                f"the settings in {self.folder.path / 'run.json'} were changed since the "
                f"search began ({'; '.join(changed)}); expected the same: put them back, or "
                "start a new run"
            )


def make_executor(trainer: TrainerFactory, workers: Workers) -> Executor:
    """Where the children are trained.

    In processes of their own even if it is one only. That costs four seconds at the start, on
    a second core, and buys that no child can end the search: neither by crashing nor by
    hanging nor by taking all memory. A search that its own child ends would, when resumed,
    come to the same child again.
    """
    return WorkerProcesses(trainer, workers.jobs, workers.trial_timeout)


def make_strategy(settings: Settings, space: MLPSpace) -> Strategy:
    """The strategy that the settings name."""
    if settings.strategy == "random":
        return RandomStrategy(space, settings.seed)
    predictor = Predictor() if settings.predictor else None
    return ReinforceStrategy(space, settings.seed, predictor=predictor)
