"""Published architectures have the sizes that were published, layer for layer.

The strongest test of operations, adjustments, strides and wiring together: a slip in any of
them changes the count.
"""

from functools import cache

import keras
import numpy as np
import pytest

from cnnnas import published
from cnnnas.generator.cell_networks import darts_network, enas_network
from cnnnas.generator.nasnet import nasnet_network, pnasnet_network
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.genotype import read_genotype

TEN = (10, "softmax")


def trainable(model: keras.Model) -> int:
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def main_and_auxiliary(model: keras.Model) -> tuple[int, int]:
    """Trainable parameters of the network proper, and of its auxiliary head."""
    head = [layer for layer in model.layers if layer.name.startswith("auxiliary")]
    auxiliary = sum(int(np.prod(w.shape)) for layer in head for w in layer.trainable_weights)
    return trainable(model) - auxiliary, auxiliary


@cache
def v2() -> keras.Model:
    cells = read_genotype(published.DARTS_V2)
    return darts_network(cells, published.CIFAR, TEN, auxiliary=True)


@pytest.mark.slow
def test_darts_v2_and_its_auxiliary_head():
    assert main_and_auxiliary(v2()) == (3_349_342, 476_426)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "main", "auxiliary"),
    [
        ("DARTS_V1", 3_169_414, 476_426),
        # Three states go to the output of these two reductions.
        pytest.param("NASNET", 3_830_950, 457_994, marks=pytest.mark.slow),
        pytest.param("AMOEBANET", 3_145_078, 457_994, marks=pytest.mark.slow),
        pytest.param("PC_DARTS", 3_634_678, 476_426, marks=pytest.mark.slow),
        pytest.param("P_DARTS", 3_433_798, 476_426, marks=pytest.mark.slow),
        pytest.param("FAIR_DARTS", 2_360_782, 476_426, marks=pytest.mark.slow),  # 2.83M
    ],
)
def test_genotypes_in_the_setting_of_darts(name, main, auxiliary):
    cells = read_genotype(getattr(published, name))
    model = darts_network(cells, published.CIFAR, TEN, auxiliary=True)
    assert main_and_auxiliary(model) == (main, auxiliary)


def test_cells_of_the_evaluation_network_have_the_published_shapes():
    joined = [
        x.output.shape[1:] for x in v2().layers if isinstance(x, keras.layers.Concatenate)
    ]
    # Factorized reductions concatenate as well, to fewer channels; cells four nodes.
    cells = [s for s in joined if s in {(32, 32, 144), (16, 16, 288), (8, 8, 576)}]
    assert cells == [(32, 32, 144)] * 6 + [(16, 16, 288)] * 7 + [(8, 8, 576)] * 7


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "main"),
    [
        ("DARTS_V1", 4_510_432),
        ("NASNET", 5_564_320),
        ("AMOEBANET", 4_627_360),
    ],
)
def test_genotypes_in_the_imagenet_setting_of_darts(name, main):
    assert trainable(published.darts_imagenet(getattr(published, name))) == main


@pytest.mark.slow
def test_the_auxiliary_head_of_the_imagenet_setting():
    cells, head = read_genotype(published.DARTS_V2), (1000, "softmax")
    model = darts_network(cells, published.IMAGENET, head, 48, 14, True, imagenet=True)
    assert main_and_auxiliary(model) == (4_718_752, 1_260_776)


@pytest.mark.slow
def test_enas_micro():
    space = CellSpace.enas_micro()
    cells = space.cells(space.parse(published.ENAS_MICRO))
    model = enas_network(cells, published.CIFAR, TEN, auxiliary=True)
    assert main_and_auxiliary(model) == (3_894_372, 494_848)


@pytest.mark.parametrize(
    ("channels", "number", "stem", "learned", "total"),
    [
        (32, 2, 96, 1_294_698, 1_310_442),
        pytest.param(32, 6, 96, 3_346_538, 3_383_786, marks=pytest.mark.slow),
    ],
)
def test_nasnet_for_small_images(channels, number, stem, learned, total):
    model = nasnet_network(published.NASNET_A, (32, 32, 3), TEN, channels, number, stem=stem)
    assert (trainable(model), model.count_params()) == (learned, total)


