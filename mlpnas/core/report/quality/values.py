"""Predicted numbers judged: errors, residuals."""

from collections.abc import Mapping, Sequence

import numpy as np

from mlpnas.core.report.quality.classes import FEW
from mlpnas.core.report.quality.intervals import Metric, intervals
from mlpnas.core.report.quality.record import Evaluation, Interval, Values

SHOWN = 500  # rows whose residuals are drawn
PERFECT = 0.999


def r_squared(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Mean over outputs `(rows, outputs)`; NaN where the truth of one does not vary."""
    around = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    if not around.all():
        return float("nan")
    return float(np.mean(1 - ((truth - predicted) ** 2).sum(axis=0) / around))


METRICS: dict[str, Metric] = {
    "R²": r_squared,
    "mean absolute error": lambda truth, p: np.abs(truth - p).mean(),
    "root of the mean squared error": lambda truth, p: np.sqrt(((truth - p) ** 2).mean()),
}


def judge_values(
    truth: np.ndarray,
    predicted: np.ndarray,
    names: Sequence[str],
    of: str,
    more: Mapping[str, Metric] | None = None,
    seed: int = 0,
) -> Evaluation:
    """What labelled rows say of a regressor.

    Args:
        truth, predicted: `(rows, outputs)`, in the target's unit.
        names: of the outputs.
        of: which rows these are, in words.
        more: further measures of both, which come first.
        seed: of the intervals, and of the rows drawn.
    """
    measures = intervals(truth, predicted, {**(more or {}), **METRICS}, seed)
    random = np.random.default_rng(seed)
    drawn = np.sort(random.permutation(len(truth))[:SHOWN])
    values = tuple(
        _values(name, truth[:, i], predicted[:, i], drawn) for i, name in enumerate(names)
    )
    return Evaluation(of, len(truth), measures, _conclusions(values, measures, len(truth), of),
                      values=values)  # fmt: skip


def _values(name: str, truth: np.ndarray, predicted: np.ndarray, drawn: np.ndarray) -> Values:
    half, most = np.percentile(np.abs(truth - predicted), [50, 90]).tolist()
    shown = [tuple(part[drawn].astype(float).tolist()) for part in (truth, predicted)]
    return Values(name, shown[0], shown[1], half, most)


def _conclusions(
    values: Sequence[Values], measures: Mapping[str, Interval], rows: int, of: str
) -> tuple[str, ...]:
    told = []
    if score := measures.get("R²"):
        beside = {True: "", False: "; always saying their mean gives 0"}[score.low > 0]
        told.append(
            f"R² {score.value:.4f} on {rows} {of}, 95% interval {score.low:.4f} to "
            f"{score.high:.4f}{beside}."
        )
        if score.value > PERFECT:
            told.append("That is nearly perfect: look for a column that gives the answer away.")
    else:
        told.append(
            f"The true value is the same in all {rows} {of}, so there is no R²: the mean "
            f"absolute error is {measures['mean absolute error'].value:.4g}."
        )
    for one in values:
        told.append(
            f"Of {one.name!r} half of the predictions lie within {one.half:.4g} of the truth, "
            f"nine tenths within {one.most:.4g}."
        )
    if rows < FEW:
        told.append(f"{rows} rows are few: such an interval is itself a guess.")
    return tuple(told)
