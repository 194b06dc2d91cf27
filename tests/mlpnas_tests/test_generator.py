"""From architecture to Keras model, weight by weight; and the plain Keras training of it."""

import keras
import numpy as np
import pytest

from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.core.trainer.keras_trainer import KerasTrainer, get_weights, set_weights
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace


def task(kind: str = "multiclass", rows: int = 60, shape=(4,)) -> Task:
    """Rows whose class, or value, depends on the sign of the first column."""
    rng = np.random.default_rng(0)

    def fold(n: int) -> Fold:
        x = rng.normal(size=(n, *shape)).astype(np.float32)
        first = x.reshape(n, -1)[:, 0]
        if kind == "regression":
            return Fold(x, np.stack([first, -first], axis=1))
        return Fold(x, (first > 0).astype(np.int32))

    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}
    return Task("signs", kind, fold(rows), fold(30), fold(10), classes[kind])


SPACE = MLPSpace((3, "softmax"), widths=(8, 16), activations=("relu", "elu"))
GENERATOR = MLPGenerator(SPACE)
TASK = task()


def build(text: str, seed: int = 0) -> keras.Model:
    return GENERATOR.build(SPACE.parse(text), TASK, seed)


def keys(text: str, of: Task = TASK) -> list[str]:
    return list(GENERATOR.weight_shapes(SPACE.parse(text), of))


# --- weight keys ------------------------------------------------------------------------


def test_a_key_is_the_bigram_with_fan_in_fan_out_and_occurrence():
    assert keys("(8, 'relu'), (16, 'elu'), (3, 'softmax')") == [
        "input-8_relu-4x8-0",
        "8_relu-16_elu-8x16-0",
        "16_elu-3_softmax-16x3-0",
    ]


def test_dropout_is_looked_through():
    plain = keys("(8, 'relu'), (16, 'elu'), (3, 'softmax')")
    assert keys("(8, 'relu'), 'dropout', 'dropout', (16, 'elu'), (3, 'softmax')") == plain


def test_the_occurrence_keeps_equal_bigrams_of_one_network_apart():
    found = keys("(8, 'relu'), (8, 'relu'), (8, 'relu'), (8, 'relu'), (3, 'softmax')")
    assert found[1:4] == [f"8_relu-8_relu-8x8-{i}" for i in range(3)]
    assert len(set(found)) == len(found)


def test_inputs_of_another_width_have_another_key():
    wide = keys("(8, 'relu'), (3, 'softmax')", task(shape=(5,)))
    narrow = keys("(8, 'relu'), (3, 'softmax')")
    assert wide[0] != narrow[0]
    assert wide[1] == narrow[1]


@pytest.mark.parametrize("seed", range(5))
def test_layer_names_are_weight_keys_and_shapes_agree_with_the_model(seed):
    architecture = SPACE.sample_walk(np.random.default_rng(seed))
    shapes = GENERATOR.weight_shapes(architecture, TASK)
    found = get_weights(GENERATOR.build(architecture, TASK))
    assert {key: tuple(a.shape for a in arrays) for key, arrays in found.items()} == shapes
    assert list(found) == list(shapes)  # in layer order


# --- models -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "units", "activation", "loss"),
    [
        ("binary", 1, "sigmoid", "binary_crossentropy"),
        ("multiclass", 3, "softmax", "sparse_categorical_crossentropy"),
        ("regression", 2, "linear", "mse"),
    ],
)
def test_the_head_follows_from_the_task(kind, units, activation, loss):
    given = task(kind)
    assert given.head == (units, activation)
    assert given.loss == loss
    space = MLPSpace(given.head, widths=(8,))
    model = MLPGenerator(space).build(next(iter(space)), given)
    assert model.output_shape == (None, units)
    assert model.layers[-1].activation is keras.activations.get(activation)


def test_layers_stand_in_the_order_written_dropout_included():
    model = build("(8, 'relu'), 'dropout', (16, 'elu'), (3, 'softmax')")
    assert [type(layer).__name__ for layer in model.layers] == [
        "InputLayer",
        "Dense",
        "Dropout",
        "Dense",
        "Dense",
    ]
    assert model.layers[2].rate == 0.2
    # 4*8+8 + 8*16+16 + 16*3+3 = 40 + 144 + 51
    assert model.count_params() == 235


def test_a_published_architecture_has_its_published_parameters():
    # 784 inputs: 32e 512s 32e 512s 10 has 80,458 parameters.
    space = MLPSpace((10, "softmax"))
    digits = Fold(np.zeros((1, 28, 28), np.float32), np.zeros(1, np.int32))
    mnist = Task("mnist", "multiclass", digits, digits, digits, tuple("0123456789"))
    text = "(32,'elu'), (512,'sigmoid'), (32,'elu'), (512,'sigmoid'), (10,'softmax')"
    shapes = MLPGenerator(space).weight_shapes(space.parse(text), mnist)
    assert sum(np.prod(shape) for arrays in shapes.values() for shape in arrays) == 80_458
    assert next(iter(shapes)) == "input-32_elu-784x32-0"
    model = MLPGenerator(space).build(space.parse(text), mnist)
    assert model.count_params() == 80_458
    assert model.input_shape == (None, 28, 28)


