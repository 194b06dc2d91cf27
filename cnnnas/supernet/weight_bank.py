"""The shared weights of a supernet, and the few operations that use them.

Weights that take the same place in different architectures are slices of one array, so that
an architecture given as numbers at run time picks them with a gather. Batch normalisation
always uses the statistics of its batch: moving averages would mix those of all architectures.

An operation computes in the type of its images, float32 or bfloat16; the weights are float32,
and so are the logits.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

Tensor = Any
EPSILON = 1e-5  # of batch normalisation, as in ENAS
NOISE = 0.3  # share of a random kernel in one that starts near the identity


class Norm(NamedTuple):
    """Scale and offset of a batch normalisation, `(..., channels)`."""

    scale: Tensor
    offset: Tensor

    def at(self, index: Tensor) -> "Norm":
        """Those of one place."""
        return Norm(tf.gather(self.scale, index), tf.gather(self.offset, index))


class WeightBank:
    """Named trainable arrays.

    Args:
        seed: of their first values.

    Attributes:
        variables: name -> variable, in the order made.
    """

    def __init__(self, seed: int):
        self.variables: dict[str, tf.Variable] = {}
        self._rng = np.random.default_rng([seed, 0])

    def kernel(self, name: str, *shape: int) -> tf.Variable:
        """A kernel `(height, width, inputs, outputs)`, He normal."""
        return self._variable(name, self._he(*shape))

    def near_identity(
        self, name: str, size: int, channels: int, places: tuple[int, ...] = (),
        depthwise: bool = False,
    ) -> tf.Variable:  # fmt: skip
        """A kernel for each of the places that at first lets its input through, but for noise.

        Operations that take turns in one place then speak one language from the start. With
        random kernels each has its own, and what follows has to learn all of them before it
        learns anything else.
        """
        through = np.zeros((size, size, channels, 1 if depthwise else channels))
        through[size // 2, size // 2] = 1 if depthwise else np.eye(channels)
        return self._variable(name, through + NOISE * self._he(*places, *through.shape))

    def norm(self, name: str, channels: int, places: tuple[int, ...] = ()) -> Norm:
        """A batch normalisation for each of the places; at first it changes no scale."""
        shape = (*places, channels)
        scale = self._variable(f"{name}/scale", np.ones(shape))
        return Norm(scale, self._variable(f"{name}/offset", np.zeros(shape)))

    def _he(self, *shape: int) -> np.ndarray:
        """He's normal values; a depthwise kernel, of one output, sums over an image alone."""
        fan_in = np.prod(shape[-4:-2] if shape[-1] == 1 else shape[-4:-1])
        return self._rng.normal(0, np.sqrt(2 / fan_in), shape)

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
    return tf.nn.conv2d(x, tf.cast(kernel, x.dtype), stride, padding)


def separable(x: Tensor, depthwise: Tensor, pointwise: Tensor) -> Tensor:
    """A depthwise convolution, then one of 1 by 1."""
    depthwise = tf.cast(depthwise, x.dtype)
    return convolve(tf.nn.depthwise_conv2d(x, depthwise, [1, 1, 1, 1], "SAME"), pointwise)


def normalise(x: Tensor, norm: Norm) -> Tensor:
    """Batch normalisation with the batch's own statistics."""
    return tf.raw_ops.FusedBatchNormV3(
        x=x, scale=norm.scale, offset=norm.offset, mean=[], variance=[],
        epsilon=EPSILON, is_training=True,
    ).y  # fmt: skip


def pool(x: Tensor, kind: str) -> Tensor:
    """The average (without the padding) or the maximum of 3 by 3 pixels."""
    if kind == "avg_pool_3x3":
        return tf.nn.avg_pool2d(x, 3, 1, "SAME")
    return _max_pool(tf.identity(x))  # a gradient of ours sees what its own branch holds


@tf.custom_gradient
def _max_pool(x: Tensor) -> tuple[Tensor, Any]:
    """The maximum of 3 by 3 pixels, which is computed again for its gradient.

    Branches and their gradients are functions apart, and the fast gradient needs what the
    maximum left behind in the same function; without, it takes several times as long.
    """
    window = {"ksize": [1, 3, 3, 1], "strides": [1, 1, 1, 1], "padding": "SAME"}

    def gradient(upstream: Tensor) -> Tensor:
        again = tf.raw_ops.MaxPool(input=x, **window)
        return tf.raw_ops.MaxPoolGrad(orig_input=x, orig_output=again, grad=upstream, **window)

    return tf.raw_ops.MaxPool(input=x, **window), gradient


class Reduction(NamedTuple):
    """Halves an image without losing every other pixel: two paths, one pixel apart, each
    with a kernel to half of the channels.

    Computed as one convolution of 2 by 2 whose other weights are 0: several times faster than
    picking the pixels of each path.
    """

    even: Tensor
    odd: Tensor
    norm: Norm

    def __call__(self, x: Tensor) -> Tensor:
        even, odd = self.even.shape[3], self.odd.shape[3]
        upper_left = tf.pad(self.even, [[0, 1], [0, 1], [0, 0], [0, odd]])
        lower_right = tf.pad(self.odd, [[1, 0], [1, 0], [0, 0], [even, 0]])
        return normalise(convolve(x, upper_left + lower_right, stride=2), self.norm)


def reduction(bank: WeightBank, name: str, inputs: int, outputs: int) -> Reduction:
    """The weights of a factorized reduction; `outputs` channels, an even number."""
    half = outputs // 2
    return Reduction(
        bank.kernel(f"{name}/even", 1, 1, inputs, half),
        bank.kernel(f"{name}/odd", 1, 1, inputs, outputs - half),
        bank.norm(f"{name}/norm", outputs),
    )


def classify(x: Tensor, kernel: Tensor, keep: float, seed: Tensor | None) -> Tensor:
    """Logits `(rows, classes)` of the averaged image; dropout with a seed, none without."""
    features = tf.reduce_mean(tf.cast(x, kernel.dtype), axis=[1, 2])
    if seed is not None:
        mask = tf.random.stateless_uniform(tf.shape(features), seed) < keep
        features = tf.where(mask, features / keep, 0.0)
    return tf.matmul(features, kernel)
