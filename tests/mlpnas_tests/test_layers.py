"""Layer types: golden numbers against Keras, and a new type from outside the package."""

import keras
import numpy as np
import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.generator import MLPGenerator
from mlpnas.layers import (
    COMPILED_ACTIVATIONS,
    KERAS_ACTIVATIONS,
    LAYER_TYPES,
    Dense,
    layer_type,
)
from mlpnas.space import MLPSpace
from mlpnas.trainer.activations import STEPS
from mlpnas.trainer.mlp_trainer import MLPTrainer, to_model

HEAD = (3, "softmax")
TYPES = tuple(LAYER_TYPES)
SPACE = MLPSpace(HEAD, widths=(4, 8), activations=("relu", "silu"), layer_types=TYPES)
FEW = Recipe(epochs=2, patience=None)


def task(rows=40, features=5) -> Task:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, features)).astype(np.float32)
    fold = Fold(x, x[:, :3].argmax(axis=1).astype(np.int32))
    return Task("made up", "multiclass", fold, fold, fold, ("a", "b", "c"))


def model_of(text: str, seed=0) -> keras.Model:
    architecture = SPACE.parse(f"{text}, {HEAD}")
    return MLPGenerator(SPACE).build(architecture, task(), seed)


def test_the_vocabulary_is_what_the_types_add():
    assert SPACE.vocabulary == (
        (4, "relu"), (4, "silu"), (8, "relu"), (8, "silu"), "dropout",
        "batch_norm", ("residual", "relu"), ("residual", "silu"), HEAD,
    )  # fmt: skip


def test_a_space_with_more_types_is_read_back_from_its_name():
    assert MLPSpace.from_name(SPACE.name) == SPACE


def test_weight_keys_are_bigrams_of_layers_with_weights():
    text = f"(8, 'relu'), 'batch_norm', 'dropout', ('residual', 'silu'), {HEAD}"
    shapes = MLPGenerator(SPACE).weight_shapes(SPACE.parse(text), task())
    assert shapes == {
        "input-8_relu-5x8-0": ((5, 8), (8,)),
        "8_relu-batch_norm-8x8-0": ((8,), (8,), (8,), (8,)),
        "batch_norm-residual_silu-8x8-0": ((8, 8), (8,)),
        "residual_silu-3_softmax-8x3-0": ((8, 3), (3,)),
    }


@pytest.mark.parametrize("more", ["(8, 'silu')", "'batch_norm'", "('residual', 'silu')"])
def test_shapes_and_parameters_are_those_of_the_model(more):
    generator = MLPGenerator(SPACE)
    architecture = SPACE.parse(f"(4, 'relu'), {more}, {HEAD}")
    model = generator.build(architecture, task())
    for key, shapes in generator.weight_shapes(architecture, task()).items():
        assert tuple(w.shape for w in model.get_layer(key).get_weights()) == shapes
    trained = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert generator.parameters(architecture, task()) == trained


def test_a_residual_layer_adds_its_branch_to_what_comes_in():
    model = model_of("(4, 'relu'), ('residual', 'relu')")
    x = np.ones((1, 5), np.float32)
    first, second, head = (layer for layer in model.layers if layer.weights)
    first.set_weights([np.full((5, 4), 0.2), np.zeros(4)])  # h = relu(5 * .2) = 1
    second.set_weights([np.full((4, 4), 0.5), np.full(4, -1.0)])  # relu(4 * .5 - 1) = 1
    head.set_weights([np.array([[1.0, 0, 0]] * 4), np.zeros(3)])  # 4 * (1 + 1) = 8
    expected = np.exp([8.0, 0, 0]) / np.exp([8.0, 0, 0]).sum()
    np.testing.assert_allclose(model(x)[0], expected, rtol=1e-5)


