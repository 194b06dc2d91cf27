"""Run: the pieces of a search on one table, put together from settings; and continued."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from mlpnas.core.checkpoint import Saved
from mlpnas.core.clock import Clock
from mlpnas.core.configuration import differences
from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import ChildEvaluator, Recipe, Trainer
from mlpnas.core.executors import Executor, InProcess, TrainerFactory, WorkerProcesses
from mlpnas.core.folder import Folder, describe_data
from mlpnas.core.journal import read_journal, reopen
from mlpnas.core.on_ray import OnRay
from mlpnas.core.search import search
from mlpnas.core.search_space import Architecture
from mlpnas.core.shared_weights import SharedWeights
from mlpnas.core.strategies.bayesian import BayesianOptimization
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.lanas import LaNAS
from mlpnas.core.strategies.local_search import LocalSearch
from mlpnas.core.strategies.mcts import MCTS
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.strategies.reinforce import Predictor, ReinforceStrategy
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.core.strategies.tpe import TPE
from mlpnas.core.trial import History, Trial
from mlpnas.final import REFIT, Winner, retrain
from mlpnas.generator import MLPGenerator
from mlpnas.scoring import Scored, ScoringOption
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
        space: what to search; None for the default vocabulary.
        scoring: a measure of scikit-learn's to judge by; None for accuracy or R².
    """

    settings: Settings
    table: Table
    folder: Folder
    workers: Workers
    space: MLPSpace | None = None
    scoring: ScoringOption = None
    generator: MLPGenerator = field(init=False)
    strategy: Strategy = field(init=False)
    executor: Executor = field(init=False)
    evaluator: ChildEvaluator = field(init=False)

    def __post_init__(self) -> None:
        s, task = self.settings, self.table.task
        space = self.space or MLPSpace(task.head)
        self.generator = MLPGenerator(space)
        self.strategy = make_strategy(s, space)
        self.executor = make_executor(self.trainer(Recipe(epochs=s.epochs)), self.workers)
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

    def trainer(self, recipe: Recipe) -> TrainerFactory:
        """What makes trainers by this recipe; it can be sent to other processes."""
        return partial(make_trainer, self.table, self.generator, recipe, self.scoring)

    def search(self, history: History, clock: Clock, on_trial: Callable[[Trial], None]) -> None:
        """Search until all trials are there or the clock says stop; `on_trial` sees each.

        The caller closes `executor` and history.
        """

        def note(trial: Trial) -> None:
            clock.note(trial)
            on_trial(trial)

        s = self.settings
        search(
            self.strategy, self.evaluator, history, s.trials, s.per_round,
            note, clock.should_stop, checkpoint=lambda: self.checkpoint(history.told),
        )  # fmt: skip

    def retrain(
        self,
        history: History,
        recipe: Recipe = REFIT,
        on_finalist: Callable[[str], None] = lambda message: None,
    ) -> Winner:
        """The finalists' retraining, see `final.retrain`; `on_finalist` is told of each.

        Raises:
            InputError: if no trial succeeded, or none can be retrained.
        """
        finalists = history.leaderboard()
        if not finalists:
            reason = history.trials[0].reason if history.trials else "no time for any"
            raise InputError(
                f"none of the {len(history)} trials succeeded, so there is no winner to "
                f"retrain; expected at least one: mend the first one's reason: {reason}"
            )
        count = len(finalists)
        return retrain(
            self.generator, self.table.task, finalists, self.settings.seed,
            lambda n: on_finalist(f"retraining finalist {n} of {count}"),
            self.trainer(recipe)(),
        )  # fmt: skip

    def write(self, **results: Any) -> None:
        """Write run.json."""
        table = self.table
        columns = [asdict(column) for column in table.columns]
        data = describe_data(table.task) | {"target": table.target, "columns": columns}
        data["notes"] = table.notes
        space = self.generator.space.name
        self.folder.write(self.settings, data, space=space, **results)

    def checkpoint(self, told: int) -> None:
        """Write what has been learned from the first `told` trials, now and then."""
        if self.folder.checkpoint.is_due():
            settings, store = asdict(self.settings), self.evaluator.state()
            self.folder.checkpoint.save(Saved(told, settings, self.strategy.state(), store))

    def restore(self) -> History:
        """Take up strategy, store and journal where the folder says; a new one says nothing.

        Raises:
            InputError: if what is in the folder is damaged or does not belong together.
        """
        space = self.generator.space
        trials, _ = read_journal(self.folder.journal, space)
        saved = self.folder.checkpoint.load()
        if saved is not None:
            self._check(saved, len(trials))
            try:
                self.strategy.restore(saved.strategy)
                self.evaluator.restore(saved.store)
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise InputError(
                    f"the checkpoint in {self.folder.path / 'state'} does not fit this run: "
                    f"{error}; expected the run's own: put it back, or start a new run"
                ) from None
            self._check_store(trials)
        # Last, since it repairs a torn line: a folder that is refused is left as it was.
        history = reopen(self.folder.journal, space)
        history.told = 0 if saved is None else saved.told
        return history

    def _check_store(self, trials: list[Trial]) -> None:
        """Raise InputError unless what the trials left in the store has their shapes."""
        if self.evaluator.store is not None:
            for trial in trials:
                shapes = self.generator.weight_shapes(trial.architecture, self.table.task)
                self.evaluator.store.lookup(shapes)

    def _check(self, saved: Saved, trials: int) -> None:
        if not 0 <= saved.told <= trials:
            raise InputError(
                f"{self.folder.journal} holds {trials} trials, but the search had been "
                f"told {saved.told}; expected at least as many: put the journal back as it was"
            )
        if changed := differences(self.settings, saved.settings):
            raise InputError(
                f"the settings in {self.folder.path / 'run.json'} were changed since the "
                f"search began ({'; '.join(changed)}); expected the same: put them back, or "
                "start a new run"
            )


def make_trainer(
    table: Table, generator: MLPGenerator, recipe: Recipe, scoring: ScoringOption
) -> Trainer:
    """Trains children of the table, and judges them by `scoring` if that is not None."""
    trainer = MLPTrainer(table.task, generator, recipe)
    return trainer if scoring is None else Scored(trainer, generator, table, scoring)


def make_executor(trainer: TrainerFactory, workers: Workers) -> Executor:
    """Where the children are trained.

    For the command line in processes of their own even if it is one only. That costs four
    seconds at the start, on a second core, and buys that no child can end the search: neither
    by crashing nor by hanging nor by taking all memory. A search that its own child ends
    would, when resumed, come to the same child again.
    """
    if workers.executor == "ray":
        return OnRay(
            trainer, workers.jobs, workers.trial_timeout, workers.address, workers.gpus
        )
    if workers.executor == "here":
        return InProcess(trainer)
    return WorkerProcesses(trainer, workers.jobs, workers.trial_timeout)


def make_strategy(settings: Settings, space: MLPSpace) -> Strategy:
    """The strategy that the settings name."""
    others = {
        "random": RandomStrategy,
        "evolution": RegularizedEvolution,
        "local-search": LocalSearch,
        "bayesian": BayesianOptimization,
        "lanas": LaNAS,
        "mcts": MCTS,
        "tpe": TPE,
    }
    if settings.strategy in others:
        return others[settings.strategy](space, settings.seed)
    predictor = Predictor() if settings.predictor else None
    return ReinforceStrategy(space, settings.seed, predictor=predictor)
