"""What language models with shared weights have in common: dropout masks, vectors, the loss.

Sequences are time first here: `(steps, batch, units)`.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from rnncell.recipes import Regularization

Masks = Mapping[str, tf.Tensor]


def masks(
    regularization: Regularization, units: int, shape: tf.Tensor, seed: int, number: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Factors 0 or 1 / (1 - rate) by place of dropout, where the rate is not 0.

    Args:
        regularization: the rates.
        units: of vectors and states.
        shape: `(batch, steps)`.
        seed: of the model.
        number: of the step; another number, other masks.
    """
    batch, steps = shape[0], shape[1]
    shapes = {name: [batch, units] for name in ("embedding", "input", "state", "output")}
    shapes["word"] = [steps, batch, 1]
    made = {}
    for i, (name, size) in enumerate(shapes.items()):
        if rate := getattr(regularization, name):
            drawn = tf.random.stateless_uniform(size, [seed * 8 + i, number])
            made[name] = tf.cast(drawn >= rate, tf.float32) / (1.0 - rate)
    return made


def vectors(words: tf.Tensor, x: tf.Tensor, keep: Masks) -> tf.Tensor:
    """Vectors `(steps, batch, units)` of tokens `(batch, steps)`, as they enter the cell."""
    found = tf.gather(words, tf.transpose(x))
    for name in ("word", "embedding", "input"):
        found *= keep.get(name, 1.0)
    return found


def mean_nats(
    outputs: tf.Tensor, words: tf.Tensor, y: tf.Tensor, weight: tf.Tensor, bias: Any = 0.0
) -> tf.Tensor:
    """Weighted mean cross-entropy of outputs `(steps, batch, units)`, nats per token."""
    flat = tf.reshape(outputs, [-1, words.shape[1]])
    logits = tf.matmul(flat, words, transpose_b=True) + bias
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        tf.reshape(tf.transpose(y), [-1]), logits
    )
    weights = tf.reshape(tf.transpose(weight), [-1])
    return tf.reduce_sum(losses * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)


def temporal_change(outputs: tf.Tensor) -> tf.Tensor:
    """Mean square by which outputs differ from one step to the next, see `slowness`."""
    return tf.reduce_mean(tf.square(outputs[1:] - outputs[:-1]))
