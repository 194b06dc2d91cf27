"""BankLayers: the parts of a network, computed with arrays of a `WeightBank`.

A `Piece` is a part of a network, such as an operation, as a function of a row of numbers, in
which all its arrays lie one after another: one gather picks the weights of a place.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from cnnnas.operations.layers import Layers, Tensor
from cnnnas.supernet.computed_layers import ComputedLayers, convolve, normalise

Shape = tuple[int, ...]
HERE = "here"  # the scope of every piece, wherever it stands


@dataclass(frozen=True)
class BankLayers(ComputedLayers):
    """See `Layers`.

    Args:
        arrays: gives the array of a name and shape; kernels have four axes, a normalisation's
            `(2, channels)` are scale and offset.
    """

    arrays: Callable[[str, Shape], Tensor] = field(kw_only=True)

    def _array(self, name: str, *shape: int) -> Tensor:
        return self.arrays(name, shape)

    def norm(self, x: Tensor) -> Tensor:
        channels = x.shape[-1]
        scale_offset = self._array(f"{self.scope}-norm-{channels}", 2, channels)
        return normalise(x, *tf.unstack(scale_offset))

    def reduced(self, x: Tensor, channels: int) -> Tensor:
        """See `Layers`. One convolution of 2 by 2 whose other weights are 0: several times
        faster than picking the pixels of each path."""
        inputs, first, rest = x.shape[-1], channels // 2, channels - channels // 2
        even = self._array(f"{self.scope}-even-conv-{inputs}x{first}", 1, 1, inputs, first)
        odd = self._array(f"{self.scope}-odd-conv-{inputs}x{rest}", 1, 1, inputs, rest)
        upper_left = tf.pad(even, [[0, 1], [0, 1], [0, 0], [0, rest]])
        lower_right = tf.pad(odd, [[1, 0], [1, 0], [0, 0], [first, 0]])
        return convolve(x, upper_left + lower_right, stride=2)

    def _pool(self, kind: str, x: Tensor, kernel: int, stride: int, padding: str) -> Tensor:
        if kind == "avg":
            return tf.nn.avg_pool2d(x, kernel, stride, padding.upper())
        return _max_pool(x, kernel, stride, padding.upper())


def _max_pool(x: Tensor, kernel: int, stride: int, padding: str) -> Tensor:
    """The maximum, which is computed again for its gradient.

    Branches and their gradients are functions apart, and the fast gradient needs what the
    maximum left behind in the same function; without, it takes several times as long.
    """
    window = {"ksize": [1, kernel, kernel, 1], "strides": [1, stride, stride, 1]}

    @tf.custom_gradient
    def maximum(x: Tensor) -> tuple[Tensor, Any]:
        def gradient(upstream: Tensor) -> Tensor:
            again = tf.raw_ops.MaxPool(input=x, padding=padding, **window)
            return tf.raw_ops.MaxPoolGrad(
                orig_input=x, orig_output=again, grad=upstream, padding=padding, **window
            )

        return tf.raw_ops.MaxPool(input=x, padding=padding, **window), gradient

    return maximum(x)


class Piece:
    """A part of a network, as a function of a row of numbers and an image.

    Args:
        build: the part, of `Layers` and an image; asks for the same arrays each time.
        channels: of the images.

    Attributes:
        arrays: the arrays in a row: name, beginning with the scope `HERE` -> shape.
    """

    def __init__(self, build: Callable[[Layers, Tensor], Tensor], channels: int):
        self._build = build
        self.arrays: dict[str, Shape] = {}
        build(BankLayers(scope=HERE, arrays=self._note), tf.zeros([1, 8, 8, channels]))

    def _note(self, name: str, shape: Shape) -> Tensor:
        if name in self.arrays:
            raise ValueError(f"two arrays are called {name!r}; expected places apart")
        self.arrays[name] = shape
        return tf.zeros(shape)

    def cut(self, row: Tensor) -> dict[str, Tensor]:
        """The arrays of a row `(numbers,)`, flat."""
        sizes = [math.prod(shape) for shape in self.arrays.values()]
        return dict(zip(self.arrays, tf.split(row, sizes), strict=True)) if sizes else {}

    def __call__(self, row: Tensor, x: Tensor) -> Tensor:
        flat = self.cut(row)
        layers = BankLayers(
            scope=HERE, arrays=lambda name, shape: tf.reshape(flat[name], shape)
        )
        # In a branch, a gradient of ours sees what the branch itself holds.
        return self._build(layers, tf.identity(x))
