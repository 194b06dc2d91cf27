"""From architecture parameters to the weights of a mixture of operations.

Each function takes alphas `(edges, operations)` and gives weights of the same shape. They are
what variants of DARTS differ in most.

Sources: Liu, Simonyan and Yang, ICLR 2019 (softmax); Chu et al., "Fair DARTS", ECCV 2020
(sigmoid); Xie et al., "SNAS", ICLR 2019, and Dong and Yang, "Searching for a robust neural
architecture in four GPU hours", CVPR 2019 (Gumbel).
"""

import tensorflow as tf


def softmax(alphas: tf.Tensor) -> tf.Tensor:
    """Operations compete: weights in (0, 1) that sum to 1 per edge."""
    return tf.nn.softmax(alphas)


def sigmoid(alphas: tf.Tensor) -> tf.Tensor:
    """Operations do not compete: each weight in (0, 1) is on its own."""
    return tf.sigmoid(alphas)


def gumbel_softmax(alphas: tf.Tensor, temperature: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A random near-choice per edge: softmax((log softmax alpha + G) / tau).

    G is standard Gumbel noise. As tau tends to 0 the weights become one-hot, with operation k
    chosen with probability softmax(alpha)_k; at any tau the most heavily weighted operation
    has that distribution.

    Args:
        alphas: `(edges, operations)`.
        temperature: tau, a positive scalar.
        seed: two int32 numbers; equal seeds, equal noise.
    """
    # The open interval keeps both logarithms finite.
    uniform = tf.random.stateless_uniform(tf.shape(alphas), seed, minval=1e-12)
    noise = -tf.math.log(-tf.math.log(uniform))
    return tf.nn.softmax((tf.nn.log_softmax(alphas) + noise) / temperature)


def straight_through(weights: tf.Tensor) -> tf.Tensor:
    """One-hot in value, at the largest weight of each edge; in gradient the weights."""
    one_hot = tf.one_hot(tf.argmax(weights, axis=-1), weights.shape[-1], dtype=weights.dtype)
    return one_hot + weights - tf.stop_gradient(weights)


def entropy(weights: tf.Tensor) -> tf.Tensor:
    """Mean over the edges of -sum p log p, in nats; how undecided a mixture is."""
    return tf.reduce_mean(-tf.reduce_sum(tf.math.xlogy(weights, weights), axis=-1))
