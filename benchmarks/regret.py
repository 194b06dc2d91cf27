"""Regret: what searches have found against what they could have, as numbers and as a figure.

An outcome of a search is a dictionary:

    regret    after each trial, of the incumbent: the trial whose search metric is best so far
    seconds   simulated, that the trials have cost so far; zeros if the table does not say
    to_best, to_top   the trial that found the best of the table, one of its best 0.1%
    reported  the incumbent's reported metric at the end
    ms_per_trial      what the strategy and the loop took
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mlpnas.core.evaluator.tabular import Table
from mlpnas.core.trial import Trial

Outcome = dict[str, Any]


def incumbents(trials: Iterable[Trial], judge: Table) -> np.ndarray:
    """After each trial the judge's score of the best one so far, `(trials,)`; until one has
    succeeded, the worst that there is."""
    values, best, value = [], -np.inf, float(judge.ranked[-1])
    for trial in trials:
        if trial.score is not None and trial.score > best:
            entry = judge.find(trial.architecture)
            best, value = trial.score, value if entry is None else entry.score
        values.append(value)
    return np.array(values)


def summary(runs: list[Outcome], at: list[int], times: np.ndarray) -> dict[str, Any]:
    """Mean and quartiles over the runs of one strategy; JSON-able.

    Args:
        runs: at least one, all of the same number of trials.
        at: numbers of trials at which the regret is given.
        times: seconds at which it is given; none if empty.
    """
    by_trial = np.array([[run["regret"][n - 1] for n in at] for run in runs])
    figures: dict[str, Any] = {
        **{f"regret_{name}": values for name, values in _spread(by_trial, at).items()},
        "reported_mean": float(np.mean([run["reported"] for run in runs])),
        "ms_per_trial": round(float(np.mean([run["ms_per_trial"] for run in runs])), 2),
    }
    if len(times):
        by_time = np.array([until(run, times) for run in runs])
        figures["regret_by_seconds"] = _spread(by_time, [f"{t:.3g}" for t in times])
    for goal in ("to_best", "to_top"):
        figures[goal] = _needed([run[goal] for run in runs], len(runs[0]["regret"]))
    return figures


def _spread(regret: np.ndarray, labels: list) -> dict[str, dict[str, float]]:
    statistics = {
        "mean": regret.mean(axis=0),
        "error": regret.std(axis=0) / np.sqrt(len(regret)),
        "quartile_1": np.quantile(regret, 0.25, axis=0),
        "quartile_3": np.quantile(regret, 0.75, axis=0),
    }
    return {name: rounded(labels, values) for name, values in statistics.items()}


def rounded(labels: list, values: np.ndarray) -> dict[str, float]:
    """Values by their labels, to four digits."""
    pairs = zip(labels, values, strict=True)
    return {str(label): float(f"{value:.4g}") for label, value in pairs}


def _needed(trials: list[float], most: int) -> dict[str, Any]:
    quartiles = np.quantile(trials, [0.25, 0.5, 0.75], method="higher")
    return {
        "reached": float(np.isfinite(trials).mean()),
        # Runs that did not get there count as if the next trial would have: a lower bound.
        "mean_at_least": float(np.minimum(trials, most + 1).mean()),
        "quartiles": [float(q) if np.isfinite(q) else None for q in quartiles],
    }


def times_of(curves: dict[str, list[Outcome]], count: int) -> np.ndarray:
    """Seconds on a geometric grid, from when all runs have a trial behind them to when one
    has ended; none if the table does not say what a training costs."""
    runs = [run for same in curves.values() for run in same]
    if not all(run["seconds"][0] > 0 for run in runs):
        return np.zeros(0)
    first = max(run["seconds"][0] for run in runs)
    last = min(run["seconds"][-1] for run in runs)
    return np.geomspace(first, max(first, last), count)


def until(run: Outcome, times: np.ndarray) -> np.ndarray:
    """Regret of the trials that were finished by each of the times."""
    finished = np.searchsorted(run["seconds"], times, side="right")
    return run["regret"][np.maximum(finished, 1) - 1]


def draw(curves: dict[str, list[Outcome]], exact: np.ndarray, metric: str, path: Path) -> None:
    """Mean regret with quartiles, against trials and (where known) simulated seconds.

    Args:
        curves: the runs of each strategy.
        exact: the expectation of random search after each trial; may be empty.
        metric: what the regret is in.
        path: the picture to write.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    times = times_of(curves, 200)
    wide = 1 + (len(times) > 0)
    figure, axes = plt.subplots(1, wide, figsize=(6 * wide, 4.5), squeeze=False)
    axes[0, 0].plot(np.arange(1, len(exact) + 1), exact, "k:", label="random, exact")
    for name, runs in curves.items():
        regret = np.array([run["regret"] for run in runs])
        _band(axes[0, 0], np.arange(1, regret.shape[1] + 1), regret, name)
        if len(times):
            _band(axes[0, 1], times, np.array([until(run, times) for run in runs]), name)
    for axis, label in zip(axes[0], ("trials", "simulated seconds"), strict=False):
        axis.set(xscale="log", yscale="log", xlabel=label, ylabel=f"regret in {metric}")
        axis.legend(fontsize=8)
    figure.suptitle(f"mean and quartiles of {len(runs)} runs")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _band(axis: Any, x: np.ndarray, regret: np.ndarray, name: str) -> None:
    floor = 1e-5  # zero has no place on a logarithmic axis
    (line,) = axis.plot(x, np.maximum(regret.mean(axis=0), floor), label=name)
    low, high = np.quantile(regret, [0.25, 0.75], axis=0)
    bounds = (np.maximum(low, floor), np.maximum(high, floor))
    axis.fill_between(x, *bounds, color=line.get_color(), alpha=0.15)
