"""Layers: makes the layers of one network, each named by its place and seeded by its name.

Only layers that come with Keras are used, so every model saves, and loads with Keras alone.
A name holds the place and the shape, `cell3-node4-sep_conv_3x3-from1-conv-72x36`: it is the
weight key under which networks of one search share what they have learned.
"""

import zlib
from dataclasses import dataclass, replace
from typing import Any, Literal

import keras
from keras import layers as kl

# A symbolic tensor `(batch, height, width, channels)`.
Tensor = Any


@dataclass(frozen=True)
class Layers:
    """Where the next layers stand, and what holds for all layers of the network.

    No convolution has a bias: batch normalisation follows each of them.

    Args:
        seed: of the network; a layer's own seed is a hash of this and of its name.
        scope: the place, the first part of the names.
        padding: what strided operations see beyond the border. `"same"` is TensorFlow's way,
            which pads even sizes at the bottom and on the right only. `"symmetric"` is
            PyTorch's. `"zeros"` is `"same"`, but pools see zeros there too, and count them.
        momentum, epsilon: of batch normalisation.
        affine: whether batch normalisation learns a scale and an offset.
    """

    seed: int = 0
    scope: str = ""
    padding: Literal["same", "symmetric", "zeros"] = "same"
    momentum: float = 0.9
    epsilon: float = 1e-5
    affine: bool = True

    def at(self, place: str) -> "Layers":
        """The same, one place further down."""
        return replace(self, scope=f"{self.scope}-{place}" if self.scope else place)

    def convolution(
        self, x: Tensor, filters: int, kernel: int | tuple[int, int], strides=1, padding=None
    ) -> Tensor:
        """A convolution, and nothing else."""
        name = f"{self.scope}-conv-{x.shape[-1]}x{filters}"
        if padding is None:
            x, padding = self._padded(x, kernel, strides)
        return kl.Conv2D(
            filters, kernel, strides, padding,
            use_bias=False, name=name, kernel_initializer=self._initial(name),
        )(x)  # fmt: skip

    def separable(
        self, x: Tensor, filters: int, kernel: int, stride: int = 1, dilation: int = 1
    ) -> Tensor:
        """A depthwise convolution and, right upon it, a pointwise one."""
        name = f"{self.scope}-sep-{x.shape[-1]}x{filters}"
        # Keras does not stride and dilate at once; the positions are picked afterwards.
        picked = stride if dilation > 1 else 1
        x, padding = self._padded(x, kernel, stride // picked)
        x = kl.SeparableConv2D(
            filters, kernel, stride // picked, padding,
            dilation_rate=dilation, use_bias=False, name=name,
            depthwise_initializer=self._initial(name),
            pointwise_initializer=self._initial(name + "-pointwise"),
        )(x)  # fmt: skip
        return self.every(x, picked)

    def norm(self, x: Tensor) -> Tensor:
        """Batch normalisation."""
        return kl.BatchNormalization(
            momentum=self.momentum, epsilon=self.epsilon, center=self.affine,
            scale=self.affine, name=f"{self.scope}-norm-{x.shape[-1]}",
        )(x)  # fmt: skip

    def dense(self, x: Tensor, head: tuple[int, str], bias: bool = True) -> Tensor:
        """The final layer; `head` is its units and activation."""
        name = f"{self.scope}-dense-{x.shape[-1]}x{head[0]}"
        init = keras.initializers.GlorotUniform(self.seed_of(name))
        return kl.Dense(*head, use_bias=bias, kernel_initializer=init, name=name)(x)

    def pool(self, kind: str, x: Tensor, kernel: int, stride: int = 1) -> Tensor:
        """Pooling, `kind` is `"max"` or `"avg"`; average pools do not count the border."""
        pooling = kl.MaxPooling2D if kind == "max" else kl.AveragePooling2D
        if stride > 1 and self.padding == "symmetric":
            return self.every(pooling(kernel, 1, "same")(x), stride)
        if stride > 1 and self.padding == "zeros":
            half = kernel // 2
            edges = tuple((half - 1 + size % 2, half) for size in x.shape[1:3])
            return pooling(kernel, stride, "valid")(kl.ZeroPadding2D(edges)(x))
        return pooling(kernel, stride, "same")(x)

    def every(self, x: Tensor, stride: int) -> Tensor:
        """Every `stride`-th row and column from the first."""
        return kl.AveragePooling2D(1, stride)(x) if stride > 1 else x

    def _padded(self, x: Tensor, kernel, strides) -> tuple[Tensor, str]:
        strided = strides not in (1, (1, 1))
        if not strided or self.padding != "symmetric":
            return x, "same"
        sizes = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        return kl.ZeroPadding2D(tuple(size // 2 for size in sizes))(x), "valid"

    def _initial(self, name: str) -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(self.seed_of(name))

    def seed_of(self, name: str) -> int:
        """A layer's own seed."""
        return zlib.crc32(f"{self.seed}/{name}".encode())