def test_batch_norm_scales_by_the_batch_when_it_learns_and_by_what_it_kept_afterwards():
    layer = next(
        n for n in model_of("(4, 'relu'), 'batch_norm'").layers if "batch_norm-4x4" in n.name
    )
    x = np.array([[0.0] * 4, [2.0] * 4], np.float32)  # mean 1, variance 1
    np.testing.assert_allclose(layer(x, training=True), [[-1] * 4, [1] * 4], atol=1e-3)
    # Keras keeps .99 of the old mean 0 and variance 1: (2 - .01) / sqrt(1 + epsilon).
    np.testing.assert_allclose(layer(x, training=False)[1], [1.99] * 4, atol=2e-3)


def test_silu_is_x_times_its_sigmoid_forward_and_backward():
    z = keras.ops.convert_to_tensor([-2.0, 0.0, 3.0])
    y, kept = STEPS["silu"].forward(z)
    # 3 * .952574 = 2.857722; slope .952574 * (1 + 3 * .047426) = 1.088104
    np.testing.assert_allclose(y, [-0.238406, 0.0, 2.857722], rtol=1e-5)
    slope = STEPS["silu"].backward(keras.ops.ones(3), kept)
    np.testing.assert_allclose(slope, [-0.090784, 0.5, 1.088104], rtol=1e-5)


@pytest.mark.parametrize("name", COMPILED_ACTIVATIONS)
def test_every_compiled_activation_is_that_of_keras(name):
    z = np.linspace(-3, 3, 7, dtype=np.float32)
    np.testing.assert_allclose(
        STEPS[name].forward(z)[0], keras.activations.get(name)(z), rtol=1e-5
    )


def test_every_named_activation_is_one_of_keras():
    assert set(STEPS) == set(COMPILED_ACTIVATIONS)
    assert all(callable(keras.activations.get(name)) for name in KERAS_ACTIVATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("more", ["'batch_norm', 'dropout'", "('residual', 'silu')"])
def test_a_mixed_chain_trains_through_keras_and_inherits(more):
    generator = MLPGenerator(SPACE)
    architecture = SPACE.parse(f"(8, 'relu'), {more}, {HEAD}")
    trainer = MLPTrainer(task(), generator, FEW)
    outcome = trainer.train(Job(architecture, 1))
    assert outcome.reason is None
    assert trainer.traces == 0, "the compiled chain has no step for it"
    assert list(outcome.weights) == list(generator.weight_shapes(architecture, task()))
    model = to_model(generator, architecture, task(), outcome.weights)
    best = FEW.best_epoch(outcome.curve, [valid for _, valid in outcome.losses])
    score = task().score(task().valid.y, model.predict(task().valid.x, verbose=0))
    assert outcome.curve[best] == pytest.approx(score)
    onward = trainer.train(Job(architecture, 1, outcome.weights))
    assert onward.losses[0][0] < outcome.losses[0][0]


def test_a_type_that_does_not_exist_is_named():
    with pytest.raises(
        InputError, match="'highway' is no layer type; expected batch_norm, residual"
    ):
        MLPSpace(HEAD, layer_types=("highway",))
    with pytest.raises(InputError, match="cannot be imported"):
        layer_type("no_such_package:Layer")
    with pytest.raises(InputError, match=r"expected a subclass of mlpnas.layers.LayerType"):
        layer_type("collections:Counter")
    with pytest.raises(InputError, match="repeat a word"):
        MLPSpace(HEAD, layer_types=("batch_norm", "batch_norm"))


def test_features_name_what_a_layer_is():
    features = SPACE.features(SPACE.parse(f"(4, 'silu'), ('residual', 'relu'), {HEAD}"))
    # depth; log2 units, relu, silu, dropout, batch_norm, residual per position
    assert features[:13].tolist() == [3, np.log2(5), 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1]


def test_dense_words_come_width_by_width():
    assert Dense.words(SPACE)[:3] == [Dense(4, "relu"), Dense(4, "silu"), Dense(8, "relu")]
