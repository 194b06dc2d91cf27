"""Networks of cells for small images, as DARTS and ENAS stack them.

A stem of three times the channels, cells in three stages, of which the later ones begin with a
reduction that doubles the channels, global average pooling, one dense layer. Training may add
an auxiliary head in the third stage, whose loss is weighted with 0.4 by both publications.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
from keras import layers as kl

from cnnnas.generator.conventions import DARTS, ENAS, Convention
from cnnnas.generator.keras_layers import KerasLayers
from cnnnas.generator.stem import check_image, small_stem
from cnnnas.operations.layers import Tensor
from cnnnas.operations.vocabulary import relu_conv_norm
from cnnnas.space.cell import Cells

AUXILIARY = 0.4  # weight of an auxiliary classifier's loss


class Step(NamedTuple):
    """One cell of a network: which, how wide, and whether it halves (stride 2)."""

    kind: str
    channels: int
    stride: int


def stack(
    layers: KerasLayers, convention: Convention, cells: Cells, steps: Sequence[Step],
    older: Tensor, last: Tensor, drop_rates: Sequence[float],
) -> list[Tensor]:  # fmt: skip
    """Cell upon cell; the outputs of all of them.

    Args:
        cells: by kind; one called `"cell"` serves every kind that is not named.
        older, last: what the first cell reads as the outputs of cells before it.
        drop_rates: of drop path at the end of training, per cell.
    """
    outputs: list[Tensor] = [older, last]
    for number, (step, rate) in enumerate(zip(steps, drop_rates, strict=True)):
        here = layers.at(f"cell{number}")
        cell = cells[step.kind if step.kind in cells else "cell"]
        older, last = outputs[-2:]
        outputs.append(
            convention.cell(here, cell, older, last, step.channels, step.stride, rate)
        )
    return outputs[2:]


def staged(number: int, channels: int, reductions: tuple[int, int]) -> list[Step]:
    """Normal cells, with reductions that double the channels at two places."""
    steps = []
    for place in range(number):
        halves = place in reductions
        channels *= 2 if halves else 1
        steps.append(Step("reduce" if halves else "normal", channels, 2 if halves else 1))
    return steps


def darts_network(
    cells: Cells, image_shape: Sequence[int], head: tuple[int, str], channels: int = 36,
    number: int = 20, auxiliary: bool = False, drop_path: float = 0.0, seed: int = 0,
    imagenet: bool = False,
) -> keras.Model:  # fmt: skip
    """DARTS's evaluation network.

    Args:
        cells: `normal` and `reduce`.
        image_shape: `(height, width, channels)`.
        head: units and activation of the final layer.
        channels: of a node in the first stage.
        number: of cells.
        auxiliary: whether there is a second output, from the auxiliary head.
        drop_path: rate at the end of training, the same in every cell.
        seed: of initial weights and random draws.
        imagenet: whether the image is halved three times before the first cell.

    Raises:
        InputError: if the images are too small.
    """
    check_image(image_shape, halvings=5 if imagenet else 2)
    layers, images = DARTS.layers(seed), keras.Input(image_shape, name="images")
    reductions = number // 3, 2 * number // 3
    older, last = _darts_stem(layers, images, channels, imagenet)
    steps = staged(number, channels, reductions)
    outputs = stack(layers, DARTS, cells, steps, older, last, [drop_path] * number)
    given = [layers.at("head").dense(kl.GlobalAveragePooling2D()(outputs[-1]), head)]
    if auxiliary:
        stride = 2 if imagenet else 3
        x = auxiliary_features(layers, outputs[reductions[1]], "valid", stride, not imagenet)
        given.append(layers.at("auxiliary").dense(x, head))
    return keras.Model(images, given if auxiliary else given[0], name="darts")


def _darts_stem(
    layers: KerasLayers, images: Tensor, channels: int, imagenet: bool
) -> tuple[Tensor, Tensor]:
    """What the first cell reads as the outputs of two cells before it."""
    if not imagenet:
        stem = small_stem(layers, images, 3 * channels)
        return stem, stem
    half, quarter, eighth = (layers.at(f"stem{i}") for i in range(3))
    x = half.norm(half.convolution(images, channels // 2, 3, 2))
    older = relu_conv_norm(quarter, x, channels, 2, 3)
    return older, relu_conv_norm(eighth, older, channels, 2, 3)


def enas_network(
    cells: Cells, image_shape: Sequence[int], head: tuple[int, str], channels: int = 36,
    number: int = 17, auxiliary: bool = False, drop_path: float = 0.0, seed: int = 0,
    dropout: float = 0.0,
) -> keras.Model:  # fmt: skip
    """ENAS's final network of a micro search.

    Args as in `darts_network`; the rate of drop path grows from cell to cell up to `drop_path`
    in the last one, and `dropout` is the rate before the final layer (0.2 when published).
    """
    check_image(image_shape, halvings=2)
    layers, images = ENAS.layers(seed), keras.Input(image_shape, name="images")
    third = (number - 2) // 3
    reductions = third, 2 * third + 1
    stem = small_stem(layers, images, 3 * channels)
    steps = staged(number, channels, reductions)
    rates = linear_rates(drop_path, number)
    outputs = stack(layers, ENAS, cells, steps, stem, stem, rates)
    x = kl.GlobalAveragePooling2D()(kl.ReLU()(outputs[-1]))
    if dropout:
        x = kl.Dropout(dropout, seed=layers.seed_of("dropout"))(x)
    given = [layers.at("head").dense(x, head, bias=False)]
    if auxiliary:
        x = auxiliary_features(layers, outputs[reductions[1] + 1], "same")
        given.append(layers.at("auxiliary").dense(x, head, bias=False))
    return keras.Model(images, given if auxiliary else given[0], name="enas")


def linear_rates(rate: float, number: int) -> list[float]:
    """Rates of drop path that grow from cell to cell, up to `rate` in the last one."""
    return [rate * (cell + 1) / number for cell in range(number)]


CellNetwork = Callable[..., keras.Model]


def auxiliary_features(
    layers: KerasLayers, x: Tensor, padding: str, stride: int = 3, normed: bool = True
) -> Tensor:
    """What the auxiliary head, a small classifier on an inner cell, decides by."""
    squeeze, spread = layers.at("auxiliary-squeeze"), layers.at("auxiliary-spread")
    x = kl.AveragePooling2D(min(5, *x.shape[1:3]), stride, "valid")(kl.ReLU()(x))
    x = kl.ReLU()(squeeze.norm(squeeze.convolution(x, 128, 1)))
    x = spread.convolution(x, 768, tuple(x.shape[1:3]), 1, padding)
    return kl.GlobalAveragePooling2D()(kl.ReLU()(spread.norm(x) if normed else x))
