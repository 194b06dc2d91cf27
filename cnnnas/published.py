"""Published architectures as data, each with the line that builds it.

    >>> from cnnnas import published
    >>> model = published.darts(published.DARTS_V2)
    >>> sum(weight.shape.num_elements() for weight in model.trainable_weights)
    3349342

A builder's model ends in a softmax over `classes` and has random weights. Parameters are
counted as publications do: trainable ones, without the auxiliary head.

| data | line | trainable parameters |
|---|---|---|
| `ENAS_MICRO` | `enas_micro()` | 3,894,372 |
| `DARTS_V1`, `DARTS_V2` | `darts(DARTS_V2)` | 3,169,414; 3,349,342 |
| `NASNET`, `AMOEBANET` | `darts(NASNET)` | 3,830,950; 3,145,078 in DARTS's setting |
| `PC_DARTS`, `P_DARTS` | `darts(P_DARTS)` | 3,634,678; 3,433,798 |
| `FAIR_DARTS` | `darts(FAIR_DARTS)` | 2,360,782; published with the auxiliary head |
| `NASNET_A` | `nasnet_mobile()` | 5,289,978; with statistics 5,326,716 |
| `PNASNET` | `pnasnet_large()`, `pnasnet_mobile()` | 86,057,668; 5,064,487 |

States are numbered as in `cnnnas.space.cell`: 0 is the cell before the last. Sources: the
papers, and `genotypes.py` of the DARTS authors' program for what they, and the authors of
PC-DARTS and P-DARTS, found or took over; that of Fair DARTS for its own.
"""

from collections.abc import Sequence

import keras

from cnnnas.generator.cell_networks import darts_network, enas_network
from cnnnas.generator.nasnet import nasnet_network, pnasnet_network
from cnnnas.space.cell import Cell
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.genotype import read_genotype

# Pham et al., 2018, micro search on CIFAR-10: normal cell, then reduction.
ENAS_MICRO = (
    "0 2 0 0 0 4 0 1 0 4 1 1 1 0 0 1 0 2 1 1 "
    "1 0 1 0 0 3 0 2 1 1 3 1 1 0 0 4 0 3 1 1"
)  # fmt: skip

# Pham et al., 2018, macro search: a network of 24 layers, of 96 channels at first. Operations
# as in `macro_space`; the program that its authors released builds 1 and 3, separable
# convolutions, as ordinary ones.
ENAS_MACRO = (
    "0  3 0  0 1 0  2 0 0 1  2 0 0 0 0  3 1 1 0 1 0  2 0 0 0 0 0 1  2 0 1 1 0 1 1 1  "
    "1 0 1 1 1 0 1 0 1  0 0 0 0 0 0 0 0 0 0  2 0 0 0 0 0 1 0 0 0 0  "
    "0 1 0 0 1 1 0 0 0 0 1 1  2 0 1 0 0 0 0 0 1 0 1 1 0  1 0 0 1 0 0 0 1 1 1 0 1 0 1  "
    "0 1 1 0 1 0 1 0 0 0 0 0 1 0 0  2 0 0 1 0 0 0 0 0 0 0 1 0 1 0 1  "
    "2 0 1 0 0 0 1 0 0 1 1 1 1 0 0 1 0  2 0 0 0 0 1 0 1 0 1 0 0 1 0 1 0 0 1  "
    "3 0 1 1 0 1 0 0 0 0 0 1 0 1 0 1 0 0 0  3 0 1 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1  "
    "0 1 0 0 1 0 1 1 0 0 0 1 0 0 0 0 0 1 1 0 0  3 0 1 0 1 1 0 0 1 0 1 1 0 1 1 0 1 0 0 1 0 0  "
    "0 1 0 1 0 1 0 0 0 0 0 0 0 0 1 0 1 0 0 1 0 0 0  "
    "0 1 1 0 0 0 1 1 1 0 1 0 0 0 1 0 1 0 0 1 1 0 0 0"
)

