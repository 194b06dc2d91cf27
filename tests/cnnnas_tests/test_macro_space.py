"""Macro architectures: counts, arc strings, the network that is trained at length."""

import keras
import numpy as np
import pytest

from cnnnas.generator.macro_generator import MacroGenerator
from cnnnas.published import ENAS_MACRO
from cnnnas.space.macro_space import Layer, MacroSpace
from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task


def images_task(shape=(32, 32, 3), classes=10) -> Task:
    fold = Fold(np.zeros((2, *shape), np.float32), np.zeros(2, np.int32))
    return Task("images", "multiclass", fold, fold, fold, classes=tuple(range(classes)))


def parameters(model: keras.Model) -> int:
    return sum(int(np.prod(v.shape)) for v in model.trainable_weights)


@pytest.mark.parametrize("layers", [1, 2, 3, 12])
def test_size(layers):
    bits = layers * (layers - 1) // 2
    assert MacroSpace(layers).size() == 6**layers * 2**bits
    assert len(MacroSpace(layers).decisions) == layers + bits


def test_twelve_layers_are_1_6_times_ten_to_the_29():
    assert f"{MacroSpace(12).size():.3e}" == "1.606e+29"


@pytest.mark.parametrize(
    ("layers", "expected"), [(2, ()), (3, (0, 1)), (6, (1, 3)), (12, (3, 7)), (24, (7, 15))]
)
def test_the_image_is_halved_after_each_of_the_first_two_thirds(layers, expected):
    assert MacroSpace(layers).reductions == expected


def test_bit_0_is_the_stem_and_bit_j_the_output_of_layer_j_minus_1():
    space = MacroSpace(3)
    architecture = space.parse("0 | 3 1 | 5 0 1")
    assert architecture.tokens == (0, 3, 1, 5, 0, 1)
    assert space.wiring(architecture) == (
        Layer("conv_3x3", ()), Layer("sep_conv_5x5", (0,)), Layer("max_pool_3x3", (1,)),
    )  # fmt: skip
    assert space.parse(str(architecture)) == architecture


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 3 1 2 0", "has 5 tokens; expected 6"),
        ("0 9 1 2 0 1", "token 1 of the arc, layer 1 operation, is 9; expected 0 to 5"),
        ("0 3 2 2 0 1", "token 2 of the arc, layer 1 skip 0, is 2; expected 0 to 1"),
        ("0 3 1 x 0 1", "token 3 of the arc is 'x'"),
        ("0 -3 1 2 0 1", "token 1 of the arc is '-3'"),
    ],
)
def test_an_arc_that_is_not_in_the_space_is_refused_with_the_token_and_the_reason(
    text, message
):
    with pytest.raises(InputError, match=message):
        MacroSpace(3).parse(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": 0}, "layers is 0"),
        ({"operations": ("conv_7x7",)}, "conv_7x7"),
        ({"operations": ()}, "expected a tuple of different"),
        ({"operations": ("conv_3x3", "conv_3x3")}, "expected a tuple of different"),
    ],
)
def test_parameters_that_describe_no_space_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        MacroSpace(**arguments)


# --- the published network --------------------------------------------------------------


def test_the_published_arc_is_read_and_written():
    space = MacroSpace(24)
    architecture = space.parse(ENAS_MACRO)
    assert str(architecture) == ENAS_MACRO
    layers = space.wiring(architecture)
    assert len(architecture.tokens) == 300
    assert sum(len(layer.skips) for layer in layers) == 98


@pytest.mark.slow
def test_the_published_network_has_the_counted_parameters():
    space = MacroSpace(24)
    generator = MacroGenerator(space, channels=96)
    model = generator.build(space.parse(ENAS_MACRO), images_task())
    assert parameters(model) == 30_947_424


def test_as_released_with_ordinary_convolutions_it_has_more():
    space = MacroSpace(24)
    tokens = [*space.parse(ENAS_MACRO).tokens]
    for i in range(space.layers):  # 0 and 2 in place of 1 and 3, which are separable
        tokens[space.start(i)] = {1: 0, 3: 2}.get(
            tokens[space.start(i)], tokens[space.start(i)]
        )
    released = space.architecture(tokens)
    model = MacroGenerator(space, channels=96).build(released, images_task())
    assert parameters(model) == 42_559_392


# --- the generator ----------------------------------------------------------------------


@pytest.mark.slow
def test_every_operation_and_odd_images_make_a_model_that_saves_and_loads(tmp_path):
    space = MacroSpace(6)
    architecture = space.parse("0  1 1  2 0 1  3 1 0 0  4 0 1 1 0  5 1 1 1 1 1")
    task = images_task((29, 31, 1), classes=4)
    model = MacroGenerator(space, channels=4).build(architecture, task, seed=3)
    rows = np.random.default_rng(0).normal(size=(3, 29, 31, 1)).astype(np.float32)
    expected = model.predict(rows, verbose=0)
    assert expected.shape == (3, 4)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-5)
    model.save(tmp_path / "macro.keras")
    loaded = keras.models.load_model(tmp_path / "macro.keras")
    np.testing.assert_allclose(loaded.predict(rows, verbose=0), expected, atol=1e-6)


def test_skips_enter_the_network():
    # The same weights by name, with and without the stem's output in layer 2.
    space, task = MacroSpace(3), images_task((8, 8, 1), classes=2)
    shapes = [
        MacroGenerator(space, channels=4).weight_shapes(space.parse(arc), task)
        for arc in ("0  0 0  0 0 0", "0  0 1  0 0 0")
    ]
    # 1 x 1, from 4 or from stem and layer 0 after doubling, 16, to 8 channels.
    joins = [s for shape in shapes for k, s in shape.items() if k.startswith("layer1-join-c")]
    assert joins == [((1, 1, 8, 8),), ((1, 1, 16, 8),)]


def test_weight_shapes_are_those_of_the_model():
    space, task = MacroSpace(3), images_task((8, 8, 1), classes=2)
    architecture = space.parse("1  4 1  3 1 1")
    generator = MacroGenerator(space, channels=4)
    model = generator.build(architecture, task)
    shapes = generator.weight_shapes(architecture, task)
    assert {k: list(v) for k, v in shapes.items()} == {
        layer.name: [tuple(w.shape) for w in layer.weights]
        for layer in model.layers
        if layer.weights
    }


def test_images_too_small_for_two_reductions_are_refused_with_the_minimum():
    space = MacroSpace(6)
    architecture = space.architecture([0] * len(space.decisions))
    with pytest.raises(InputError, match="at least 8 x 8"):
        MacroGenerator(space).build(architecture, images_task((7, 9, 1)))
