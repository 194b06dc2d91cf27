"""ComputedLayers: the parts of a network, computed at once with arrays by name.

Batch normalisation always uses the statistics of its batch: moving averages would mix those of
all architectures. What is computed has the type of its image, float32 or bfloat16; arrays are
float32.
"""

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import tensorflow as tf

from cnnnas.operations.layers import Edges, Layers, Pair, Tensor

EPSILON = 1e-5  # of batch normalisation, as in ENAS


def convolve(
    x: Tensor, kernel: Tensor, stride: int | Pair = 1, padding: str = "SAME"
) -> Tensor:
    """Convolution without bias of `(rows, height, width, channels)`."""
    return tf.nn.conv2d(x, tf.cast(kernel, x.dtype), stride, padding)


def normalise(x: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    """Batch normalisation with the batch's own statistics."""
    return tf.raw_ops.FusedBatchNormV3(
        x=x, scale=scale, offset=offset, mean=[], variance=[],
        epsilon=EPSILON, is_training=True,
    ).y  # fmt: skip


@dataclass(frozen=True)
class ComputedLayers(Layers):
    """See `Layers`; where the arrays are from, and what pools compute, is left open."""

    @abstractmethod
    def _array(self, name: str, *shape: int) -> Tensor:
        """The kernel of this name."""

    def _once(self, x: Tensor, what: Hashable, compute: Callable[[], Tensor]) -> Tensor:
        """What has no weights may be computed of a tensor once, and kept."""
        return compute()

    def relu(self, x: Tensor) -> Tensor:
        return self._once(x, "relu", lambda: tf.nn.relu(x))

    def add(self, parts: Sequence[Tensor]) -> Tensor:
        return tf.add_n(list(parts))

    def concatenate(self, parts: Sequence[Tensor]) -> Tensor:
        return tf.concat(list(parts), axis=-1)

    def shifted(self, x: Tensor) -> Tensor:
        padded = self._pad(x, ((0, 1), (0, 1)))
        # The gradient of x[:, 1:, 1:] takes three times as long on a CPU.
        return self._once(x, "shifted", lambda: tf.slice(padded, [0, 1, 1, 0], [-1] * 4))

    def _convolution(
        self, name: str, x: Tensor, filters: int, sizes: Pair, steps: Pair, padding: str
    ) -> Tensor:
        kernel = self._array(name, *sizes, x.shape[-1], filters)
        return convolve(x, kernel, steps, padding.upper())

    def _separable(
        self, name: str, x: Tensor, filters: int, kernel: int, stride: int, padding: str,
        dilation: int,
    ) -> Tensor:  # fmt: skip
        channels = x.shape[-1]
        depthwise = tf.cast(self._array(name, kernel, kernel, channels, 1), x.dtype)
        pointwise = self._array(f"{name}-pointwise", 1, 1, channels, filters)
        steps, gaps = [1, stride, stride, 1], [dilation, dilation]
        x = tf.nn.depthwise_conv2d(x, depthwise, steps, padding.upper(), dilations=gaps)
        return convolve(x, pointwise)

    def _pad(self, x: Tensor, edges: Edges) -> Tensor:
        return self._once(x, edges, lambda: tf.pad(x, [(0, 0), *edges, (0, 0)]))
