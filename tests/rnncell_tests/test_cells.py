"""Cells as Keras layers: what they compute, and that they are layers like any other."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from mlpnas.core.errors import InputError
from rnncell import published
from rnncell.generator.highway_cell import HighwayCell
from rnncell.generator.tree_cell import TreeCell

ENAS = "tanh, relu(0), sigmoid(0), identity(2)"
TREE = "add tanh, mult relu, mult sigmoid; inject add relu at 0; memory 1"
CELLS = {
    "highway": lambda units, **options: HighwayCell(units, ENAS, **options),
    "all nodes": lambda units, **options: HighwayCell(units, ENAS, average="nodes", **options),
    "tree": lambda units, **options: TreeCell(units, TREE, **options),
}
every_cell = pytest.mark.parametrize("make", CELLS.values(), ids=CELLS)


def batch(shape=(3, 6, 5), seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def run(cell, x, **options) -> np.ndarray:
    return np.asarray(keras.layers.RNN(cell, return_sequences=True)(x, **options))


# --- what they compute ------------------------------------------------------------------


def test_the_tree_example_of_the_specification_worked_by_hand():
    # One unit, one input: x = 1, h = 0.5, c = 2. Leaf 0: W1 = 0.3, W2 = -0.4; leaf 1:
    # W3 = 2, W4 = 0.5. No bias.
    #   value of leaf 0      0.3 * 1 - 0.4 * 0.5            = 0.1    a0  = tanh(0.1) = 0.0996680
    #   value of leaf 1      (2 * 1) * (0.5 * 0.5)          = 0.5    a1  = relu(0.5) = 0.5
    #   injected at node 0   relu(0.0996680 + 2)                     a0' = 2.0996680
    #   root                 sigmoid(2.0996680 * 0.5) = sigmoid(1.0498340)  h = 0.7407422
    #   memory 1             the value of leaf 1 before its activation, 0.5
    cell = TreeCell(1, TREE, use_bias=False)
    cell.build((None, 1))
    cell.kernel.assign([[0.3, 2.0]])
    cell.recurrent_kernel.assign([[-0.4, 0.5]])
    x, h, c = (np.array([[v]], np.float32) for v in (1.0, 0.5, 2.0))
    output, [state, memory] = cell(x, [h, c])
    assert float(output[0, 0]) == float(state[0, 0]) == pytest.approx(0.7407422, abs=1e-6)
    assert float(memory[0, 0]) == pytest.approx(0.5, abs=1e-7)


def test_a_highway_cell_worked_by_hand():
    # One unit, x = 1, h = 0.5; all gates get 0, so sigma = 1/2.
    #   node 0  z = 2 * 1 + 1 * 0.5 = 2.5   s0 = 0.5 + (tanh(2.5) - 0.5) / 2     = 0.7433071
    #   node 1  z = -s0, relu = 0           s1 = s0 / 2                          = 0.3716536
    #   node 2  z = s0, sigmoid = 0.6777186 s2 = (0.7433071 + 0.6777186) / 2     = 0.7105129
    # Loose ends 1 and 2; their mean is 0.5410832.
    cell = HighwayCell(1, "tanh, relu(0), sigmoid(0)")
    cell.build((None, 1))
    for kernel, values in zip(
        cell.kernels, ([[0.0, 2.0], [0.0, 1.0]], [[0.0, -1.0]], [[0.0, 1.0]]), strict=True
    ):
        kernel.assign(values)
    x, h = np.array([[1.0]], np.float32), np.array([[0.5]], np.float32)
    output, [state] = cell(x, [h])
    assert float(output[0, 0]) == float(state[0, 0]) == pytest.approx(0.5410832, abs=1e-6)


@pytest.mark.parametrize(
    ("cell", "parameters"),
    [
        # [x, h] W_0 and a (units, 2 units) matrix per further node.
        (published.enas_cell(748), 1496 * 1496 + 11 * 748 * 1496),
        (published.enas_paper_cell(748), 1496 * 1496 + 11 * 748 * 1496),
        (published.enas_lm_cell(800), 1600 * 1600 + 8 * 800 * 1600),
        (published.darts_v1_cell(850), 1700 * 1700 + 8 * 850 * 1700),
        (published.darts_v2_cell(850), 1700 * 1700 + 8 * 850 * 1700),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_highway_cell_has_a_matrix_per_node(cell, parameters):
    cell.build((None, cell.units))
    assert cell.count_params() == parameters


def test_published_language_models_have_their_published_sizes():
    # Input and output share the matrix of 10,000 words; DARTS adds a bias per word.
    words = 10_000
    for make, units, extra, published_size in (
        (published.enas_cell, 748, 0, 22_027_104),
        (published.enas_lm_cell, 800, 0, 20_800_000),
        (published.darts_v2_cell, 850, words, 22_960_000),
    ):
        cell = make(units)
        cell.build((None, units))
        assert cell.count_params() + words * units + extra == published_size


def test_the_nas_cell_has_eight_leaves():
    cell = published.nas_cell(4, use_bias=False)
    cell.build((None, 9))
    assert cell.count_params() == 8 * 4 * (9 + 4) == 416
    with_bias = published.nas_cell(4)
    with_bias.build((None, 9))
    assert with_bias.count_params() == 416 + 8 * 4


def test_the_nas_cell_is_the_released_one():
    cell, x = published.nas_cell(3), batch((2, 4))
    h, c = batch((2, 3), 1), batch((2, 3), 2)
    cell.build(x.shape)
    cell.bias.assign(batch((24,), 3))
    output, [_, memory] = cell(x, [h, c])
    expected, expected_memory = _nas_cell(
        x, h, c, *(np.asarray(w) for w in (cell.kernel, cell.recurrent_kernel, cell.bias))
    )
    np.testing.assert_allclose(output, expected, atol=1e-6)
    np.testing.assert_allclose(memory, expected_memory, atol=1e-6)


def _nas_cell(x, h, c, kernel, recurrent, bias):
    """Written out from the released cell's description, layer by layer."""
    sigmoid, relu = lambda v: 1 / (1 + np.exp(-v)), lambda v: np.maximum(v, 0)
    a, b = np.split(x @ kernel, 8, axis=1), np.split(h @ recurrent + bias, 8, axis=1)
    leaf = [
        sigmoid(a[0] + b[0]), relu(a[1] + b[1]), sigmoid(a[2] + b[2]), relu(a[3] * b[3]),
        np.tanh(a[4] + b[4]), sigmoid(a[5] + b[5]), np.tanh(a[6] + b[6]), sigmoid(a[7] + b[7]),
    ]  # fmt: skip
    first = np.tanh(np.tanh(leaf[0] * leaf[1]) + c)
    memory = first * np.tanh(leaf[2] + leaf[3])
    right = np.tanh(np.tanh(leaf[4] * leaf[5]) + sigmoid(leaf[6] + leaf[7]))
    return np.tanh(memory * right), memory


