"""SharedCell: all cells of an ENAS space in one set of weights and one compiled graph.

Node i has a bank of matrices, one for each predecessor it may have (the paper), or one for
each pair of predecessor and activation (the authors' programs). A cell is a path: one matrix
of each bank, and as run-time data which node each node reads, what it applies, and how much
it adds to the output. So no graph depends on the cell, and only its own matrices are read.

Source: Pham et al., ICML 2018, section 2.1, and the authors' code.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from mlpnas.core.space.search_space import Architecture
from rnncell.generator.highway_cell import highway
from rnncell.space.activations import COEFFICIENTS
from rnncell.space.enas_space import Average, ENASCellSpace, averaged

# Norm of a sequence's state. Chains of linear nodes can let it grow beyond bounds while the
# weights are trained for other cells as well; what tanh and sigmoid give stays far below.
LARGEST = 25.0


class Path(NamedTuple):
    """A cell of n nodes as run-time data.

    Attributes:
        rows: int32 `(n,)`, the matrix that each node takes from its bank.
        predecessors: int32 `(n,)`, 0 for node 0.
        coefficients: float32 `(n, 5)`, each node's activation, see `activations`.
        shares: float32 `(n,)`, of each node in the output; they sum to 1.
    """

    rows: np.ndarray
    predecessors: np.ndarray
    coefficients: np.ndarray
    shares: np.ndarray


class SharedCell:
    """The banks of a space.

    Args:
        space: of the cells.
        units: of input, state and output.
        average: see `HighwayCell`.
        per_activation: whether predecessor and activation choose a matrix, or the predecessor
            alone.
        seed: of the initial weights.

    Attributes:
        banks: a variable per node, `(choices, inputs, 2 * units)`.
    """

    def __init__(
        self,
        space: ENASCellSpace,
        units: int,
        average: Average = "loose",
        per_activation: bool = False,
        seed: int = 0,
    ):
        self.space, self.units, self._average = space, units, average
        self._per_predecessor = len(space.activations) if per_activation else 1
        rng = np.random.default_rng([seed, 0])
        self.banks = [self._bank(i, rng) for i in range(space.nodes)]

    def _bank(self, node: int, rng: np.random.Generator) -> tf.Variable:
        choices = self._per_predecessor * max(node, 1)
        if node == 0 and self.space.root is not None:
            choices = 1
        inputs = self.units if node else 2 * self.units
        # Smaller than Glorot's: while the weights are young, chains of linear nodes must not
        # let the state grow.
        limit = 0.5 * np.sqrt(6 / (inputs + 2 * self.units))
        start = rng.uniform(-limit, limit, (choices, inputs, 2 * self.units))
        return tf.Variable(start.astype(np.float32), name=f"bank_{node}")

    def path(self, architecture: Architecture) -> Path:
        """The path of an architecture."""
        nodes = self.space.cell(architecture)
        predecessors = np.array([node.predecessor or 0 for node in nodes], np.int32)
        rows = predecessors * self._per_predecessor
        if self._per_predecessor > 1:
            rows += [self.space.activations.index(node.activation) for node in nodes]
            if self.space.root is not None:
                rows[0] = 0
        shares = np.zeros(len(nodes), np.float32)
        last = list(averaged(nodes, self._average))
        shares[last] = 1 / len(last)
        table = np.array([COEFFICIENTS[node.activation] for node in nodes], np.float32)
        return Path(rows.astype(np.int32), predecessors, table, shares)

    def kernels(self, rows: tf.Tensor) -> list[tf.Tensor]:
        """The matrices of a path."""
        return [tf.gather(bank, rows[i]) for i, bank in enumerate(self.banks)]

    def unroll(
        self,
        x: tf.Tensor,
        state: tf.Tensor,
        kernels: list[tf.Tensor],
        path: Path,
        keep: tf.Tensor,
    ) -> tf.Tensor:
        """The outputs of a path over a sequence, each of which is the next state.

        Args:
            x: `(steps, batch, units)`.
            state: `(batch, units)`, before the first step.
            kernels: see `kernels`.
            path: tensors.
            keep: `(batch, units)`, factors on every state before its matrix.

        Returns:
            `(steps, batch, units)`.
        """
        from_input, from_state = tf.split(kernels[0], 2, axis=0)
        activations = [_activation(path.coefficients[i]) for i in range(len(kernels))]

        def step(state: tf.Tensor, entering: tf.Tensor) -> tf.Tensor:
            read = entering + tf.matmul(state * keep, from_state)
            outputs = [highway(state, read, activations[0])]
            for i in range(1, len(kernels)):
                before = tf.gather(tf.stack(outputs), path.predecessors[i])
                read = tf.matmul(before * keep, kernels[i])
                outputs.append(highway(before, read, activations[i]))
            mean = tf.add_n([path.shares[i] * output for i, output in enumerate(outputs)])
            return tf.clip_by_norm(mean, LARGEST, axes=[1])

        # What the input adds is one matrix product for all steps.
        return tf.scan(step, tf.einsum("tbi,io->tbo", x, from_input), state)


def _activation(row: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
    """The function of these coefficients, see `activations`."""
    a, b, c, d, e = tf.unstack(row, num=5)
    return lambda x: a * tf.tanh(b * x) + c + d * tf.maximum(x, e * x)
