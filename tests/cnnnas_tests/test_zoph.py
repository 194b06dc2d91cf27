"""The layer-by-layer space of Zoph and Le: sizes, text, the three repair rules."""

import keras
import numpy as np
import pytest
from keras import layers as kl

from cnnnas.generator.zoph_generator import ZophGenerator, side_by_side, unread
from cnnnas.space.zoph_space import TYPES, ZophLayer, ZophSpace
from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.keras_trainer import get_weights

PLAIN = ZophSpace(3)
TYPED = ZophSpace(3, (1, 3), (8, 16), strides=(1, 2), types=TYPES)


def task(shape=(9, 8, 1)) -> Task:
    x = np.random.default_rng(0).normal(size=(6, *shape)).astype(np.float32)
    fold = Fold(x, np.arange(6, dtype=np.int32) % 3)
    return Task("noise", "multiclass", fold, fold, fold, classes=("a", "b", "c"))


def test_sizes_are_those_of_the_paper():
    # 4 heights, 4 widths, 4 numbers of filters; with strides 9 times as many.
    assert ZophSpace(15).size() == 64**15 * 2 ** (15 * 14 // 2)
    assert ZophSpace(3, strides=(1, 2, 3)).size() == 576**3 * 2**3


def test_a_pool_has_no_filters_to_choose():
    # Per layer (2 sizes * 2 strides)^2, times 2 filters or one of two pools.
    assert TYPED.size() == (16 * (2 + 1 + 1)) ** 3 * 2**3
    filters = 5  # type, height, width, down, across, filters
    assert TYPED.legal((0, 1, 1, 0, 0)) == (0, 1)
    assert TYPED.legal((1, 1, 1, 0, 0)) == (0,)
    assert TYPED.decisions[filters].name == "layer 1 filters"


def test_the_first_token_of_several_depths_is_the_number_of_layers():
    space = ZophSpace(3, other_depths=(1,))
    assert space.size() == 64 + 64**3 * 2**3
    shallow = space.parse("conv 3x3 filters 24")
    # Of the depths 1 and 3 the first; then height, width and filters.
    assert shallow.tokens == (0, 1, 1, 0)
    assert space.at(1).parse(str(shallow)).tokens == (1, 1, 0)
    with pytest.raises(InputError, match=r"2 layers in .* expected 1 or 3"):
        space.parse("conv 3x3 filters 24, conv 3x3 filters 24")


@pytest.mark.parametrize("types", [("conv",), ("conv", "max")])
def test_small_spaces_can_be_enumerated(types):
    space = ZophSpace(2, (1, 3), (8, 16), types=types)
    assert len(set(space)) == space.size()


@pytest.mark.parametrize("space", [PLAIN, TYPED], ids=["plain", "typed"])
def test_what_is_printed_can_be_pasted_back(space, property_seed):
    rng = np.random.default_rng(property_seed)
    for _ in range(50):
        architecture = space.sample_walk(rng)
        assert space.parse(str(architecture)) == architecture


def test_the_text_says_what_a_layer_is_and_reads():
    text = "conv 3x1 filters 8, max 3x3 stride 2x1 reads 1, avg 1x1 reads 1 2"
    assert TYPED.network(TYPED.parse(text)) == [
        ZophLayer("conv", 3, 1, filters=8),
        ZophLayer("max", 3, 3, 2, 1, reads=(1,)),
        ZophLayer("avg", 1, 1, reads=(1, 2)),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("conv 3x3 filters 8", "1 layers in .* expected 3"),
        ("conv 9x3 filters 8, max 3x3, max 3x3", r"layer 1: height is 9, expected \(1, 3\)"),
        ("conv 3x3 filters 9, max 3x3, max 3x3", r"layer 1: filters is 9, expected \(8, 16\)"),
        ("conv 3x3, max 3x3, max 3x3", "layer 1: filters is 0"),
        ("max 3x3, max 3x3 reads 2, max 3x3", r"layer 2 reads \(2,\), expected earlier layers"),
        ("norm 3x3, max 3x3, max 3x3", "layer 1: type is norm"),
        ("max 3x3, three, max 3x3", "cannot read layer 2, 'three'"),
    ],
)
def test_mistakes_name_the_layer(text, message):
    with pytest.raises(InputError, match=message):
        TYPED.parse(text)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"layers": 0}, "layers is 0"),
        (
            {"other_depths": (4, 2)},
            r"other_depths is \(4, 2\), expected rising numbers from 1 to 5",
        ),
        ({"other_depths": (6,)}, "expected rising numbers from 1 to 5"),
        ({"sizes": ()}, r"sizes are \(\), expected different positive integers"),
        ({"strides": (1, 2, 1)}, r"strides are \(1, 2, 1\), expected different"),
        ({"types": ("norm",)}, r"types are \('norm',\), expected different ones of"),
        ({"types": ("max", "max")}, r"expected different ones of"),
    ],
)
def test_parameters_that_describe_no_space_are_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        ZophSpace(**parameters)


# --- the three repair rules -------------------------------------------------------------


def build(text: str, shape=(9, 8, 1)) -> keras.Model:
    return ZophGenerator(TYPED).build(TYPED.parse(text), task(shape))


def test_a_layer_that_reads_nothing_reads_the_image():
    model = build("conv 3x3 filters 8, conv 1x1 filters 16, conv 1x1 filters 8 reads 1 2")
    kernels = [w.shape for w in model.weights if w.path.endswith("kernel")]
    # The second layer sees the image's one channel, the third 8 + 16.
    assert kernels == [(3, 3, 1, 8), (1, 1, 1, 16), (1, 1, 24, 8), (8, 3)]


def test_what_nobody_reads_goes_to_the_classifier():
    text = "conv 3x3 filters 8, conv 1x1 filters 16, conv 1x1 filters 8 reads 1"
    assert unread(TYPED.network(TYPED.parse(text))) == [2, 3]
    assert build(text).get_layer("head-dense-24x3").weights[0].shape == (24, 3)


def test_smaller_inputs_are_padded_with_zeros():
    small, large = keras.Input((2, 3, 1)), keras.Input((4, 6, 2))
    model = keras.Model([small, large], side_by_side([small, large]))
    found = np.asarray(model([np.ones((1, 2, 3, 1)), np.ones((1, 4, 6, 2))]))
    assert found.shape == (1, 4, 6, 3)
    rows = [[0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0], [0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(found[0, ..., 0], rows)
    assert (found[..., 1:] == 1).all()


def test_drawn_networks_of_any_strides_give_probabilities(property_seed):
    rng, made = np.random.default_rng(property_seed), ZophGenerator(TYPED)
    for _ in range(4):
        architecture = TYPED.sample_walk(rng)
        model = made.build(architecture, task())
        np.testing.assert_allclose(np.asarray(model(task().test.x)).sum(axis=1), 1, 1e-5)
        shapes = {k: tuple(a.shape for a in arrays) for k, arrays in get_weights(model).items()}
        assert shapes == made.weight_shapes(architecture, task())


def test_convolutions_are_normalised_and_rectified():
    model = build("conv 3x3 filters 8, max 3x3 reads 1, avg 1x1 reads 2")
    kinds = [type(layer) for layer in model.layers]
    first = [kl.InputLayer, kl.Conv2D, kl.BatchNormalization, kl.ReLU]
    pools = [kl.MaxPooling2D, kl.AveragePooling2D]
    assert kinds == [*first, *pools, kl.GlobalAveragePooling2D, kl.Dense]
