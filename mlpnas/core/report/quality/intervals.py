"""Measures of rows with their bootstrap intervals (Efron, "Bootstrap methods", 1979).

The rows are drawn anew, with replacement, as many as there are; a measure's interval is that
between the 2.5th and the 97.5th of a hundred of what it then gives.
"""

import warnings
from collections.abc import Callable, Mapping

import numpy as np

from mlpnas.core.report.quality.record import Interval

# Of true classes or values and of outputs, `(rows, ...)` both.
Metric = Callable[[np.ndarray, np.ndarray], float]

DRAWS = 500
CELLS = 20_000_000  # in all draws together; of very many rows fewer draws are taken
FEWEST_DRAWS = 100


def intervals(
    truth: np.ndarray, outputs: np.ndarray, metrics: Mapping[str, Metric], seed: int = 0
) -> dict[str, Interval]:
    """Every measure with its 95% interval; those that the rows do not define are left out.

    Args:
        truth: classes or values, `(rows, ...)`.
        outputs: of the network, `(rows, ...)`.
        metrics: name -> the measure.
        seed: of the draws.
    """
    n, random = len(truth), np.random.default_rng(seed)
    draws = int(np.clip(CELLS / max(outputs.size, 1), FEWEST_DRAWS, DRAWS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of draws that lack a class, which are left out
        whole = _measured(truth, outputs, metrics)
        defined = {name: metrics[name] for name, value in whole.items() if np.isfinite(value)}
        drawn = (random.integers(n, size=n) for _ in range(draws))
        found = [_measured(truth[rows], outputs[rows], defined) for rows in drawn]
    return {
        name: Interval(whole[name], *_ends([one[name] for one in found], whole[name]))
        for name in defined
    }


def _measured(
    truth: np.ndarray, outputs: np.ndarray, metrics: Mapping[str, Metric]
) -> dict[str, float]:
    return {name: _value(metric, truth, outputs) for name, metric in metrics.items()}


def _value(metric: Metric, truth: np.ndarray, outputs: np.ndarray) -> float:
    """NaN where the rows do not define the measure, such as the area under a ROC curve of
    rows of one class."""
    try:
        return float(metric(truth, outputs))
    except ValueError:
        return float("nan")


def _ends(values: list[float], whole: float) -> tuple[float, float]:
    known = [value for value in values if np.isfinite(value)] or [whole]
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