@pytest.mark.parametrize(
    ("channels", "number", "stem", "learned", "total"),
    [
        (24, 2, 72, 559_090, 568_930),
        pytest.param(48, 3, 144, 3_189_082, 3_218_170, marks=pytest.mark.slow),
        pytest.param(48, 3, 48, 3_155_194, 3_183_898, marks=pytest.mark.slow),
    ],
)
def test_pnasnet_for_small_images(channels, number, stem, learned, total):
    model = pnasnet_network(published.PNASNET, (32, 32, 3), TEN, channels, number, stem=stem)
    assert (trainable(model), model.count_params()) == (learned, total)


@pytest.mark.slow
def test_pnasnet_mobile():
    # The second cell of its stem has 27 channels, of which a factorized reduction makes 13 on
    # the even pixels and 14 on the odd ones. Counted with 13 and 13 it would be 32 less.
    model = published.pnasnet_mobile()
    assert (trainable(model), model.count_params()) == (5_064_487, 5_098_151)


@pytest.mark.slow
def test_pnasnet_large():
    model = published.pnasnet_large()
    assert (trainable(model), model.count_params()) == (86_057_668, 86_234_656)


# --- NASNet-A against Keras's own -------------------------------------------------------

# Our place in a cell -> the name that keras.applications gives it.
NORMAL = {
    "node2-sep_conv_5x5-from1": "normal_left1",
    "node2-sep_conv_3x3-from0": "normal_right1",
    "node3-sep_conv_5x5-from0": "normal_left2",
    "node3-sep_conv_3x3-from0": "normal_right2",
    "node6-sep_conv_3x3-from1": "normal_left5",
}
REDUCTION = {
    "node2-sep_conv_5x5-from1": "reduction_left1",
    "node2-sep_conv_7x7-from0": "reduction_right1",
    "node3-sep_conv_7x7-from0": "reduction_right2",
    "node4-sep_conv_5x5-from0": "reduction_right3",
    "node6-sep_conv_3x3-from2": "reduction_left4",
}
BLOCKS = ["stem_1", "stem_2", *"0123", "reduce_4", *"5678", "reduce_8", "9", "10", "11", "12"]


def theirs(name: str) -> str:
    """What keras.applications calls our layer."""
    place, *rest = name.split("-")
    if place in ("stem", "head"):
        kind = {"conv": "stem_conv1", "norm": "stem_bn1", "dense": "predictions"}
        return kind[rest[0]]
    block = BLOCKS[int(place.removeprefix("cell"))]
    cell, halves = ("normal", NORMAL) if block.isdigit() else ("reduction", REDUCTION)
    if rest[0] == "input1":
        return f"{cell}_{'conv' if rest[1] == 'conv' else 'bn'}_1_{block}"
    if rest[0] == "input0":
        adjusted = {"even": "adjust_conv_1", "odd": "adjust_conv_2", "norm": "adjust_bn"}
        return f"{adjusted.get(rest[1], 'adjust_conv_projection')}_{block}"
    half = halves["-".join(rest[:3])]
    which = 1 if rest[3] == "first" else 2
    kind = "_bn" if rest[4] == "norm" else ""
    return f"separable_conv_{which}{kind}_{half}_{block}"


@pytest.mark.slow
def test_nasnet_mobile_is_the_network_of_keras_applications():
    ours = published.nasnet_mobile(image_shape=(96, 96, 3))
    other = keras.applications.NASNetMobile(input_shape=(96, 96, 3), weights=None)
    assert ours.count_params() == other.count_params() == 5_326_716
    rng = np.random.default_rng(0)
    copied = 0
    for layer in ours.layers:
        if layer.weights:
            # Fresh statistics and offsets would hide a mistake in where they belong.
            weights = [rng.uniform(0.5, 1.5, w.shape) * 0.1 for w in layer.weights]
            layer.set_weights(weights)
            other.get_layer(theirs(layer.name)).set_weights(weights)
            copied += 1
    assert copied == sum(bool(layer.weights) for layer in other.layers)
    image = rng.uniform(-1, 1, (1, 96, 96, 3)).astype(np.float32)
    expected, found = (np.asarray(model(image, training=False)) for model in (other, ours))
    assert np.ptp(expected) > 1e-3  # the classes are told apart, so equality says something
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())
