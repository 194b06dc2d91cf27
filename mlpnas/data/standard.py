"""Standard: columns brought to mean 0 and deviation 1.

As scikit-learn's StandardScaler, but for the arithmetic: that one's is of float32 or float64
according to its version. Here it is of the columns' own type, with constants of that type, so
that an exported model knows the very same ones.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler

from mlpnas.core.data.rounding import TINY


class Standard(TransformerMixin, BaseEstimator):
    """The transformer; it works in place, and columns must have no missing cells.

    Attributes:
        mean_, scale_: `(columns,)`, fitted; the scale of a constant column is 1.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        fitted, kind = StandardScaler().fit(X), np.asarray(X).dtype
        self.mean_ = fitted.mean_.astype(kind)
        self.scale_ = np.where(fitted.scale_ < TINY, 1, fitted.scale_).astype(kind)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """X itself, scaled `(rows, columns)`."""
        with np.errstate(over="ignore"):  # infinitely far off, see `extremes`
            X -= self.mean_
            X /= self.scale_
        return X
