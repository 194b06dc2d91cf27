"""Cells as Keras models: wiring, strides, names, seeds, drop path, and what gets saved."""

import subprocess
import sys
from itertools import pairwise

import keras
import numpy as np
import pytest

from cnnnas.generator.cell_generator import CellGenerator
from cnnnas.generator.cell_networks import darts_network, enas_network, staged
from cnnnas.generator.conventions import DARTS, ENAS, NASNET, PNASNET
from cnnnas.generator.drop_path import DropPath, ScheduledDropPath, for_inference
from cnnnas.generator.keras_layers import KerasLayers
from cnnnas.generator.nasnet import nasnet_network, pnasnet_network
from cnnnas.operations.vocabulary import OPERATIONS, factorized_reduction
from cnnnas.space.cell import Cell
from cnnnas.space.cell_space import DARTS_OPERATIONS, NASNET_OPERATIONS, CellSpace
from cnnnas.space.macro_space import MACRO_OPERATIONS
from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.keras_trainer import get_weights, set_weights

FAMILIES = [DARTS, ENAS, NASNET, PNASNET]
IDS = ["darts", "enas", "nasnet", "pnasnet"]
THREE = (3, "softmax")


def images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def task(shape=(8, 8, 1)) -> Task:
    fold = Fold(images(6, *shape), np.arange(6, dtype=np.int32) % 3)
    return Task("noise", "multiclass", fold, fold, fold, classes=("a", "b", "c"))


def given(model: keras.Model, x) -> np.ndarray:
    """What the model gives; `predict` would compile it first, which takes longer."""
    return np.asarray(model(x, training=False))


def model_of(operate, shape) -> keras.Model:
    x = keras.Input(shape)
    return keras.Model(x, operate(x))


# --- operations -------------------------------------------------------------------------


@pytest.mark.parametrize("convention", FAMILIES, ids=IDS)
@pytest.mark.parametrize("name", [*OPERATIONS, "skip_connect"])
@pytest.mark.parametrize(("shape", "halved"), [((8, 8), (4, 4)), ((7, 9), (4, 5))])
def test_operations_keep_or_halve_the_size_rounded_up(convention, name, shape, halved):
    x = keras.Input((*shape, 4))
    layers = convention.layers(0).at("here")
    assert convention.operate(layers, name, x, 6, 1).shape == (None, *shape, 6)
    assert convention.operate(layers.at("again"), name, x, 6, 2).shape == (None, *halved, 6)


def test_every_operation_of_the_spaces_can_be_built():
    published = {*NASNET_OPERATIONS, *DARTS_OPERATIONS, *MACRO_OPERATIONS}
    assert published == {*OPERATIONS, "skip_connect"}


def test_the_factorized_reduction_sees_even_and_odd_pixels():
    # One channel whose value is its place; kernels of 1 pick the pixels themselves.
    model = model_of(lambda x: factorized_reduction(KerasLayers().at("a"), x, 2), (4, 4, 1))
    for name in ("a-even-conv-1x1", "a-odd-conv-1x1"):
        model.get_layer(name).set_weights([np.ones((1, 1, 1, 1))])
    place = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    found = given(model, place) * np.sqrt(1 + 1e-5)  # undoes the fresh norm
    np.testing.assert_allclose(found[0, ..., 0], [[0, 2], [8, 10]], rtol=1e-5)
    np.testing.assert_allclose(found[0, ..., 1], [[5, 7], [13, 15]], rtol=1e-5)


@pytest.mark.parametrize("size", [8, 9])
def test_symmetric_padding_takes_every_other_pixel_of_the_unstrided_operation(size):
    # PyTorch's padding; TensorFlow's own would shift the pixels of even sizes by one.
    x = images(2, size, size, 3)
    for name in ("sep_conv_5x5", "dil_conv_3x3", "max_pool_3x3", "avg_pool_3x3"):
        shape = x.shape[1:]
        layers = DARTS.layers(0).at("a")

        def first_half(t, stride, name=name, layers=layers):
            if not name.startswith("sep"):
                return DARTS.operate(layers, name, t, 3, stride)
            return layers.separable(t, 3, 5, stride)

        plain = model_of(lambda t: first_half(t, 1), shape)
        strided = model_of(lambda t: first_half(t, 2), shape)
        strided.set_weights(plain.get_weights())
        expected = given(plain, x)[:, ::2, ::2]
        np.testing.assert_allclose(given(strided, x), expected, atol=1e-5)


