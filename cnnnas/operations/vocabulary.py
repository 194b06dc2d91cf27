"""Operations by the names that genotypes use, and those of other packages.

Each is a function of `Layers`, an image tensor, the channels that it is to have, and the
stride: 1, or 2 to halve it (odd sizes are rounded up). An entry in `OPERATIONS`, or a value of
yours that is named as `package.module:NAME`, is all that macro layers, cells, shared weights
and differentiable searches need of it.

Sources: the papers named in `cell_space`; Liu et al. for the order of layers, which all of
them share: rectify, convolve, normalise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from cnnnas.operations.layers import Layers, Tensor
from mlpnas.core.errors import InputError
from mlpnas.core.runtime.plugins import load


@dataclass(frozen=True)
class Operation:
    """One operation, whatever computes it.

    Attributes:
        apply: `(layers, x, channels, stride)` -> an image with these channels.
        complete: whether it rectifies what it reads and normalises what it gives. Others, as
            pools, read a rectified image in macro layers, and are normalised in mixtures.
        family: what it resembles, which gives it a colour in drawings.
    """

    apply: Callable[[Layers, Tensor, int, int], Tensor]
    complete: bool = True
    family: Literal["separable", "dilated", "convolution", "max", "avg", "other"] = "other"


def relu_conv_norm(
    layers: Layers, x: Tensor, channels: int, stride: int = 1, kernel: int = 1
) -> Tensor:
    """Rectify, convolve, normalise."""
    return layers.norm(layers.convolution(layers.relu(x), channels, kernel, stride))


def factorized_reduction(layers: Layers, x: Tensor, channels: int) -> Tensor:
    """Halves an image, see `Layers.reduced`, and normalises it."""
    return layers.norm(layers.reduced(x, channels))


def relu_factorized_reduction(layers: Layers, x: Tensor, channels: int) -> Tensor:
    """The same behind a rectifier."""
    return factorized_reduction(layers, layers.relu(x), channels)


def separable(kernel: int, layers: Layers, x: Tensor, channels: int, stride: int) -> Tensor:
    """Two separable convolutions, the first of which strides."""
    for place, step in (("first", stride), ("second", 1)):
        x = dilated(kernel, layers.at(place), x, channels, step, dilation=1)
    return x


def dilated(
    kernel: int, layers: Layers, x: Tensor, channels: int, stride: int, dilation: int = 2
) -> Tensor:
    """One separable convolution, whose kernel leaves out every other pixel."""
    return layers.norm(layers.separable(layers.relu(x), channels, kernel, stride, dilation))


def factored(size: int, layers: Layers, x: Tensor, channels: int, stride: int) -> Tensor:
    """A 1 x size and a size x 1 convolution in place of a square one."""
    x = layers.at("row").convolution(layers.relu(x), channels, (1, size), (1, stride))
    return layers.norm(layers.at("column").convolution(x, channels, (size, 1), (stride, 1)))


def square(kernel: int, layers: Layers, x: Tensor, channels: int, stride: int) -> Tensor:
    """An ordinary convolution."""
    return relu_conv_norm(layers, x, channels, stride, kernel)


def pool(
    kind: str, kernel: int, layers: Layers, x: Tensor, channels: int, stride: int
) -> Tensor:
    """Pooling, and a 1x1 convolution if the channels are to be others."""
    x = layers.pool(kind, x, kernel, stride)
    return x if x.shape[-1] == channels else layers.norm(layers.convolution(x, channels, 1))


def with_channels(layers: Layers, x: Tensor, channels: int) -> Tensor:
    """The tensor itself, or projected if it has another number of channels."""
    return x if x.shape[-1] == channels else relu_conv_norm(layers, x, channels)


def _pool(kind: Literal["max", "avg"], kernel: int) -> Operation:
    return Operation(partial(pool, kind, kernel), complete=False, family=kind)


# How a skip connection halves is for each convention to say: see `conventions`.
OPERATIONS: Mapping[str, Operation] = {
    **{f"sep_conv_{k}x{k}": Operation(partial(separable, k), family="separable")
       for k in (3, 5, 7)},
    **{f"dil_conv_{k}x{k}": Operation(partial(dilated, k), family="dilated") for k in (3, 5)},
    **{f"max_pool_{k}x{k}": _pool("max", k) for k in (3, 5, 7)},
    "avg_pool_3x3": _pool("avg", 3),
    "conv_7x1_1x7": Operation(partial(factored, 7), family="convolution"),
    "conv_3x1_1x3": Operation(partial(factored, 3), family="convolution"),
    **{f"conv_{k}x{k}": Operation(partial(square, k), family="convolution")
       for k in (1, 3, 5)},
}  # fmt: skip


def operation(name: str) -> Operation:
    """The operation of this name.

    Args:
        name: a key of `OPERATIONS`, or `package.module:NAME` for one of another package.

    Raises:
        InputError: if there is none.
    """
    if name in OPERATIONS:
        return OPERATIONS[name]
    if ":" not in name:
        raise InputError(
            f"{name!r} is no operation; expected {', '.join(OPERATIONS)}, or "
            "package.module:NAME for one of yours"
        )
    if isinstance(found := load(name), Operation):
        return found
    raise InputError(f"{name!r} is {found!r}; expected a {__name__}.Operation")
