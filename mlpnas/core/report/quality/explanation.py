"""Which columns the predictions hang on, and how.

A column's importance is what a measure loses when its values are dealt out anew among the rows
(Breiman, "Random forests", 2001), computed by scikit-learn. It is done on rows drawn anew each
time, so that the interval holds the chance of the shuffle and that of the rows. Columns that
say the same stand in for one another, and each alone looks less important than both.

The partial dependence (Friedman, "Greedy function approximation", 2001) is the mean prediction
where a column has the same value in all rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.utils import resample

from mlpnas.core.errors import InputError
from mlpnas.core.report.quality.intervals import Metric
from mlpnas.core.report.quality.record import (
    Curve,
    Dependence,
    Explanation,
    Importance,
    Interval,
)

ROWS, ROWS_OF_DEPENDENCE = 2000, 500
DRAWS, SHUFFLES = (
    20,
    2000,
)  # draws of rows; shuffles of a column in all, of which 5 draws remain
FEWEST_DRAWS = 5
MOST_COLUMNS = 200
STRONGEST = 6
LINES = 5  # outputs with a curve


@dataclass
class Asked:
    """A network that can be asked, and rows to ask it about.

    Attributes:
        rows: as the network reads them.
        columns: name of a user's column -> those of `rows` that it became.
        answer: outputs `(rows, outputs)` of such rows: probabilities, or values.
        labels: of the classes; empty for numbers.
        outputs: names of the outputs of numbers.
    """

    rows: pd.DataFrame
    columns: Mapping[str, Sequence[str]]
    answer: Callable[[pd.DataFrame], np.ndarray]
    labels: Sequence[str]
    outputs: Sequence[str] = ()

    def take(self, rows: np.ndarray) -> "Asked":
        """The same about some of the rows."""
        taken = self.rows.iloc[rows].reset_index(drop=True)
        return Asked(taken, self.columns, self.answer, self.labels, self.outputs)


def explain(
    asked: Asked,
    truth: np.ndarray,
    metric: tuple[str, Metric],
    of: str,
    seed: int = 0,
    on_step: Callable[[str], None] = lambda step: None,
) -> Explanation:
    """Importance of every column, and dependence on the strongest.

    Args:
        asked: the network and labelled rows, of which at most 2,000 are used.
        truth: their classes or values, `(rows, ...)`.
        metric: name, and the measure of truth and outputs that is to fall; more is better.
        of: which rows these are, in words.
        seed: of all that is drawn.
        on_step: told what begins.

    Raises:
        InputError: for more than 200 columns.
    """
    if len(asked.columns) > MOST_COLUMNS:
        raise InputError(
            f"the network reads {len(asked.columns)} columns; expected {MOST_COLUMNS} or fewer "
            "to be shuffled one by one: leave the explanation out"
        )
    chosen = np.sort(np.random.default_rng(seed).permutation(len(truth))[:ROWS])
    asked, truth = asked.take(chosen), truth[chosen]
    falls = _falls(asked, truth, metric[1], seed, on_step)
    importances = [
        Importance(name, _interval(fall))
        for name, fall in zip(asked.columns, falls.T, strict=True)
    ]
    ranked = sorted(importances, key=lambda one: -one.fall.value)
    on_step("asking how predictions depend on the strongest columns")
    falling = [one.column for one in ranked if one.fall.value > 0]
    dependences = tuple(_dependences(asked, falling))
    return Explanation(of, len(truth), metric[0], tuple(ranked), dependences)


class _Shuffled(BaseEstimator):
    """Asked about rows put together: X holds, `(rows, columns)`, from which row each column's
    value is taken."""

    def __init__(self, asked: Asked):
        self.asked = asked
        self._arrays = {name: asked.rows[name].to_numpy() for name in asked.rows}

    def fit(self, x: Any, y: Any) -> "_Shuffled":
        """There is nothing to fit; scikit-learn looks for it."""
        return self

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """What the network answers."""
        places = zip(self.asked.columns.values(), x.T, strict=True)
        parts = {name: self._arrays[name][at] for names, at in places for name in names}
        return self.asked.answer(pd.DataFrame(parts, copy=False))


def _falls(
    asked: Asked, truth: np.ndarray, metric: Metric, seed: int, on_step: Callable[[str], None]
) -> np.ndarray:
    """By how much the measure falls, `(draws, columns)`."""
    estimator, n, found = _Shuffled(asked), len(asked.columns), []
    draws = int(np.clip(SHUFFLES // n, FEWEST_DRAWS, DRAWS))
    random = np.random.RandomState(seed)

    def scoring(estimator: _Shuffled, x: np.ndarray, y: np.ndarray) -> float:
        return metric(y, estimator.outputs(x))

    for draw in range(draws):
        on_step(f"shuffling {n} columns: {draw + 1} of {draws}")
        rows = resample(np.arange(len(truth)), random_state=random)
        x = np.repeat(rows[:, None], n, axis=1)
        fall = permutation_importance(
            estimator, x, truth[rows], scoring=scoring, n_repeats=1, random_state=random
        )
        found.append(fall.importances[:, 0])
    return np.array(found)


def _interval(draws: np.ndarray) -> Interval:
    mean, half = draws.mean(), 1.96 * draws.std(ddof=1)
    return Interval(float(mean), float(mean - half), float(mean + half))


class _Answering(BaseEstimator):
    """Asked about frames, in scikit-learn's words."""

    def __init__(self, asked: Asked):
        self.asked = asked

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier" if self.asked.labels else "regressor"
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, x: Any, y: Any) -> "_Answering":
        """There is nothing to fit; scikit-learn looks for it."""
        return self

    @property
    def classes_(self) -> np.ndarray:
        """Labels."""
        return np.array(self.asked.labels, object)

    def predict_proba(self, x: pd.DataFrame) -> np.ndarray:
        """Probabilities."""
        return self.asked.answer(x)

    def predict(self, x: pd.DataFrame) -> np.ndarray:
        """Values, `(rows,)` of a single output."""
        values = self.asked.answer(x)
        return values[:, 0] if values.shape[1] == 1 else values