def test_a_model_survives_saving_with_its_keys_and_outputs(tmp_path):
    model = build("(8, 'relu'), 'dropout', (8, 'relu'), (8, 'relu'), (3, 'softmax')")
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    x = TASK.valid.x
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))
    assert list(get_weights(again)) == list(get_weights(model))


def equal(a: dict, b: dict) -> list[bool]:
    return [(x[0] == y[0]).all() for x, y in zip(a.values(), b.values(), strict=True)]


def test_equal_seeds_give_equal_weights_and_other_seeds_other_weights_everywhere():
    text = "(8, 'relu'), (8, 'relu'), (8, 'relu'), (3, 'softmax')"
    first, again, other = (get_weights(build(text, seed)) for seed in (0, 0, 1))
    assert all(equal(first, again))
    assert not any(equal(first, other))


def test_equal_layers_of_one_network_start_with_different_weights():
    arrays = get_weights(build("(8, 'relu'), (8, 'relu'), (8, 'relu'), (3, 'softmax')"))
    one, two = arrays["8_relu-8_relu-8x8-0"], arrays["8_relu-8_relu-8x8-1"]
    assert (one[0] != two[0]).any()


def test_weights_can_be_put_back_by_key():
    source = build("(8, 'relu'), (16, 'elu'), (3, 'softmax')", seed=1)
    target = build("(8, 'relu'), (16, 'elu'), (3, 'softmax')", seed=2)
    set_weights(target, get_weights(source))
    assert all(equal(get_weights(source), get_weights(target)))


# --- plain Keras training ---------------------------------------------------------------

WIDE = SPACE.parse("(16, 'relu'), 'dropout', (16, 'relu'), (3, 'softmax')")
RECIPE = Recipe(epochs=4, patience=None, batch_size=16, learning_rate=0.02)


def train(job: Job, recipe: Recipe = RECIPE, given: Task = TASK):
    return KerasTrainer(given, GENERATOR, recipe).train(job)


@pytest.fixture(scope="module")
def outcome():
    """Of the job with seed 0."""
    return train(Job(WIDE, seed=0))


def test_a_tiny_fit_learns_and_reports_what_it_did(outcome):
    assert outcome.reason is None
    assert len(outcome.curve) == len(outcome.losses) == 4
    assert outcome.losses[-1][0] < outcome.losses[0][0]
    assert outcome.curve[-1] > 0.7  # the majority class is near one half
    # 4*16+16 + 16*16+16 + 16*3+3 = 80 + 272 + 51
    assert outcome.parameters == 403
    assert list(outcome.weights) == list(GENERATOR.weight_shapes(WIDE, TASK))
    assert outcome.seconds > 0


def test_the_same_job_gives_the_same_outcome_whatever_ran_before(outcome):
    keras.utils.set_random_seed(99)
    again = train(Job(WIDE, seed=0))
    assert (again.curve, again.losses) == (outcome.curve, outcome.losses)
    assert all(equal(again.weights, outcome.weights))


@pytest.mark.slow
def test_a_child_starts_from_the_weights_it_inherits():
    donor = get_weights(GENERATOR.build(WIDE, TASK, seed=77))
    still = Recipe(epochs=1, patience=None, learning_rate=0.0)
    fresh = train(Job(WIDE, seed=5), still).weights
    part = dict(list(donor.items())[:2])
    outcome = train(Job(WIDE, seed=5, weights=part), still)
    assert equal(outcome.weights, donor) == [True, True, False]
    assert equal(outcome.weights, fresh) == [False, False, True]


@pytest.mark.parametrize("patience", [1, None])
def test_the_weights_of_the_best_epoch_are_kept(patience):
    # A learning rate that overshoots: the validation loss rises after some epoch.
    recipe = Recipe(epochs=6, patience=patience, batch_size=8, learning_rate=0.3)
    outcome = train(Job(WIDE, seed=0), recipe)
    losses = [valid for _, valid in outcome.losses]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1, "the last epoch must not be the best for this to show"
    assert len(losses) == (6 if patience is None else best + 2)
    model = GENERATOR.build(WIDE, TASK)
    set_weights(model, outcome.weights)
    score = TASK.score(TASK.valid.y, model.predict(TASK.valid.x, verbose=0))
    assert score == pytest.approx(outcome.curve[best])
    model.compile(loss=TASK.loss)
    loss = model.evaluate(TASK.valid.x, TASK.valid.y, verbose=0)
    assert loss == pytest.approx(losses[best], rel=1e-4)


def test_a_child_that_diverges_is_a_failure_with_its_epoch():
    outcome = train(Job(WIDE, seed=0), Recipe(epochs=3, batch_size=16, learning_rate=1e38))
    assert outcome.reason == "diverged: loss not finite in epoch 1"


def test_row_weights_count_in_the_training_loss():
    # Only rows of class 0 have weight: the model learns to say nothing else.
    x, y = TASK.train.x, TASK.train.y
    weighted = Fold(x, y, weight=(y == 0).astype(np.float32))
    given = Task("weighted", TASK.kind, weighted, TASK.valid, TASK.test, TASK.classes)
    outcome = train(Job(WIDE, seed=0), given=given)
    assert outcome.curve[-1] == pytest.approx(float(np.mean(TASK.valid.y == 0)))