# Liu, Simonyan and Yang, 2019: found by first order (V1) and by second order (V2).
DARTS_V1 = (
    "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('skip_connect', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, "
    "5])"
)
DARTS_V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
    "('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, "
    "5])"
)
# Xu et al., 2020, and Chen et al., 2019, both searched on CIFAR-10.
PC_DARTS = (
    "Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 0), "
    "('dil_conv_3x3', 1), ('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('avg_pool_3x3', 0), "
    "('dil_conv_3x3', 1)], normal_concat=[2, 3, 4, 5], reduce=[('sep_conv_5x5', 1), "
    "('max_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_5x5', 2), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 3), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2)], reduce_concat=[2, 3, 4, "
    "5])"
)
P_DARTS = (
    "Genotype(normal=[('skip_connect', 0), ('dil_conv_3x3', 1), ('skip_connect', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('sep_conv_3x3', 3), ('sep_conv_3x3', 0), "
    "('dil_conv_5x5', 4)], normal_concat=[2, 3, 4, 5], reduce=[('avg_pool_3x3', 0), "
    "('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('dil_conv_5x5', 2), ('max_pool_3x3', 0), "
    "('dil_conv_3x3', 1), ('dil_conv_3x3', 1), ('dil_conv_5x5', 3)], reduce_concat=[2, 3, 4, "
    "5])"
)
# Chu et al., 2020, their FairDARTS_a: node 3 of the normal cell is empty.
FAIR_DARTS = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_5x5', 1), ('none', 0), ('none', 1), "
    "('max_pool_3x3', 0), ('none', 1), ('sep_conv_3x3', 0), ('none', 1)], normal_concat=[2, 4, "
    "5], reduce=[('max_pool_3x3', 0), ('avg_pool_3x3', 1), ('avg_pool_3x3', 0), "
    "('dil_conv_5x5', 1), ('avg_pool_3x3', 0), ('sep_conv_5x5', 1), ('skip_connect', 0), "
    "('skip_connect', 1)], reduce_concat=[2, 3, 4, 5])"
)
# NASNet-A's and AmoebaNet-A's cells as the authors of DARTS built them, without what the
# originals concatenate besides the nodes.
NASNET = (
    "Genotype(normal=[('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('sep_conv_5x5', 0), "
    "('sep_conv_3x3', 0), ('avg_pool_3x3', 1), ('skip_connect', 0), ('avg_pool_3x3', 0), "
    "('avg_pool_3x3', 0), ('sep_conv_3x3', 1), ('skip_connect', 1)], normal_concat=[2, 3, 4, "
    "5, 6], reduce=[('sep_conv_5x5', 1), ('sep_conv_7x7', 0), ('max_pool_3x3', 1), "
    "('sep_conv_7x7', 0), ('avg_pool_3x3', 1), ('sep_conv_5x5', 0), ('skip_connect', 3), "
    "('avg_pool_3x3', 2), ('sep_conv_3x3', 2), ('max_pool_3x3', 1)], reduce_concat=[4, 5, 6])"
)
AMOEBANET = (
    "Genotype(normal=[('avg_pool_3x3', 0), ('max_pool_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_5x5', 2), ('sep_conv_3x3', 0), ('avg_pool_3x3', 3), ('sep_conv_3x3', 1), "
    "('skip_connect', 1), ('skip_connect', 0), ('avg_pool_3x3', 1)], normal_concat=[4, 5, 6], "
    "reduce=[('avg_pool_3x3', 0), ('sep_conv_3x3', 1), ('max_pool_3x3', 0), ('sep_conv_7x7', "
    "2), ('sep_conv_7x7', 0), ('avg_pool_3x3', 1), ('max_pool_3x3', 0), ('max_pool_3x3', 1), "
    "('conv_7x1_1x7', 0), ('sep_conv_3x3', 5)], reduce_concat=[3, 4, 6])"
)

# Zoph et al., 2018. The released cells also concatenate states that nodes read.
NASNET_A = {
    "normal": Cell(
        (
            (("sep_conv_5x5", 1), ("sep_conv_3x3", 0)),
            (("sep_conv_5x5", 0), ("sep_conv_3x3", 0)),
            (("avg_pool_3x3", 1), ("skip_connect", 0)),
            (("avg_pool_3x3", 0), ("avg_pool_3x3", 0)),
            (("sep_conv_3x3", 1), ("skip_connect", 1)),
        ),
        concat=(0, 2, 3, 4, 5, 6),
    ),
    "reduce": Cell(
        (
            (("sep_conv_5x5", 1), ("sep_conv_7x7", 0)),
            (("max_pool_3x3", 1), ("sep_conv_7x7", 0)),
            (("avg_pool_3x3", 1), ("sep_conv_5x5", 0)),
            (("skip_connect", 3), ("avg_pool_3x3", 2)),
            (("sep_conv_3x3", 2), ("max_pool_3x3", 1)),
        ),
        concat=(3, 4, 5, 6),
    ),
}

# Liu et al., 2018.
PNASNET = {
    "cell": Cell(
        (
            (("sep_conv_5x5", 0), ("max_pool_3x3", 0)),
            (("sep_conv_7x7", 1), ("max_pool_3x3", 1)),
            (("sep_conv_5x5", 1), ("sep_conv_3x3", 1)),
            (("sep_conv_3x3", 4), ("max_pool_3x3", 1)),
            (("sep_conv_3x3", 0), ("skip_connect", 1)),
        ),
        concat=(2, 3, 4, 5, 6),
    )
}

CIFAR, IMAGENET = (32, 32, 3), (224, 224, 3)


def enas_micro(image_shape: Sequence[int] = CIFAR, classes: int = 10) -> keras.Model:
    """ENAS's micro architecture, 36 channels, 17 cells."""
    space = CellSpace.enas_micro()
    return enas_network(space.cells(space.parse(ENAS_MICRO)), image_shape, (classes, "softmax"))


def darts(
    genotype: str = DARTS_V2, image_shape: Sequence[int] = CIFAR, classes: int = 10
) -> keras.Model:
    """A genotype in DARTS's CIFAR-10 setting, 36 channels, 20 cells."""
    return darts_network(read_genotype(genotype), image_shape, (classes, "softmax"))


def darts_imagenet(
    genotype: str = DARTS_V2, image_shape: Sequence[int] = IMAGENET, classes: int = 1000
) -> keras.Model:
    """A genotype in DARTS's ImageNet setting, 48 channels, 14 cells."""
    head = (classes, "softmax")
    return darts_network(read_genotype(genotype), image_shape, head, 48, 14, imagenet=True)


def nasnet_mobile(image_shape: Sequence[int] = IMAGENET, classes: int = 1000) -> keras.Model:
    """NASNet-A 4 @ 1056, the same network as `keras.applications.NASNetMobile`."""
    return nasnet_network(
        NASNET_A, image_shape, (classes, "softmax"), 44, 4, stem=32, imagenet=True
    )


def pnasnet_mobile(image_shape: Sequence[int] = IMAGENET, classes: int = 1000) -> keras.Model:
    """PNASNet-5 for small computers, N = 3, F = 54."""
    return pnasnet_network(
        PNASNET, image_shape, (classes, "softmax"), 54, 3, stem=32, imagenet=True
    )


def pnasnet_large(
    image_shape: Sequence[int] = (331, 331, 3), classes: int = 1000
) -> keras.Model:
    """PNASNet-5 at its largest, N = 4, F = 216."""
    return pnasnet_network(
        PNASNET, image_shape, (classes, "softmax"), 216, 4, stem=96, imagenet=True
    )
