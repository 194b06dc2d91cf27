"""Network: a trained Keras model that answers in the user's terms, as scikit-learn asks."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from mlpnas.table import Table

# Rows of one pass. Batches are filled up to a multiple of STEP: what a row gives then depends
# to the bit neither on its place nor on its company, since vector units leave no remainder.
BATCH, STEP = 4096, 32


class Network(BaseEstimator):
    """A network on encoded inputs, with the methods that scikit-learn's scorers call.

    Args:
        model: a `keras.Model`, or any callable of inputs `(rows, inputs)`.
        table: says what its outputs mean; needs no rows.
    """

    def __init__(self, model: Any, table: Table):
        self.model, self.table = model, table

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier" if self.table.task.classes else "regressor"
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def classes_(self) -> np.ndarray:
        """The labels, in the order of the columns of `predict_proba`."""
        return np.asarray(self.table.task.classes)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """What the final layer gives, `(rows, units)` float32, for encoded rows."""
        # Called, not `predict`: that would trace a graph for each model, which takes longer
        # than most tables do.
        parts = [self._pass(x[i : i + BATCH]) for i in range(0, len(x), BATCH)]
        return np.concatenate(parts)

    def _pass(self, x: np.ndarray) -> np.ndarray:
        filled = np.zeros((-(-len(x) // STEP) * STEP, *x.shape[1:]), np.float32)
        filled[: len(x)] = x
        return np.asarray(self.model(filled, training=False))[: len(x)]

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Labels or values, `(rows,)`, or `(rows, outputs)` for several outputs."""
        return self.table.decode(self.outputs(x))

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Probabilities `(rows, classes)` float64; rows sum to 1."""
        outputs = self.outputs(x).astype(np.float64)
        if self.table.task.kind == "binary":
            return np.hstack([1 - outputs, outputs])
        return outputs / outputs.sum(axis=1, keepdims=True)
