"""Quantiles: a column bent until its values lie as those of a normal distribution do.

Long tails shrink and crowded stretches widen, so that a few extreme rows no longer decide
where all others lie. As scikit-learn's QuantileTransformer with `output_distribution="normal"`,
but with fewer knots and straight lines between their normal scores, not their probabilities:
a sum of ramps, which Keras operations repeat (`export`).
"""

from typing import Any, NamedTuple, Self

import numpy as np
from scipy.stats import norm
from sklearn.base import BaseEstimator, TransformerMixin

KNOTS = 65  # every 64th of the rows; the outermost are the least and the greatest value


class Knots(NamedTuple):
    """Where a column's broken line bends.

    Attributes:
        values: rising, each a float32 number.
        scores: rising; the line is level outside.
    """

    values: np.ndarray
    scores: np.ndarray


class Ramps(NamedTuple):
    """Broken lines as sums: least + sum of rise * clip((x - start) / width, 0, 1).

    Attributes:
        least: the lowest score `(columns,)`.
        start, width, rise: of each ramp `(columns, ramps)`; columns with fewer have ramps
            that rise by 0.
    """

    least: np.ndarray
    start: np.ndarray
    width: np.ndarray
    rise: np.ndarray


class Quantiles(TransformerMixin, BaseEstimator):
    """The transformer; columns must have no missing cells.

    Attributes:
        knots_: of each column, fitted.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        self.knots_ = [_knots(column) for column in np.asarray(X).T]
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Normal scores `(rows, columns)` float64."""
        pairs = zip(np.asarray(X).T, self.knots_, strict=True)
        return np.stack([np.interp(column, *knots) for column, knots in pairs], axis=1)

    def ramps(self) -> Ramps:
        """What `transform` does, in plain arithmetic."""
        shape = len(self.knots_), max(len(knots.values) for knots in self.knots_) - 1
        start, width, rise = np.zeros(shape), np.ones(shape), np.zeros(shape)
        for i, (values, scores) in enumerate(self.knots_):
            ramps = slice(len(values) - 1)
            start[i, ramps], width[i, ramps] = values[:-1], np.diff(values)
            rise[i, ramps] = np.diff(scores)
        least = np.array([knots.scores[0] for knots in self.knots_])
        return Ramps(least, start, width, rise)


def _knots(column: np.ndarray) -> Knots:
    """Quantiles and their normal scores; equal quantiles share the mean of their ranks.

    The outermost ranks are half a row from the ends, where the scores would be infinite.
    """
    ranks = np.linspace(0, 1, KNOTS)
    # Rounded, so that both sides of an export know the very same knots.
    quantiles = np.quantile(column.astype(np.float64), ranks).astype(np.float32)
    values, places = np.unique(quantiles, return_inverse=True)
    half = 0.5 / len(column)
    shared = np.bincount(places, ranks.clip(half, 1 - half)) / np.bincount(places)
    return Knots(values.astype(np.float64), norm.ppf(shared))
