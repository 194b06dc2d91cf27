"""Network: a trained Keras model that answers in the table's terms."""

from typing import Any

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.data.table import Table

# Rows of one pass. Batches are filled up to a multiple of STEP: what a row gives then depends
# to the bit neither on its place nor on its company, since vector units leave no remainder.
BATCH, STEP = 4096, 32


class Network:
    """A network on encoded inputs.

    Args:
        model: a `keras.Model`.
        table: says what its outputs mean; needs no rows.
    """

    def __init__(self, model: Any, table: Table):
        self.model, self.table = model, table

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
        """Labels or values, `(rows,)`, or `(rows, outputs)` for several outputs.

        Raises:
            InputError: for a row of which the network says nothing that is a number.
        """
        return self.table.decode(_numbers(self.outputs(x)))

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Probabilities `(rows, classes)` float64; rows sum to 1.

        Raises:
            InputError: as `predict`.
        """
        return self.table.probabilities(_numbers(self.outputs(x)))


def _numbers(outputs: np.ndarray) -> np.ndarray:
    wrong = ~np.isfinite(outputs).all(axis=1)
    if wrong.any():
        raise InputError(
            f"the network gives no number for row {wrong.argmax() + 1} ({wrong.sum()} in all), "
            "which lies too far from the rows that it learned from; expected values as those: "
            "mend the row or leave it out"
        )
    return outputs
