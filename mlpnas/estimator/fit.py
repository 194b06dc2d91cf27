"""What happens inside an estimator's `fit`: a Run in a folder, kept or temporary."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from joblib import effective_n_jobs
from rich.console import Console

from mlpnas.core.commands.display import SearchDisplay
from mlpnas.core.run.clock import Clock
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.workers import Workers
from mlpnas.core.strategies.names import name_of
from mlpnas.core.trial import History, Trial
from mlpnas.data.network import Network
from mlpnas.data.table import Table
from mlpnas.final.export import export
from mlpnas.final.finish import choose_winner
from mlpnas.final.retrain import Winner
from mlpnas.run.run import Run
from mlpnas.run.settings import Settings
from mlpnas.scoring import check_scoring, score
from mlpnas.space import MLPSpace


def run_search(estimator: Any, table: Table, seed: int) -> tuple[History, Winner]:
    """Search by the estimator's parameters, and retrain the finalists."""
    check_scoring(table, estimator.scoring)
    space = MLPSpace(table.task.head, **(estimator.search_space or {}))
    with _folder(estimator.run_dir) as folder:
        chooser = None if isinstance(estimator.strategy, str) else estimator.strategy
        workers = _workers(estimator.n_jobs)
        run = Run(_settings(estimator, seed), table, folder, workers, space, chooser)
        run.write()
        with (
            run.executor,
            closing(run.restore()) as history,
            _shown(estimator.verbose, history, run) as show,
        ):
            run.search(history, Clock(estimator.max_time, run.parameters), show)
            winner = choose_winner(run, history, estimator.refit_epochs)
        if estimator.run_dir is not None:
            export(winner.predictor, table, folder.model)
            run.write(**winner.record())
    return history, winner


def _settings(estimator: Any, seed: int) -> Settings:
    return Settings(
        data="samples",
        trials=int(estimator.max_trials),
        epochs=int(estimator.epochs),
        strategy=name_of(estimator.strategy),
        one_shot=bool(estimator.one_shot),
        predictor=bool(estimator.predictor),
        seed=seed,
        scoring=estimator.scoring,
        scaling=estimator.scaling,
        ensemble=int(estimator.ensemble),
    )


def _workers(n_jobs: int | None) -> Workers:
    jobs = effective_n_jobs(n_jobs)
    return Workers(jobs, executor="here" if jobs == 1 else "local")


@contextmanager
def _folder(run_dir: str | Path | None) -> Iterator[Folder]:
    with (
        tempfile.TemporaryDirectory() as temporary,
        Folder.create(Path(run_dir or f"{temporary}/run")) as folder,
    ):
        yield folder


@contextmanager
def _shown(verbose: int, history: History, run: Run) -> Iterator[Callable[[Trial], None]]:
    """What is told of every trial: a line per round, or nothing."""
    trials, per_round = run.settings.trials, run.settings.per_round
    display = (
        SearchDisplay(Console(), history, trials, per_round, run.measure)
        if verbose
        else nullcontext()
    )
    with display as shown:
        yield shown.show if shown else lambda trial: None


def best_score(winner: Winner, table: Table, scoring: str | None) -> float:
    """The retrained winner's score on the validation rows, as scikit-learn gives it."""
    valid = table.task.valid
    return score(Network(winner.model, table).outputs(valid.x), valid, table, scoring)
