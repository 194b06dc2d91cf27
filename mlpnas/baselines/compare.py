"""Compare: is it better than what one would have tried otherwise, and better than luck?

For every seed the table is split anew; every method learns from the same training rows, may
use the same validation rows to choose, and is tested on the same test rows. The search goes
first, and the others that search get about as much time as it took.
"""

import math
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import PredefinedSplit, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlpnas.baselines.scikit_learn import judge, test_peer
from mlpnas.baselines.verdict import RANDOM, SEARCH, WITHOUT, Score
from mlpnas.core.run.clock import Clock
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.workers import Workers
from mlpnas.core.trainer.base import Job
from mlpnas.core.trial import History
from mlpnas.data.table import Table
from mlpnas.data.targets import as_given
from mlpnas.final.cross_validation import kept_score
from mlpnas.final.finish import choose_winner
from mlpnas.final.retrain import final_recipe
from mlpnas.run.run import Run
from mlpnas.run.settings import Settings

TUNED = "RandomizedSearchCV of it"
RETRAINED = 12  # architectures whose proxy is held against their score after retraining
CHOICES = {
    "hidden_layer_sizes": [(50,), (100,), (200,), (100, 50), (100, 100), (200, 100, 50)],
    "activation": ["relu", "tanh", "logistic"],
    "alpha": stats.loguniform(1e-5, 1e-1),
    "learning_rate_init": stats.loguniform(1e-4, 1e-2),
    "batch_size": [32, "auto"],
}

Method = Callable[[float], Score]  # given how many seconds our search took


def methods(
    table: Table, settings: Settings, jobs: int, with_pairs: bool
) -> Iterator[tuple[str, Method]]:
    """Every method by its name, our search first.

    Args:
        table: split by `settings.seed`.
        settings: of our search.
        jobs: processes that train.
        with_pairs: whether our searches hold their proxy against the truth.
    """

    def ours(name: str, variant: Settings) -> tuple[str, Method]:
        return name, lambda budget: our_search(name, table, variant, jobs, with_pairs)

    yield ours(SEARCH, settings)
    yield ours(RANDOM, replace(settings, strategy="random", predictor=False))
    if settings.one_shot:
        yield ours(WITHOUT, replace(settings, one_shot=False))
    yield from _theirs(table, settings)


def our_search(
    name: str, table: Table, settings: Settings, jobs: int, with_pairs: bool = False
) -> Score:
    """Search, retrain and test as the command line does; then the proxy against the truth."""
    workers = Workers(jobs, executor="here" if jobs == 1 else "local")
    with tempfile.TemporaryDirectory() as place, Folder.create(Path(place) / "run") as folder:
        run = Run(settings, table, folder, workers)
        start = time.perf_counter()
        with run.executor, closing(run.restore()) as history:
            run.search(history, Clock(None, run.parameters), lambda trial: None)
            winner = choose_winner(run, history)
            seconds = time.perf_counter() - start
            pairs = _pairs(run, history) if with_pairs else ()
        result = judge(name, winner.predictor, table, settings.scoring)
        found = tuple(trial.score for trial in history.trials)
        return Score(name, settings.seed, result.valid, result.test, seconds, found, pairs)


def _pairs(run: Run, history: History) -> tuple[tuple[float, float], ...]:
    """Search score and retrained score of architectures all over the ranking."""
    ranked = history.leaderboard(None)
    places = np.linspace(0, len(ranked) - 1, min(RETRAINED, len(ranked))).round().astype(int)
    chosen = [ranked[place] for place in places]
    recipe = final_recipe(len(run.table.task.train), run.settings.scoring)
    jobs = (Job(trial.architecture, run.settings.seed, recipe=recipe) for trial in chosen)
    trained = zip(chosen, run.executor.run(jobs), strict=True)
    return tuple((t.score or 0.0, kept_score(o, recipe)) for t, o in trained if not o.reason)


def _theirs(table: Table, settings: Settings) -> Iterator[tuple[str, Method]]:
    """scikit-learn's methods, on the same rows with the same encoding."""
    seed, regression = settings.seed, table.task.kind == "regression"
    boosting = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    network = MLPRegressor if regression else MLPClassifier

    def fixed(name: str, peer: Any) -> tuple[str, Method]:
        return name, lambda budget: their_score(name, peer, table, settings)

    name = network.__name__
    yield fixed(name, network(random_state=seed))
    yield fixed(f"{name}(alpha=0.01)", network(alpha=0.01, random_state=seed))
    yield fixed("HistGradientBoosting", boosting(random_state=seed))
    peer = network(random_state=seed)
    yield TUNED, lambda budget: _tuned(peer, table, settings, budget)


def their_score(name: str, peer: Any, table: Table, settings: Settings) -> Score:
    """A scikit-learn estimator, fitted on the training rows and tested."""
    start = time.perf_counter()
    result = test_peer(name, peer, table, settings.scoring)
    seconds = time.perf_counter() - start
    return Score(name, settings.seed, result.valid, result.test, seconds)


def _tuned(peer: Any, table: Table, settings: Settings, budget: float) -> Score:
    """RandomizedSearchCV, one candidate after another until `budget` seconds are over."""
    start, task = time.perf_counter(), table.task
    x = np.concatenate([task.train.x, task.valid.x])
    y = np.concatenate([task.train.y, task.valid.y])
    held_out = np.repeat([-1, 0], [len(task.train), len(task.valid)])
    search = RandomizedSearchCV(
        peer, CHOICES, n_iter=1, cv=PredefinedSplit(held_out), refit=False,
        scoring=settings.scoring,
        random_state=np.random.RandomState(settings.seed),  # goes on between candidates
    )  # fmt: skip
    best: tuple[float, dict] = (-math.inf, {})
    while not best[1] or time.perf_counter() - start < budget:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            search.fit(x, as_given(y))
        if search.best_score_ > best[0] or not best[1]:
            best = search.best_score_, search.best_params_
    score = their_score(TUNED, peer.set_params(**best[1]), table, settings)
    return score._replace(seconds=time.perf_counter() - start)