# --- that they are layers ---------------------------------------------------------------


@every_cell
def test_a_cell_is_rebuilt_from_its_configuration(make):
    cell = make(4, dropout=0.1, recurrent_dropout=0.2, kernel_regularizer="l2", seed=3)
    layer = keras.layers.RNN(cell)
    again = keras.layers.RNN.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@every_cell
def test_a_saved_model_loads_and_predicts_the_same(make, tmp_path):
    model = keras.Sequential([keras.Input((6, 5)), keras.layers.RNN(make(4))])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        again.predict(batch(), verbose=0), model.predict(batch(), verbose=0)
    )


@pytest.mark.slow
def test_a_saved_network_loads_in_another_process(tmp_path):
    path = tmp_path / "model.keras"
    layers = [keras.layers.RNN(make(4)) for make in (CELLS["highway"], CELLS["tree"])]
    inputs = keras.Input((6, 5))
    keras.Model(inputs, [layer(inputs) for layer in layers]).save(path)
    code = f"import rnncell; print(len(rnncell.load_model({str(path)!r}).outputs))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "2\n", done.stderr


@pytest.mark.slow
@every_cell
def test_a_cell_trains_in_plain_fit(make):
    # Nothing is left to the state of Keras's random numbers, which other tests move.
    head = keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed=0))
    model = keras.Sequential([keras.Input((6, 5)), keras.layers.RNN(make(8, seed=0)), head])
    model.compile(keras.optimizers.Adam(0.02), "mse", jit_compile=False)
    x = batch((64, 6, 5))
    log = model.fit(x, x[:, -1, :1], epochs=25, shuffle=False, verbose=0)
    losses = log.history["loss"]
    assert losses[-1] < 0.5 * losses[0]


