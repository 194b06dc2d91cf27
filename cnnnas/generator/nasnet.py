"""Networks of cells as NASNet and PNAS stack them, for small images and for ImageNet.

Three stages of `number` normal cells each, between them a reduction that doubles the width.
In PNAS the reduction is the first cell of its stage, in NASNet it comes in addition. On
ImageNet the stem strides, and two narrow reductions follow it.

Sources: Zoph et al., CVPR 2018; Liu et al., "Progressive neural architecture search", ECCV
2018; widths and order as in `keras.applications` and in the PNAS authors' program.
"""

from collections.abc import Sequence

import keras
from keras import layers as kl

from cnnnas.generator.cell_networks import Step, auxiliary_features, linear_rates, stack
from cnnnas.generator.conventions import NASNET, PNASNET, Convention
from cnnnas.generator.stem import check_image
from cnnnas.space.cell import Cells


def nasnet_network(
    cells: Cells, image_shape: Sequence[int], head: tuple[int, str], channels: int = 32,
    number: int = 6, auxiliary: bool = False, drop_path: float = 0.0, seed: int = 0,
    stem: int | None = None, imagenet: bool = False,
) -> keras.Model:  # fmt: skip
    """NASNet's network, "number @ 24 * channels" in the paper's notation.

    Args:
        cells: `normal` and `reduce`.
        image_shape, head, auxiliary, seed: as in `darts_network`.
        channels: of a node in the first stage.
        number: of normal cells per stage.
        drop_path: rate at the end of training in the last cell; it grows from cell to cell.
        stem: channels of the stem; three times `channels` if None.
        imagenet: whether the image is halved three times before the first stage.

    Raises:
        InputError: if the images are too small.
    """
    steps = stages(number, channels, own_reductions=True, imagenet=imagenet)
    stem = 3 * channels if stem is None else stem
    return _network(
        NASNET, cells, image_shape, head, steps, auxiliary, drop_path, seed, stem, imagenet
    )


def pnasnet_network(
    cells: Cells, image_shape: Sequence[int], head: tuple[int, str], channels: int = 48,
    number: int = 3, auxiliary: bool = False, drop_path: float = 0.0, seed: int = 0,
    stem: int | None = None, imagenet: bool = False,
) -> keras.Model:  # fmt: skip
    """PNASNet's network of one kind of `cell`; a reduction is the first cell of its stage.

    Args and errors as in `nasnet_network`.
    """
    steps = stages(number, channels, own_reductions=False, imagenet=imagenet)
    stem = 3 * channels if stem is None else stem
    return _network(
        PNASNET, cells, image_shape, head, steps, auxiliary, drop_path, seed, stem, imagenet
    )


def stages(number: int, channels: int, own_reductions: bool, imagenet: bool) -> list[Step]:
    """Three stages of `number` normal cells; reductions come in addition, or begin a stage."""
    steps = [Step("normal", channels, 1)] * number
    for width in (2 * channels, 4 * channels):
        normal = number if own_reductions else number - 1
        steps += [Step("reduce", width, 2), *[Step("normal", width, 1)] * normal]
    narrow = [Step("reduce", channels // 4, 2), Step("reduce", channels // 2, 2)]
    return narrow + steps if imagenet else steps


def _network(
    convention: Convention, cells: Cells, image_shape: Sequence[int], head: tuple[int, str],
    steps: list[Step], auxiliary: bool, drop_path: float, seed: int, stem: int, imagenet: bool,
) -> keras.Model:  # fmt: skip
    check_image(image_shape, halvings=5 if imagenet else 2)
    layers, images = convention.layers(seed), keras.Input(image_shape, name="images")
    at_stem = layers.at("stem")
    stride, padding = (2, "valid") if imagenet else (1, "same")
    first = at_stem.norm(at_stem.convolution(images, stem, 3, stride, padding))
    outputs = stack(
        layers, convention, cells, steps, None, first, linear_rates(drop_path, len(steps))
    )
    x = kl.GlobalAveragePooling2D()(kl.ReLU()(outputs[-1]))
    given = [layers.at("head").dense(x, head)]
    if auxiliary:
        last_reduction = max(place for place, step in enumerate(steps) if step.stride == 2)
        x = auxiliary_features(layers, outputs[last_reduction - 1], "valid")
        given.append(layers.at("auxiliary").dense(x, head))
    return keras.Model(images, given if auxiliary else given[0], name="nasnet")
