"""Compare: is it better than what one would have tried otherwise, and better than luck?

For every seed the table is split anew; every method learns from the same training rows, may
use the same validation rows to choose, and is tested on the same test rows. The search goes
first, and the others that search get about as much time as it took.
"""

import math
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import PredefinedSplit, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlpnas.core.clock import Clock
from mlpnas.core.evaluator import Job
from mlpnas.core.folder import Folder
from mlpnas.core.task import Task
from mlpnas.core.trial import History
from mlpnas.final import REFIT, Winner, judge, test_peer, validation
from mlpnas.run import Run
from mlpnas.settings import Settings, Workers
from mlpnas.table import Table

SEARCH, RANDOM, WITHOUT = "our search", "our random search", "our search, no one-shot store"
TUNED = "RandomizedSearchCV of it"
RETRAINED = 12  # architectures whose proxy is held against their score after retraining
CHOICES = {
    "hidden_layer_sizes": [(50,), (100,), (200,), (100, 50), (100, 100), (200, 100, 50)],
    "activation": ["relu", "tanh", "logistic"],
    "alpha": stats.loguniform(1e-5, 1e-1),
    "learning_rate_init": stats.loguniform(1e-4, 1e-2),
    "batch_size": [32, "auto"],
}


class Score(NamedTuple):
    """What one method reached on one split: accuracy or R²."""

    method: str
    seed: int
    valid: float
    test: float
    seconds: float


@dataclass(frozen=True)
class Proxy:
    """How well the search score of an architecture foretells its score once retrained.

    Attributes:
        method: whose trials.
        pairs: `(search score, retrained validation score)` of architectures spread over the
            ranking from the best to the worst.
    """

    method: str
    pairs: tuple[tuple[float, float], ...]

    @property
    def tau(self) -> float:
        """Kendall's rank correlation, 1 for the same order; NaN if a side is all ties."""
        return float(stats.kendalltau(*zip(*self.pairs, strict=True)).statistic)


@dataclass(frozen=True)
class Difference:
    """Our search's test score minus another method's, over the seeds.

    Attributes:
        method: the other.
        mean: of the differences.
        low, high: 95% confidence interval; infinite for a single seed.
    """

    method: str
    mean: float
    low: float
    high: float


def compare_seed(
    table: Table, settings: Settings, jobs: int, note: Callable[[str], None]
) -> Iterator[Score | Proxy]:
    """All methods on one split.

    Args:
        table: split by `settings.seed`.
        settings: of our search.
        jobs: processes that train.
        note: told what comes next.
    """
    variants = {
        SEARCH: settings,
        RANDOM: replace(settings, strategy="random", predictor=False),
        WITHOUT: replace(settings, one_shot=False),
    }
    budget = 0.0
    for method, variant in variants.items():
        note(method)
        if method == WITHOUT and not settings.one_shot:
            continue
        score, proxy = _ours(method, table, variant, jobs)
        budget = budget or score.seconds
        yield from (score, proxy)
    yield from _theirs(table.task, settings.seed, budget, note)


def _ours(method: str, table: Table, settings: Settings, jobs: int) -> tuple[Score, Proxy]:
    """Search, retrain and test as the command line does; then the proxy against the truth."""
    workers = Workers(jobs, executor="here" if jobs == 1 else "local")
    with tempfile.TemporaryDirectory() as place, Folder.create(Path(place) / "run") as folder:
        run = Run(settings, table, folder, workers)
        start = time.perf_counter()
        with run.executor, closing(run.restore()) as history:
            run.search(history, Clock(None, run.parameters), lambda trial: None)
        winner = run.retrain(history)
        seconds = time.perf_counter() - start
        result = judge(winner, table.task)
        score = Score(method, settings.seed, result.valid, result.test, seconds)
        return score, Proxy(method, _pairs(run, history, winner))


def _pairs(run: Run, history: History, winner: Winner) -> tuple[tuple[float, float], ...]:
    ranked = history.leaderboard(None)
    places = np.linspace(0, len(ranked) - 1, min(RETRAINED, len(ranked))).round().astype(int)
    trainer = run.trainer(REFIT)()
    pairs = []
    for trial in (ranked[place] for place in places):
        outcome = winner.outcomes.get(trial.id)
        outcome = outcome or trainer.train(Job(trial.architecture, run.settings.seed))
        if outcome.reason is None and trial.score is not None:
            pairs.append((trial.score, validation(outcome)))
    return tuple(pairs)