@every_cell
def test_masked_steps_leave_the_state_alone(make):
    cell, x = make(4), batch()
    mask = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]], bool)
    full, masked = run(cell, x), run(cell, x, mask=mask)
    np.testing.assert_allclose(masked[0], full[0], atol=1e-6)
    np.testing.assert_allclose(masked[1, 2:], np.broadcast_to(full[1, 2], (4, 4)), atol=1e-6)
    np.testing.assert_allclose(masked[2], np.broadcast_to(full[2, 0], (6, 4)), atol=1e-6)


@every_cell
def test_a_stateful_layer_goes_on_where_it_stopped(make):
    cell, x = make(4), batch()
    whole = run(cell, x)
    layer = keras.layers.RNN(cell, return_sequences=True, stateful=True)
    parts = [np.asarray(layer(x[:, :2])), np.asarray(layer(x[:, 2:]))]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-6)
    layer.reset_state()
    np.testing.assert_allclose(layer(x[:, :2]), whole[:, :2], atol=1e-6)


@every_cell
@pytest.mark.parametrize("rate", ["dropout", "recurrent_dropout"])
def test_a_mask_is_drawn_anew_for_each_sequence_and_only_while_training(make, rate):
    layer = keras.layers.RNN(make(4, **{rate: 0.5}, seed=0), return_sequences=True)
    x = batch()
    np.testing.assert_array_equal(layer(x), layer(x))
    assert not np.allclose(layer(x, training=True), layer(x, training=True))


def test_one_mask_holds_for_all_steps_of_a_sequence():
    # Two inputs, of which dropout takes one or both; if every step drew its own mask, a
    # constant input would not come out constant.
    cell = HighwayCell(1, "identity, identity(0)", dropout=0.5, seed=1)
    cell.build((None, 64))
    # Gates wide open, the state not read: the output is the value of node 0.
    first = np.zeros((65, 2), np.float32)
    first[:64] = 1.0
    cell.kernels[0].assign(first)
    cell.kernels[1].assign([[1.0, 1.0]])
    cell.built = True
    layer = keras.layers.RNN(cell, return_sequences=True)
    outputs = np.asarray(layer(np.ones((1, 5, 64), np.float32), training=True))[0, :, 0]
    assert outputs[0] == pytest.approx(64, abs=25)
    np.testing.assert_allclose(outputs, outputs[0], rtol=1e-5)


@every_cell
def test_half_precision_computes_in_halves_and_keeps_weights_whole(make):
    cell = make(4, dtype="mixed_float16")
    layer = keras.layers.RNN(cell, return_sequences=True, dtype="mixed_float16")
    output = layer(batch(), training=True)
    assert keras.backend.standardize_dtype(output.dtype) == "float16"
    assert {w.dtype for w in cell.trainable_weights} == {"float32"}
    assert np.isfinite(np.asarray(output)).all()


@every_cell
def test_a_seed_fixes_the_weights_and_no_two_matrices_are_equal(make):
    def weights(seed):
        cell = make(4, seed=seed)
        cell.build((None, 4))
        return [np.asarray(w) for w in cell.trainable_weights if w.shape != (8,)]

    for one, same, other in zip(weights(5), weights(5), weights(6), strict=True):
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)
    matrices = {w[:4, :4].tobytes() for w in weights(5)}
    assert len(matrices) == len(weights(5))


def test_an_unreadable_cell_is_refused_by_name():
    with pytest.raises(InputError, match="node 1 of the cell 'tanh, swish"):
        HighwayCell(4, "tanh, swish(0)")
