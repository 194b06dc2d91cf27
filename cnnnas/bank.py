"""The shared weights of a supernet, and the few operations that use them.

Weights that take the same place in different architectures are slices of one array, so that
an architecture given as numbers at run time picks them with a gather. Batch normalisation
always uses the statistics of its batch: moving averages would mix those of all architectures.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

Tensor = Any
EPSILON = 1e-5  # of batch normalisation, as in ENAS


class Norm(NamedTuple):
    """Scale and offset of a batch normalisation, `(..., channels)`."""

    scale: Tensor
    offset: Tensor

    def at(self, index: Tensor) -> "Norm":
        """Those of one place."""
        return Norm(tf.gather(self.scale, index), tf.gather(self.offset, index))


class Bank:
    """Named trainable arrays.

    Args:
        seed: of their first values.

    Attributes:
        variables: name -> variable, in the order made.
    """

    def __init__(self, seed: int):
        self.variables: dict[str, tf.Variable] = {}
        self._rng = np.random.default_rng([seed, 0])

    def kernel(self, name: str, *shape: int, places: tuple[int, ...] = ()) -> tf.Variable:
        """A kernel `(height, width, inputs, outputs)` for each of the places, He normal.

        Kernels of depthwise convolutions have `outputs` 1 and sum over an image alone.
        """
        fan_in = np.prod(shape[:2]) if shape[3:] == (1,) else np.prod(shape[:3])
        values = self._rng.normal(0, np.sqrt(2 / fan_in), (*places, *shape))
        return self._variable(name, values)

    def norm(self, name: str, channels: int, places: tuple[int, ...] = ()) -> Norm:
        """A batch normalisation for each of the places; at first it changes no scale."""
        shape = (*places, channels)
        scale = self._variable(f"{name}/scale", np.ones(shape))
        return Norm(scale, self._variable(f"{name}/offset", np.zeros(shape)))

    def _variable(self, name: str, values: np.ndarray) -> tf.Variable:
        if name in self.variables:
            raise ValueError(f"two arrays of the bank are called {name!r}")
        variable = tf.Variable(values.astype(np.float32), name=name.replace("/", "_"))
        self.variables[name] = variable
        return variable

    def count(self) -> int:
        """How many numbers there are."""
        return sum(int(np.prod(v.shape)) for v in self.variables.values())


def convolve(x: Tensor, kernel: Tensor, stride: int = 1, padding: str = "SAME") -> Tensor:
    """Convolution without bias of `(rows, height, width, channels)`."""
    return tf.nn.conv2d(x, kernel, stride, padding)


def separable(x: Tensor, depthwise: Tensor, pointwise: Tensor) -> Tensor:
    """A depthwise convolution, then one of 1 by 1."""
    return convolve(tf.nn.depthwise_conv2d(x, depthwise, [1, 1, 1, 1], "SAME"), pointwise)


def normalise(x: Tensor, norm: Norm) -> Tensor:
    """Batch normalisation with the batch's own statistics."""
    return tf.raw_ops.FusedBatchNormV3(
        x=x, scale=norm.scale, offset=norm.offset, mean=[], variance=[],
        epsilon=EPSILON, is_training=True,
    ).y  # fmt: skip


def pool(x: Tensor, kind: str) -> Tensor:
    """The average (without the padding) or the maximum of 3 by 3 pixels."""
    pooled = tf.nn.avg_pool2d if kind == "avg_pool_3x3" else tf.nn.max_pool2d
    return pooled(x, 3, 1, "SAME")


class Reduction(NamedTuple):
    """Halves an image without losing every other pixel: two paths, one pixel apart, each
    with a kernel to half of the channels."""

    even: Tensor
    odd: Tensor
    norm: Norm

    def __call__(self, x: Tensor) -> Tensor:
        shifted = tf.pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]])[:, 1:, 1:]
        paths = [convolve(x[:, ::2, ::2], self.even), convolve(shifted[:, ::2, ::2], self.odd)]
        return normalise(tf.concat(paths, axis=3), self.norm)


def reduction(bank: Bank, name: str, inputs: int, outputs: int) -> Reduction:
    """The weights of a factorized reduction; `outputs` channels, an even number."""
    half = outputs // 2
    return Reduction(
        bank.kernel(f"{name}/even", 1, 1, inputs, half),
        bank.kernel(f"{name}/odd", 1, 1, inputs, outputs - half),
        bank.norm(f"{name}/norm", outputs),
    )


def classify(x: Tensor, kernel: Tensor, keep: float, seed: Tensor | None) -> Tensor:
    """Logits `(rows, classes)` of the averaged image; dropout with a seed, none without."""
    features = tf.reduce_mean(x, axis=[1, 2])
    if seed is not None:
        mask = tf.random.stateless_uniform(tf.shape(features), seed) < keep
        features = tf.where(mask, features / keep, 0.0)
    return tf.matmul(features, kernel)