def _theirs(
    task: Task, seed: int, budget: float, note: Callable[[str], None]
) -> Iterator[Score]:
    """scikit-learn's methods, on the same rows with the same encoding."""
    regression = task.kind == "regression"
    network = MLPRegressor if regression else MLPClassifier
    boosting = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    name = network.__name__
    yield _timed(name, network(random_state=seed), task, seed)
    yield _timed(f"{name}(alpha=0.01)", network(alpha=0.01, random_state=seed), task, seed)
    yield _timed("HistGradientBoosting", boosting(random_state=seed), task, seed)
    note("RandomizedSearchCV")
    yield _tuned(network(random_state=seed), task, seed, budget)


def _timed(name: str, peer: Any, task: Task, seed: int) -> Score:
    start = time.perf_counter()
    result = test_peer(name, peer, task)
    return Score(name, seed, result.valid, result.test, time.perf_counter() - start)


def _tuned(peer: Any, task: Task, seed: int, budget: float) -> Score:
    """RandomizedSearchCV, one candidate after another until `budget` seconds are over."""
    start = time.perf_counter()
    x = np.concatenate([task.train.x, task.valid.x])
    y = np.concatenate([task.train.y, task.valid.y])
    held_out = np.repeat([-1, 0], [len(task.train), len(task.valid)])
    search = RandomizedSearchCV(
        peer, CHOICES, n_iter=1, cv=PredefinedSplit(held_out), refit=False,
        random_state=np.random.RandomState(seed),  # goes on from candidate to candidate
    )  # fmt: skip
    best: tuple[float, dict] = (-math.inf, {})
    while not best[1] or time.perf_counter() - start < budget:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            search.fit(x, y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y)
        if search.best_score_ > best[0] or not best[1]:
            best = search.best_score_, search.best_params_
    result = test_peer(TUNED, peer.set_params(**best[1]), task)
    return Score(TUNED, seed, result.valid, result.test, time.perf_counter() - start)


def differences(scores: Sequence[Score], share: float) -> list[Difference]:
    """Our search against each other method, paired by seed.

    The splits share rows, so their scores are not independent. The variance is corrected for
    that as Nadeau and Bengio, "Inference for the generalization error", 2003, have it:
    (1 / n + test rows / training rows) times the variance of the differences.

    Args:
        share: test rows over training rows.
    """
    by_method: dict[str, dict[int, float]] = {}
    for score in scores:
        by_method.setdefault(score.method, {})[score.seed] = score.test
    ours = by_method.pop(SEARCH)
    return [_difference(name, ours, theirs, share) for name, theirs in by_method.items()]


def _difference(
    name: str, ours: dict[int, float], theirs: dict[int, float], share: float
) -> Difference:
    gaps = np.array([ours[seed] - theirs[seed] for seed in ours])
    n, mean = len(gaps), float(gaps.mean())
    if n < 2:
        return Difference(name, mean, -math.inf, math.inf)
    half = float(stats.t.ppf(0.975, n - 1) * math.sqrt((1 / n + share) * gaps.var(ddof=1)))
    return Difference(name, mean, mean - half, mean + half)


def verdict(found: Sequence[Difference], metric: str) -> str:
    """Who won, in a sentence, against the strongest method that is not a variant of ours."""
    others = [difference for difference in found if difference.method != WITHOUT]
    rival = min(others, key=lambda difference: difference.mean)
    gap = f"{abs(rival.mean):.4f} {metric} on average"
    if not math.isfinite(rival.low):
        side = "above" if rival.mean > 0 else "below"
        return (
            f"One seed tells nothing of luck: our search lies {gap} {side} "
            f"{rival.method}, the strongest other method."
        )
    interval = f"95% interval {rival.low:+.4f} to {rival.high:+.4f}"
    if rival.low > 0:
        return f"Our search won: {gap} above {rival.method}, the next best ({interval})."
    if rival.high < 0:
        return f"{rival.method} won: our search lies {gap} below it ({interval})."
    side = "above" if rival.mean > 0 else "below"
    return (
        f"No winner can be told: our search lies {gap} {side} {rival.method}, the strongest "
        f"other method, and the {interval} holds zero."
    )


def record(
    scores: Sequence[Score], proxies: Sequence[Proxy], found: Sequence[Difference], told: str
) -> dict[str, Any]:
    """Plain values for compare.json; what is infinite or no number becomes null."""
    return {
        "verdict": told,
        "scores": [score._asdict() for score in scores],
        "differences": [
            {k: v if isinstance(v, str) or math.isfinite(v) else None for k, v in item.items()}
            for item in map(asdict, found)
        ],
        "proxies": [
            {**asdict(p), "kendall_tau": p.tau if math.isfinite(p.tau) else None}
            for p in proxies
        ],
    }