def _dependences(asked: Asked, strongest: Sequence[str]) -> list[Dependence]:
    """Of columns of one part: a date is no line of values."""
    single = [name for name in strongest if len(asked.columns[name]) == 1]
    found = (_dependence(asked, name) for name in single[:STRONGEST])
    return [one for one in found if one is not None]


def _dependence(asked: Asked, column: str) -> Dependence | None:
    """None for a column that has one value."""
    [part] = asked.columns[column]
    cells = asked.rows[part]
    words = not pd.api.types.is_numeric_dtype(cells.dtype)
    known = asked.rows[cells.notna()].iloc[:ROWS_OF_DEPENDENCE]
    if known[part].nunique() < 2:
        return None
    if not words:
        known = known.astype({part: float})  # or pandas refuses the grid's values
    found = partial_dependence(
        _Answering(asked), known, [part], categorical_features=[part] if words else None,
        method="brute", grid_resolution=20,
    )  # fmt: skip
    grid, means = found["grid_values"][0], found["average"]
    x = range(len(grid)) if words else grid.tolist()
    curves = (
        Curve(name, tuple(map(float, x)), tuple(line.tolist()))
        for name, line in zip(_lines(asked), means, strict=True)
    )
    names = tuple(map(str, grid)) if words else ()
    return Dependence(column, names, tuple(curves)[:LINES])


def _lines(asked: Asked) -> Sequence[str]:
    """What each line is of: of two classes only the second has one."""
    if not asked.labels:
        return asked.outputs
    shown = asked.labels[1:] if len(asked.labels) == 2 else asked.labels
    return [f"probability of {label}" for label in shown]