def test_average_pools_do_not_count_the_border_and_nasnet_pools_that_stride_do():
    ones = np.ones((1, 4, 4, 1), np.float32)
    corner = {}
    for name, convention in zip(IDS, FAMILIES, strict=True):
        pool = model_of(lambda x: convention.layers(0).pool("avg", x, 3, 2), (4, 4, 1))  # noqa: B023
        corner[name] = given(pool, ones)[0, -1, -1, 0]
    # The last window of NASNet holds 2 x 2 pixels and five zeros.
    assert corner == pytest.approx({"darts": 1, "enas": 1, "nasnet": 4 / 9, "pnasnet": 1})


# --- cells ------------------------------------------------------------------------------


def cell_model(cell: Cell, convention=ENAS, stride=1) -> keras.Model:
    older, last = keras.Input((8, 8, 4)), keras.Input((8, 8, 4))
    made = convention.cell(convention.layers(0).at("c"), cell, older, last, 4, stride)
    return keras.Model([older, last], made)


def test_a_node_adds_and_the_output_concatenates_what_the_cell_says():
    # State 0 is not projected by ENAS where sizes agree; so node 2 is twice the older input.
    skips = (("skip_connect", 0), ("skip_connect", 0))
    model = cell_model(Cell((skips, (("skip_connect", 2), ("skip_connect", 0))), (0, 3)))
    older = images(1, 8, 8, 4)
    found = given(model, [older, older])
    np.testing.assert_allclose(found, np.concatenate([older, 3 * older], axis=3), rtol=1e-5)


def test_a_node_may_concatenate_and_whoever_reads_it_projects():
    skips = (("skip_connect", 0), ("avg_pool_3x3", 1))
    reads = (("skip_connect", 2), ("max_pool_3x3", 2))
    model = cell_model(Cell((skips, reads), (2, 3), combine=("concat", "add")), PNASNET)
    assert model.output_shape == (None, 8, 8, 4 + 4)


def test_an_unused_input_of_a_reduction_is_halved_before_the_output():
    nodes = ((("max_pool_3x3", 1), ("max_pool_3x3", 1)),)
    model = cell_model(Cell(nodes, (0, 2)), stride=2)
    assert model.output_shape == (None, 4, 4, 8)


def test_equal_halves_of_a_node_have_weights_of_their_own():
    halves = (("sep_conv_3x3", 1), ("sep_conv_3x3", 1))
    names = [layer.name for layer in cell_model(Cell((halves,), (2,))).layers]
    assert "c-node2-sep_conv_3x3-from1-first-sep-4x4" in names
    assert "c-node2-sep_conv_3x3-from1-again-first-sep-4x4" in names


# --- networks ---------------------------------------------------------------------------


def test_reductions_stand_where_both_publications_have_them():
    assert [i for i, s in enumerate(staged(20, 36, (6, 13))) if s.stride == 2] == [6, 13]
    assert staged(20, 36, (6, 13))[-1] == ("normal", 144, 1)


SMALL = {
    "darts": (CellSpace.darts(2), darts_network, 5),
    "enas": (CellSpace.enas_micro(2), enas_network, 5),
    "nasnet": (CellSpace.nasnet(2), nasnet_network, 1),
    "pnas": (CellSpace.pnas(2), pnasnet_network, 1),
}
small = pytest.mark.parametrize("kind", SMALL)


def generator(kind: str, **settings) -> CellGenerator:
    space, network, number = SMALL[kind]
    return CellGenerator(space, network, channels=4, number=number, **settings)


def drawn(kind: str, seed: int):
    return SMALL[kind][0].sample_walk(np.random.default_rng(seed))


@small
@pytest.mark.parametrize("shape", [(9, 8, 1), (29, 31, 3)])
def test_a_drawn_architecture_takes_odd_images_and_gives_probabilities(
    kind, shape, property_seed
):
    model = generator(kind).build(drawn(kind, property_seed), task(shape))
    found = given(model, images(2, *shape))
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.slow
@small
def test_layers_are_named_by_their_weight_keys(kind, property_seed):
    made, architecture = generator(kind), drawn(kind, property_seed)
    model = made.build(architecture, task())
    found = {key: tuple(a.shape for a in arrays) for key, arrays in get_weights(model).items()}
    assert found == made.weight_shapes(architecture, task())
    set_weights(model, get_weights(made.build(architecture, task(), seed=1)))


@small
def test_equal_seeds_give_equal_weights_and_layers_differ(kind):
    made, architecture = generator(kind), drawn(kind, 0)
    first, again, other = (
        get_weights(made.build(architecture, task(), seed)) for seed in (0, 0, 1)
    )
    kernels = [key for key in first if "-norm-" not in key]
    for key in kernels:
        np.testing.assert_array_equal(first[key][0], again[key][0])
        assert (first[key][0] != other[key][0]).any()
    shapes: dict = {}
    for key in kernels:
        shapes.setdefault(first[key][0].shape, []).append(first[key][0])
    for alike in shapes.values():
        assert len({array.tobytes() for array in alike}) == len(alike)


