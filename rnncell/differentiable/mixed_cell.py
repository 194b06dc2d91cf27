"""MixedCell: a recurrent cell in which every node reads all earlier ones in all ways at once.

With s_j the earlier states, W_i the one matrix of node i, p the weights of the mixture, sigma
the logistic function and . the product of elements:

    c_j, z_j = s_j W_i
    s_i = norm(sum over j, k of p_jk [s_j + sigma(c_j) . (f_k(z_j) - s_j)])

Node 0 is as in `highway_cell`, with tanh. `none` is an option with weight that adds nothing.
The norm is a batch normalisation without scale and offset, by the statistics of the batch;
found cells have none. Output and next state are the mean of all nodes but node 0.

Source: Liu, Simonyan and Yang, "DARTS: differentiable architecture search", ICLR 2019, and the
authors' program.
"""

import keras
import numpy as np
import tensorflow as tf

from rnncell.generator.highway_cell import highway
from rnncell.space.enas_space import Node, Nodes
from rnncell.space.genotype import ROOT

NONE = "none"
OPERATIONS = (NONE, "tanh", "relu", "sigmoid", "identity")
FUNCTIONS = (tf.tanh, tf.nn.relu, tf.sigmoid, tf.identity)  # of all but the first
EPSILON = 1e-5  # of the normalisation


def edges_of(nodes: int) -> list[tuple[int, int]]:
    """The edges between `nodes` nodes as (state, node), in the order of the rows of alphas."""
    return [(state, node) for node in range(1, nodes) for state in range(node)]


def derive(scores: np.ndarray) -> Nodes:
    """The cell that scores `(edges, operations)` stand for.

    Each node keeps the one edge, with the one operation other than `none`, that has the best
    score; of equal ones the first counts.
    """
    nodes = [Node(None, ROOT)]
    row = 0
    while row < len(scores):
        block = scores[row : row + len(nodes), 1:]
        state, operation = np.unravel_index(block.argmax(), block.shape)
        row += len(nodes)
        nodes.append(Node(int(state), OPERATIONS[1 + operation]))
    return tuple(nodes)


def one_hot(nodes: Nodes) -> np.ndarray:
    """Weights `(edges, operations)` of the mixture that is this cell alone."""
    edges = edges_of(len(nodes))
    weights = np.zeros((len(edges), len(OPERATIONS)), np.float32)
    for row, (state, i) in enumerate(edges):
        if nodes[i].predecessor == state:
            weights[row, OPERATIONS.index(nodes[i].activation)] = 1.0
    return weights


class MixedCell:
    """The matrices of a mixed cell.

    Args:
        nodes: node 0 included.
        units: of input, state and output.
        rng: draws the first weights; for 300 units they are within 0.04, as published.

    Attributes:
        kernels: `(2 * units, 2 * units)` of node 0, `(units, 2 * units)` of the others.
    """

    def __init__(self, nodes: int, units: int, rng: np.random.Generator):
        self.units, self.kernels = units, []
        for inputs in [2 * units] + [units] * (nodes - 1):
            limit = 0.5 * np.sqrt(6 / (inputs + 2 * units))
            first = rng.uniform(-limit, limit, (inputs, 2 * units))
            self.kernels.append(keras.Variable(first, dtype="float32"))

    def unroll(
        self, x: tf.Tensor, state: tf.Tensor, mixture: tf.Tensor, keep: tf.Tensor
    ) -> tf.Tensor:
        """The outputs over a sequence, each of which is the next state.

        Args:
            x: `(steps, batch, units)`.
            state: `(batch, units)`, before the first step.
            mixture: `(edges, operations)`.
            keep: `(batch, units)`, factors on every state before its matrix.

        Returns:
            `(steps, batch, units)`.
        """
        first, *kernels = [tf.convert_to_tensor(kernel.value) for kernel in self.kernels]
        from_input, from_state = tf.split(first, 2, axis=0)
        sizes = [node + 1 for node in range(len(kernels))]
        shares = tf.split(mixture[:, 1:], sizes)

        def step(state: tf.Tensor, entering: tf.Tensor) -> tf.Tensor:
            read = entering + tf.matmul(state * keep, from_state)
            states = [normalise(highway(state, read, tf.tanh))]
            for kernel, share in zip(kernels, shares, strict=True):
                states.append(normalise(mixed_node(tf.stack(states), kernel, share, keep)))
            return tf.add_n(states[1:]) / len(kernels)

        # What the input adds is one matrix product for all steps.
        return tf.scan(step, tf.einsum("tbi,io->tbo", x, from_input), state)


def mixed_node(
    states: tf.Tensor, kernel: tf.Tensor, shares: tf.Tensor, keep: tf.Tensor
) -> tf.Tensor:
    """What a node makes of all earlier states.

    Args:
        states: `(states, batch, units)`.
        kernel: `(units, 2 * units)`.
        shares: `(states, functions)`, weights of the mixture.
        keep: see `MixedCell.unroll`.
    """
    read = tf.einsum("sbi,io->sbo", states * keep, kernel)
    gate, value = tf.split(read, 2, axis=-1)
    parts = [share[:, None, None] for share in tf.unstack(shares, axis=1)]
    # sum over k of p_k [s + c (f_k - s)] = P s + c (sum over k of p_k f_k - P s), with P the
    # sum of the p_k: a gate serves all functions.
    passing = tf.add_n(parts) * states
    made = tf.add_n([part * f(value) for part, f in zip(parts, FUNCTIONS, strict=True)])
    return tf.reduce_sum(passing + tf.sigmoid(gate) * (made - passing), axis=0)


def normalise(x: tf.Tensor) -> tf.Tensor:
    """Batch normalisation of `(batch, units)` by its own statistics."""
    mean, variance = tf.nn.moments(x, axes=[0])
    return (x - mean) * tf.math.rsqrt(variance + EPSILON)
