"""The operations that cells are made of, by the names that genotypes use.

Each is a function of `Layers`, an image tensor, the channels that it is to have, and the
stride: 1, or 2 to halve it (odd sizes are rounded up).

Sources: the papers named in `cell_space`; Liu et al. for the order of layers, which all of
them share: rectify, convolve, normalise.
"""

from collections.abc import Callable, Mapping
from functools import partial

from cnnnas.generator.layers import Layers, Tensor

Operation = Callable[[Layers, Tensor, int, int], Tensor]


def relu_conv_norm(
    layers: Layers, x: Tensor, channels: int, stride: int = 1, kernel: int = 1
) -> Tensor:
    """Rectify, convolve, normalise."""
    return layers.norm(layers.convolution(layers.relu(x), channels, kernel, stride))


def factorized_reduction(layers: Layers, x: Tensor, channels: int) -> Tensor:
    """Halves an image without losing half of its pixels: two 1x1 convolutions, one on the even
    rows and columns, one on the odd ones, side by side.

    A row and a column of zeros stand in for the odd ones that an odd size lacks.
    """
    even = layers.at("even").convolution(x, channels // 2, 1, 2, "valid")
    rest, shifted = channels - channels // 2, layers.shifted(x)
    odd = layers.at("odd").convolution(shifted, rest, 1, 2, "valid")
    return layers.norm(layers.concatenate([even, odd]))


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


# How a skip connection halves is for each convention to say: see `conventions`.
OPERATIONS: Mapping[str, Operation] = {
    **{f"sep_conv_{k}x{k}": partial(separable, k) for k in (3, 5, 7)},
    **{f"dil_conv_{k}x{k}": partial(dilated, k) for k in (3, 5)},
    **{f"max_pool_{k}x{k}": partial(pool, "max", k) for k in (3, 5, 7)},
    "avg_pool_3x3": partial(pool, "avg", 3),
    "conv_7x1_1x7": partial(factored, 7),
    "conv_3x1_1x3": partial(factored, 3),
    "conv_1x1": partial(square, 1),
    "conv_3x3": partial(square, 3),
}