def test_images_that_cannot_be_halved_twice_are_refused_with_the_minimum():
    with pytest.raises(InputError, match=r"\(7, 30, 1\) cannot be halved 2 .* 8 x 8 pixels"):
        generator("darts").build(drawn("darts", 0), task((7, 30, 1)))
    with pytest.raises(InputError, match=r"\(30, 30\) cannot be halved"):
        generator("enas").build(drawn("enas", 0), task((30, 30)))


# --- drop path and auxiliary head -------------------------------------------------------


def test_drop_path_drops_examples_as_a_whole_and_keeps_the_mean():
    layer = DropPath(0.4, seed=0)
    x = np.ones((4000, 2, 2, 1), np.float32)
    given = np.asarray(layer(x, training=True))
    assert (given == given[:, :1, :1]).all()
    np.testing.assert_allclose(np.unique(given), [0, 1 / 0.6], rtol=1e-6)
    # The mean of 4,000 draws of variance 0.4 / 0.6 lies within 4.5 standard errors.
    assert abs(given.mean() - 1) < 4.5 * np.sqrt(0.4 / 0.6 / 4000)
    np.testing.assert_array_equal(layer(x, training=False), x)


def test_the_rate_of_drop_path_grows_over_the_epochs():
    model = generator("darts", drop_path=0.5).build(drawn("darts", 0), task())
    paths = [layer for layer in model.layers if isinstance(layer, DropPath)]
    schedule = ScheduledDropPath(epochs=4)
    schedule.set_model(model)
    for epoch, expected in ((0, 0.0), (1, 0.25), (3, 0.75)):
        schedule.on_epoch_begin(epoch)
        assert {float(path.progress) for path in paths} == {expected}
    paths[0].progress.assign(0.0)
    x = images(3, 2, 2, 1)
    np.testing.assert_array_equal(paths[0](x, training=True), x)


def test_plain_skips_are_never_dropped_and_later_cells_more_often():
    skips = (("skip_connect", 0), ("max_pool_3x3", 1))
    cells = {"normal": Cell((skips,), (2,)), "reduce": Cell((skips,), (2,))}
    model = enas_network(cells, (8, 8, 1), THREE, 4, 5, drop_path=0.5)
    rates = {x.name: x.rate for x in model.layers if isinstance(x, DropPath)}
    assert [n for n in rates if "skip" in n] == [
        f"cell{i}-node2-skip_connect-from0-drop_path" for i in (1, 3)
    ]
    assert [rates[f"cell{i}-node2-max_pool_3x3-from1-drop_path"] for i in range(5)] == (
        pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    )


@small
def test_the_inference_model_has_the_weights_and_none_of_our_layers(kind):
    architecture = drawn(kind, 1)
    model = generator(kind, auxiliary=True, drop_path=0.3).build(architecture, task())
    plain = for_inference(model)
    x = images(4, 8, 8, 1)
    np.testing.assert_array_equal(given(plain, x), given(model, x)[0])
    assert not any(isinstance(layer, DropPath) for layer in plain.layers)
    assert not any(layer.name.startswith("auxiliary") for layer in plain.layers)


LOAD = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("mlpnas", "cnnnas", "rnncell"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
np.save(sys.argv[2], model(np.load(sys.argv[3]), training=False))
"""


@pytest.mark.slow
def test_a_child_loads_with_keras_alone(tmp_path):
    """One cell with every operation, seen in training with drop path and auxiliary head."""
    pairs = pairwise([*OPERATIONS, "skip_connect"])
    halves = tuple(((a, i % 2), (b, i + 1)) for i, (a, b) in enumerate(pairs))
    cell = Cell(halves, tuple(range(2, 2 + len(halves))))
    cells = {"normal": cell, "reduce": cell}
    model = darts_network(cells, (8, 8, 1), THREE, 4, 1, auxiliary=True, drop_path=0.2)
    x = images(4, 8, 8, 1)
    model(x, training=True)  # moves the statistics of batch normalisation
    plain = for_inference(model)
    plain.save(tmp_path / "child.keras")
    np.save(tmp_path / "x.npy", x)
    names = [str(tmp_path / name) for name in ("child.keras", "given.npy", "x.npy")]
    done = subprocess.run([sys.executable, "-c", LOAD, *names], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "given.npy"), given(plain, x))
