"""Layers: what a network is built of, each part named by its place.

One description of cells serves two kinds of networks: `KerasLayers` makes ordinary Keras
models, `search_layers` computes with shared variables. A name holds the place and the shape,
`cell3-node4-sep_conv_3x3-from1-conv-72x36`. It is the weight key under which networks share
what they have learned, and seeds the layer: equal seeds and names, equal first weights.
"""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import keras
from keras import layers as kl

from mlpnas.core.generator import Shapes

# An image tensor `(batch, height, width, channels)`.
Tensor = Any
Pair = tuple[int, int]
Edges = tuple[Pair, Pair]  # zeros above and below, left and right


@dataclass(frozen=True)
class Layers(ABC):
    """Where the next parts stand, and what holds for all parts of the network.

    No convolution has a bias: batch normalisation follows each of them.

    Args:
        seed: of the network; a layer's own seed is a hash of this and of its name.
        scope: the place, the first part of the names.
        padding: what strided operations see beyond the border. `"same"` is TensorFlow's way,
            which pads even sizes at the bottom and on the right only. `"symmetric"` is
            PyTorch's. `"zeros"` is `"same"`, but pools see zeros there too, and count them.
        momentum, epsilon: of batch normalisation.
    """

    seed: int = 0
    scope: str = ""
    padding: Literal["same", "symmetric", "zeros"] = "same"
    momentum: float = 0.9
    epsilon: float = 1e-5

    def at(self, place: str) -> Self:
        """The same, one place further down."""
        return replace(self, scope=f"{self.scope}-{place}" if self.scope else place)

    def seed_of(self, name: str) -> int:
        """A layer's own seed."""
        return zlib.crc32(f"{self.seed}/{name}".encode())

    def convolution(
        self, x: Tensor, filters: int, kernel: int | Pair, strides: int | Pair = 1,
        padding: str | None = None,
    ) -> Tensor:  # fmt: skip
        """A convolution, and nothing else."""
        sizes, steps = _pair(kernel), _pair(strides)
        if padding is None:
            x, padding = self._padded(x, sizes, steps)
        name = f"{self.scope}-conv-{x.shape[-1]}x{filters}"
        return self._convolution(name, x, filters, sizes, steps, padding)

    def separable(
        self, x: Tensor, filters: int, kernel: int, stride: int = 1, dilation: int = 1
    ) -> Tensor:
        """A depthwise convolution and, right upon it, a pointwise one."""
        # Keras does not stride and dilate at once; the positions are picked afterwards.
        picked = stride if dilation > 1 else 1
        x, padding = self._padded(x, _pair(kernel), _pair(stride // picked))
        name = f"{self.scope}-sep-{x.shape[-1]}x{filters}"
        x = self._separable(name, x, filters, kernel, stride // picked, padding, dilation)
        return self.every(x, picked)

    def pool(self, kind: str, x: Tensor, kernel: int, stride: int = 1) -> Tensor:
        """Pooling, `kind` is `"max"` or `"avg"`; average pools do not count the border."""
        if stride > 1 and self.padding == "symmetric":
            return self.every(self._pool(kind, x, kernel, 1, "same"), stride)
        if stride > 1 and self.padding == "zeros":
            half = kernel // 2
            above, left = (half - 1 + size % 2 for size in x.shape[1:3])
            x = self._pad(x, ((above, half), (left, half)))
            return self._pool(kind, x, kernel, stride, "valid")
        return self._pool(kind, x, kernel, stride, "same")

    def every(self, x: Tensor, stride: int) -> Tensor:
        """Every `stride`-th row and column from the first."""
        return self._pool("avg", x, 1, stride, "valid") if stride > 1 else x

    def _padded(self, x: Tensor, sizes: Pair, steps: Pair) -> tuple[Tensor, str]:
        if steps == (1, 1) or self.padding != "symmetric":
            return x, "same"
        down, across = (size // 2 for size in sizes)
        return self._pad(x, ((down, down), (across, across))), "valid"

    @abstractmethod
    def norm(self, x: Tensor) -> Tensor:
        """Batch normalisation."""

    @abstractmethod
    def relu(self, x: Tensor) -> Tensor:
        """The rectifier."""

    @abstractmethod
    def add(self, parts: Sequence[Tensor]) -> Tensor:
        """The sum of images of one shape."""

    @abstractmethod
    def concatenate(self, parts: Sequence[Tensor]) -> Tensor:
        """Images of one size in depth."""

    @abstractmethod
    def shifted(self, x: Tensor) -> Tensor:
        """One pixel up and to the left; zeros come in."""

    @abstractmethod
    def _convolution(
        self, name: str, x: Tensor, filters: int, sizes: Pair, steps: Pair, padding: str
    ) -> Tensor: ...

    @abstractmethod
    def _separable(
        self, name: str, x: Tensor, filters: int, kernel: int, stride: int, padding: str,
        dilation: int,
    ) -> Tensor: ...  # fmt: skip

    @abstractmethod
    def _pool(self, kind: str, x: Tensor, kernel: int, stride: int, padding: str) -> Tensor: ...

    @abstractmethod
    def _pad(self, x: Tensor, edges: Edges) -> Tensor: ...


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else value


def shifted(x: Tensor) -> Tensor:
    """See `Layers.shifted`. Split, since on a CPU the gradient of cropping takes three times
    as long."""
    x = kl.ZeroPadding2D(((0, 1), (0, 1)))(x)
    for axis in (1, 2):
        _, x = keras.ops.split(x, [1], axis=axis)
    return x


@dataclass(frozen=True)
class KerasLayers(Layers):
    """Keras's own layers alone: every model saves, and loads without this package."""

    def norm(self, x: Tensor) -> Tensor:
        name = f"{self.scope}-norm-{x.shape[-1]}"
        return kl.BatchNormalization(
            momentum=self.momentum, epsilon=self.epsilon, name=name
        )(x)  # fmt: skip

    def dense(self, x: Tensor, head: tuple[int, str], bias: bool = True) -> Tensor:
        """The final layer, always in float32; `head` is its units and activation."""
        name = f"{self.scope}-dense-{x.shape[-1]}x{head[0]}"
        init = keras.initializers.GlorotUniform(self.seed_of(name))
        return kl.Dense(
            *head, use_bias=bias, kernel_initializer=init, name=name, dtype="float32"
        )(x)

    def relu(self, x: Tensor) -> Tensor:
        return kl.ReLU()(x)

    def add(self, parts: Sequence[Tensor]) -> Tensor:
        return kl.Add()(list(parts))

    def concatenate(self, parts: Sequence[Tensor]) -> Tensor:
        return kl.Concatenate()(list(parts)) if len(parts) > 1 else parts[0]

    def shifted(self, x: Tensor) -> Tensor:
        return shifted(x)

    def _initial(self, name: str) -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(self.seed_of(name))

    def _convolution(
        self, name: str, x: Tensor, filters: int, sizes: Pair, steps: Pair, padding: str
    ) -> Tensor:
        return kl.Conv2D(
            filters, sizes, steps, padding,
            use_bias=False, name=name, kernel_initializer=self._initial(name),
        )(x)  # fmt: skip

    def _separable(
        self, name: str, x: Tensor, filters: int, kernel: int, stride: int, padding: str,
        dilation: int,
    ) -> Tensor:  # fmt: skip
        return kl.SeparableConv2D(
            filters, kernel, stride, padding,
            dilation_rate=dilation, use_bias=False, name=name,
            depthwise_initializer=self._initial(name),
            pointwise_initializer=self._initial(name + "-pointwise"),
        )(x)  # fmt: skip

    def _pool(self, kind: str, x: Tensor, kernel: int, stride: int, padding: str) -> Tensor:
        pooling = kl.MaxPooling2D if kind == "max" else kl.AveragePooling2D
        return pooling(kernel, stride, padding)(x)

    def _pad(self, x: Tensor, edges: Edges) -> Tensor:
        return kl.ZeroPadding2D(edges)(x)


def shapes_of(model: keras.Model) -> Shapes:
    """Weight key -> shapes of its arrays, in layer order."""
    return {
        layer.name: tuple(tuple(w.shape) for w in layer.weights)
        for layer in model.layers
        if layer.weights
    }
