"""Encodings: codes worked by hand, Keras beside NumPy, and networks that begin with one."""

import keras
import numpy as np
import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.encodings import PiecewiseLinear, encoding
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace
from mlpnas.trainer.mlp_trainer import MLPTrainer, to_model

HEAD = (2, "softmax")
SPACE = MLPSpace(HEAD, widths=(4, 8), activations=("relu",), max_layers=4, encodings=("ple",))


def task(rows=200) -> Task:
    """A threshold of a number beside a column of zeros and ones."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=rows), rng.integers(0, 2, rows)]).astype(np.float32)
    fold = Fold(x, (np.abs(x[:, 0]) < 0.5).astype(np.int32))
    return Task("made up", "multiclass", fold.take(np.arange(100)), fold, fold, ("a", "b"))


def test_a_code_says_how_far_a_number_has_come_through_each_bin():
    column = np.array([[0.0], [1.0], [2.0], [6.0], [10.0]], np.float32)
    encoder = PiecewiseLinear(2).fit(column)  # quantiles 0, 2 and 10
    expected = [
        [0, 0, 0],
        [1, 0.5, 0],
        [2, 1, 0],
        [6, 1, 0.5],
        [10, 1, 1],
        [12, 1, 1],
        [-3, 0, 0],
    ]
    rows = np.array([[row[0]] for row in expected], np.float32)
    np.testing.assert_allclose(encoder.encode(rows), expected, atol=1e-6)


def test_columns_of_two_values_and_constants_stay_as_they_are():
    rows = np.array([[0, 5, 1], [1, 5, 2], [0, 5, 3], [1, 5, 4]], np.float32)
    encoder = PiecewiseLinear(3).fit(rows)
    assert encoder.columns == (2,)
    assert encoder.units == 3 + 3


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_keras_encodes_as_numpy_does_and_loads_by_itself(tmp_path, scale):
    rng = np.random.default_rng(1)
    rows = (scale * rng.normal(size=(500, 4)) ** 3).astype(np.float32)
    encoder = PiecewiseLinear().fit(rows)
    inputs = keras.Input((4,))
    keras.Model(inputs, encoder.apply(inputs)).save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(loaded(rows), encoder.encode(rows), rtol=1e-5, atol=1e-5)
    assert loaded.trainable_variables == []


def test_an_encoder_is_fitted_once_for_an_array_and_forgotten_with_it():
    rows = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    first = PiecewiseLinear().of(rows)
    assert PiecewiseLinear().of(rows) is first
    assert PiecewiseLinear().of(rows.copy()) is not first
    assert PiecewiseLinear(8).of(rows) is not first


def test_a_walk_may_begin_with_an_encoding_and_counts_are_exact():
    # 2 dense layers and dropout; chains of 1 to 3 hidden layers, with or without encoding:
    # 2 * (2 + 2 * 3 + 2 * 9) = 52
    assert SPACE.size() == 52 == len(list(SPACE))
    assert SPACE.legal(()) == (0, 1, 3)
    assert SPACE.legal((3,)) == (0, 1)
    assert SPACE.legal((3, 0, 0, 0)) == (4,) == SPACE.legal((0, 0, 0))
    text = "('ple', 16), (8, 'relu'), 'dropout', (2, 'softmax')"
    assert str(SPACE.parse(text)) == text
    assert MLPSpace.from_name(SPACE.name) == SPACE
    with pytest.raises(InputError, match="layer 2, \\('ple', 16\\), cannot stand there"):
        SPACE.parse(f"(8, 'relu'), ('ple', 16), {HEAD}")


def test_features_say_which_encoding():
    features = SPACE.features(SPACE.parse(f"('ple', 16), (8, 'relu'), {HEAD}"))
    # depth; ple, log2 bins; log2 units, relu, dropout of the first layer
    assert features[:6].tolist() == [2, 1, 4, pytest.approx(np.log2(9)), 1, 0]


def test_the_bigram_of_the_first_layer_names_the_encoding():
    generator = MLPGenerator(SPACE)
    shapes = generator.weight_shapes(SPACE.parse(f"('ple', 16), (8, 'relu'), {HEAD}"), task())
    # Two inputs, one of which is encoded by 16 bins.
    assert shapes == {
        "ple_16-8_relu-18x8-0": ((18, 8), (8,)),
        "8_relu-2_softmax-8x2-0": ((8, 2), (2,)),
    }


def test_an_encoded_network_is_what_was_measured_and_learns_thresholds():
    generator, data = MLPGenerator(SPACE), task()
    trainer = MLPTrainer(data, generator, Recipe(epochs=30, patience=None, learning_rate=0.01))
    plain, encoded = (
        trainer.train(Job(SPACE.parse(f"{first}(4, 'relu'), {HEAD}"), 0))
        for first in ("", "('ple', 16), ")
    )
    assert trainer.traces > 0, "the compiled chain runs both"
    assert encoded.losses[-1][0] < plain.losses[-1][0]
    model = to_model(
        generator, SPACE.parse(f"('ple', 16), (4, 'relu'), {HEAD}"), data, encoded.weights
    )
    best = int(np.argmin([valid for _, valid in encoded.losses]))
    score = data.score(data.valid.y, model.predict(data.valid.x, verbose=0))
    assert encoded.curve[best] == pytest.approx(score, abs=1e-6)
    assert encoded.parameters == sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def test_bins_are_of_the_training_rows_of_each_part():
    generator, data = MLPGenerator(SPACE), task()
    architecture = SPACE.parse(f"('ple', 16), (4, 'relu'), {HEAD}")
    trainer = MLPTrainer(data, generator, Recipe(epochs=1))
    outcome = trainer.train(Job(architecture, 0, part=(0, 4)))
    part = data.part(0, 4)
    model = to_model(generator, architecture, part, outcome.weights)
    score = part.score(part.valid.y, model.predict(part.valid.x, verbose=0))
    assert outcome.curve[0] == pytest.approx(score, abs=1e-6)


def test_a_controller_draws_encodings_only_where_they_may_stand():
    for architecture in ReinforceStrategy(SPACE, 0, units=8).ask(40):
        SPACE.check(architecture)


def test_an_encoding_that_does_not_exist_is_named():
    with pytest.raises(InputError, match="'plr' is no encoding; expected ple"):
        encoding("plr")
