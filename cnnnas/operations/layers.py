"""Layers: what a network is built of, each part named by its place.

A name holds the place and the shape, `cell3-node4-sep_conv_3x3-from1-conv-72x36`. It is the
weight key under which networks share what they have learned, and seeds the layer: equal seeds
and names, equal first weights.
"""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

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
        """The same, one place further down; it may be an operation's name."""
        place = place.replace(":", ".")  # a colon is for TensorFlow no part of a name
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

    def reduced(self, x: Tensor, channels: int) -> Tensor:
        """Half the size, without losing half of the pixels: two 1x1 convolutions, one of the
        even rows and columns, one of the odd ones, side by side.

        A row and a column of zeros stand in for the odd ones that an odd size lacks.
        """
        even = self.at("even").convolution(x, channels // 2, 1, 2, "valid")
        rest, shifted = channels - channels // 2, self.shifted(x)
        odd = self.at("odd").convolution(shifted, rest, 1, 2, "valid")
        return self.concatenate([even, odd])

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
