"""MLPTrainer gives what Keras gives, stops when it should, and traces hardly ever."""

import math
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.core.trainer.keras_trainer import KerasTrainer
from mlpnas.generator import MLPGenerator
from mlpnas.layers import COMPILED_ACTIVATIONS
from mlpnas.space import MLPSpace
from mlpnas.trainer import chain, mlp_trainer
from mlpnas.trainer.mlp_trainer import MLPTrainer, to_model

KINDS = ("binary", "multiclass", "regression")
THREE_EPOCHS = Recipe(epochs=3, patience=None, batch_size=32, learning_rate=1e-3)


def make_task(kind="multiclass", rows=150, features=5, weighted=False, seed=0) -> Task:
    """A learnable task; 150 rows leave a last batch of 22 of 32."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows + 40, features)).astype(np.float32)
    signal = x @ rng.normal(size=(features, 3)) + 0.3 * rng.normal(size=(rows + 40, 3))
    y = {
        "binary": (signal[:, 0] > 0).astype(np.int32),
        "multiclass": signal.argmax(axis=1).astype(np.int32),
        "regression": signal[:, :2].astype(np.float32),
    }[kind]
    weight = rng.uniform(0.2, 3, rows).astype(np.float32) if weighted else None
    train, valid = Fold(x[:rows], y[:rows], weight), Fold(x[rows:], y[rows:])
    classes = {"binary": ("a", "b"), "multiclass": ("a", "b", "c"), "regression": ()}[kind]
    return Task("made up", kind, train, valid, valid, classes)


def setting(task, text, **space):
    """Generator and architecture of a chain given as text, the head left out."""
    generator = MLPGenerator(MLPSpace(head=task.head, **space))
    return generator, generator.space.parse(f"{text}, {task.head!r}")


def keras_run(generator, architecture, task, weights, recipe):
    """Initial weights -> history and final model of an ordinary fit in the same order."""
    model = to_model(generator, architecture, task, weights)
    model.compile(keras.optimizers.Adam(recipe.learning_rate), task.loss)
    history = model.fit(
        task.train.x,
        task.train.y,
        sample_weight=task.train.weight,
        validation_data=(task.valid.x, task.valid.y),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        shuffle=False,
        verbose=0,
    ).history
    return list(zip(history["loss"], history["val_loss"], strict=True)), model


def initial_weights(generator, architecture, task):
    model = generator.build(architecture, task, seed=5)
    shapes = generator.weight_shapes(architecture, task)
    return {key: tuple(model.get_layer(key).get_weights()) for key in shapes}


def assert_same_run(task, text):
    vocabulary = {"dropout": None, "activations": COMPILED_ACTIVATIONS}
    generator, architecture = setting(task, text, **vocabulary)
    start = initial_weights(generator, architecture, task)
    ours = MLPTrainer(task, generator, THREE_EPOCHS, shuffle=False).train(
        Job(architecture, 0, start)
    )
    losses, model = keras_run(generator, architecture, task, start, THREE_EPOCHS)
    np.testing.assert_allclose(ours.losses, losses, rtol=1e-4)
    # Validation loss falls throughout, so that the best epoch is the last.
    assert np.all(np.diff([valid for _, valid in ours.losses]) < 0)
    for key, arrays in ours.weights.items():
        for mine, theirs in zip(arrays, model.get_layer(key).get_weights(), strict=True):
            assert np.linalg.norm(mine - theirs) <= 1e-4 * np.linalg.norm(theirs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", COMPILED_ACTIVATIONS)
def test_three_epochs_equal_a_keras_fit(kind, activation):
    assert_same_run(make_task(kind), f"(16, '{activation}'), (8, '{activation}')")


def test_the_absolute_error_is_trained_as_in_keras():
    assert_same_run(replace(make_task("regression"), regression_loss="mae"), "(16, 'tanh')")


@pytest.mark.parametrize("kind", KINDS)
def test_row_weights_count_as_in_keras(kind):
    assert_same_run(make_task(kind, weighted=True), "(16, 'tanh')")


@pytest.mark.slow
def test_a_deep_chain_of_all_activations_equals_a_keras_fit():
    text = "(32, 'relu'), (16, 'tanh'), (16, 'elu'), (8, 'elu'), (64, 'relu')"
    assert_same_run(make_task(), text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_keras_model_predicts_what_was_measured(kind):
    task = make_task(kind)
    generator, architecture = setting(task, "(16, 'tanh'), 'dropout', (8, 'relu')")
    outcome = MLPTrainer(task, generator, THREE_EPOCHS).train(Job(architecture, 1))
    model = to_model(generator, architecture, task, outcome.weights)
    best = int(np.argmin([valid for _, valid in outcome.losses]))
    score = task.score(task.valid.y, model.predict(task.valid.x, verbose=0))
    # The measurement leaves dropout out, as prediction does.
    assert outcome.curve[best] == pytest.approx(score, rel=1e-5, abs=1e-5)
    assert outcome.parameters == model.count_params()


def test_images_are_flattened():
    task = make_task(features=6)
    train, valid = (Fold(f.x.reshape(-1, 2, 3), f.y) for f in (task.train, task.valid))
    image = replace(task, train=train, valid=valid)
    outcomes = []
    for each in (task, image):
        generator, architecture = setting(each, "(8, 'relu')")
        outcomes.append(MLPTrainer(each, generator, THREE_EPOCHS).train(Job(architecture, 0)))
    assert outcomes[0].losses == outcomes[1].losses


def test_dropout_drops_at_its_rate_and_keeps_the_mean():
    keep = 0.8
    ones = tf.ones([200, 500])
    kind = chain.Kind((False, False), None, True, keep, tf.constant([7], tf.uint64))
    masks = []

    @tf.function
    def masked(step):
        return chain.drop(ones, kind, step)[0]

    for step in (1, 2):
        mask = masked(tf.constant(step, tf.uint64)).numpy()
        assert set(np.unique(mask)) == {np.float32(0), np.float32(1 / np.float32(keep))}
        assert np.mean(mask > 0) == pytest.approx(keep, abs=0.005)  # 4 standard errors
        masks.append(mask.ravel() > 0)
    # Masks of neighbouring steps are independent, also if one is shifted by a block.
    for shift in (0, 4, 8):
        both = np.mean(masks[0][shift:] & masks[1][: masks[1].size - shift])
        assert both == pytest.approx(keep**2, abs=0.007)


def test_dropout_changes_training():
    task = make_task()
    losses = []
    for text in ("(16, 'tanh'), (8, 'tanh')", "(16, 'tanh'), 'dropout', (8, 'tanh')"):
        generator, architecture = setting(task, text)
        outcome = MLPTrainer(task, generator, THREE_EPOCHS).train(Job(architecture, 0))
        losses.append(outcome.losses)
    assert losses[0][0][0] != losses[1][0][0]


def test_early_stopping_keeps_the_best_epoch():
    task = make_task(rows=60)
    noisy = replace(task, train=Fold(task.train.x, np.roll(task.train.y, 7)))
    generator, architecture = setting(task, "(128, 'relu'), (128, 'relu')")
    recipe = Recipe(epochs=60, patience=4, batch_size=8, learning_rate=5e-3)
    outcome = MLPTrainer(noisy, generator, recipe).train(Job(architecture, 0))
    valid = [loss for _, loss in outcome.losses]
    best = int(np.argmin(valid))
    assert len(valid) < 60
    assert len(valid) == best + 1 + recipe.patience
    model = to_model(generator, architecture, task, outcome.weights)
    model.compile(loss=task.loss)
    assert model.evaluate(task.valid.x, task.valid.y, verbose=0) == pytest.approx(
        valid[best], rel=1e-4
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("best", ["loss", "metric"])
def test_the_weights_are_those_of_the_epoch_that_the_recipe_calls_best(kind, best):
    task = make_task(kind, rows=60)
    generator, architecture = setting(task, "(64, 'relu'), (64, 'elu')")
    recipe = Recipe(40, None, 8, 0.01, best)
    outcome = MLPTrainer(task, generator, recipe).train(Job(architecture, 1))
    losses = [valid for _, valid in outcome.losses]
    epoch = recipe.best_epoch(outcome.curve, losses)
    model = to_model(generator, architecture, task, outcome.weights)
    outputs = model.predict(task.valid.x, verbose=0)
    assert len(set(outcome.curve)) > 3  # most other epochs' weights would score differently
    assert task.score(task.valid.y, outputs) == pytest.approx(outcome.curve[epoch], abs=1e-6)
    if kind != "regression":
        assert outcome.curve[epoch] == max(outcome.curve) or best == "loss"


def test_patience_counts_from_the_best_accuracy_of_equals_the_last():
    recipe = Recipe(epochs=200, patience=4, batch_size=8, learning_rate=0.01, best="metric")
    task = make_task(rows=60)
    generator, architecture = setting(task, "(64, 'relu')")
    curve = MLPTrainer(task, generator, recipe).train(Job(architecture, 1)).curve
    assert len(curve) < 200
    assert len(curve) - 1 - recipe.best_epoch(curve, curve) == 4


def test_as_good_as_the_best_is_no_reason_to_stop():
    x = np.repeat([[-1.0], [1.0]], 20, axis=0).astype(np.float32)
    fold = Fold(x, (x[:, 0] > 0).astype(np.int32))  # soon every row is right, and remains so
    task = Task("signs", "binary", fold, fold, fold, ("minus", "plus"))
    generator, architecture = setting(task, "(16, 'relu')")
    recipe = Recipe(epochs=30, patience=4, batch_size=8, learning_rate=0.01, best="metric")
    curve = MLPTrainer(task, generator, recipe).train(Job(architecture, 1)).curve
    assert len(curve) == 30
    assert curve[-10:] == (1.0,) * 10


def test_of_equal_metrics_the_last_is_best_and_of_equal_losses_the_first():
    curve, losses = (0.5, 0.9, 0.9, 0.7), (0.3, 0.1, 0.1, 0.2)
    assert Recipe(best="metric").best_epoch(curve, losses) == 2
    assert Recipe(best="loss").best_epoch(curve, losses) == 1


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_keras_training_keeps_the_epoch_of_the_best_metric(kind):
    task = make_task(kind, rows=60)
    generator, architecture = setting(task, "(32, 'relu')")
    recipe = Recipe(6, 2, 20, 0.05, "metric")
    outcome = KerasTrainer(task, generator, recipe).train(Job(architecture, 1))
    epoch = recipe.best_epoch(outcome.curve, [valid for _, valid in outcome.losses])
    model = to_model(generator, architecture, task, outcome.weights)
    outputs = model.predict(task.valid.x, verbose=0)
    assert task.score(task.valid.y, outputs) == pytest.approx(outcome.curve[epoch], abs=1e-6)
    assert len(outcome.curve) in (6, epoch + 3)


def test_without_patience_every_epoch_runs():
    task = make_task(rows=60)
    generator, architecture = setting(task, "(128, 'relu')")
    recipe = Recipe(epochs=25, patience=None, batch_size=8, learning_rate=3e-2)
    outcome = MLPTrainer(task, generator, recipe).train(Job(architecture, 0))
    assert len(outcome.curve) == len(outcome.losses) == 25
    assert np.argmin([valid for _, valid in outcome.losses]) < 24


def test_the_same_job_gives_the_same_bits_whatever_came_before():
    task = make_task()
    generator, architecture = setting(task, "(16, 'tanh'), 'dropout', (8, 'relu')")
    other = generator.space.parse(f"(512, 'relu'), (64, 'elu'), {task.head!r}")
    one = MLPTrainer(task, generator, THREE_EPOCHS)
    first = one.train(Job(architecture, 5))
    one.train(Job(other, 6))
    again = one.train(Job(architecture, 5))
    fresh = MLPTrainer(task, generator, THREE_EPOCHS).train(Job(architecture, 5))
    for outcome in (again, fresh):
        assert outcome.losses == first.losses
        for key, arrays in first.weights.items():
            assert all(map(np.array_equal, arrays, outcome.weights[key]))
    assert one.train(Job(architecture, 4)).losses != first.losses


def test_the_order_of_the_rows_matters_and_changes_every_epoch():
    task = make_task()
    generator, architecture = setting(task, "(16, 'tanh')")
    start = initial_weights(generator, architecture, task)
    job = Job(architecture, 0, start)
    ordered, shuffled = (
        MLPTrainer(task, generator, THREE_EPOCHS, shuffle=shuffle).train(job)
        for shuffle in (False, True)
    )
    assert ordered.losses[0] != shuffled.losses[0]


def test_initial_weights_are_glorot_uniform_and_biases_zero():
    task = make_task(features=64)
    generator, architecture = setting(task, "(64, 'tanh'), (64, 'tanh'), (64, 'tanh')")
    still = Recipe(epochs=1, learning_rate=0.0)
    weights = MLPTrainer(task, generator, still).train(Job(architecture, 0)).weights
    kernels = [kernel for kernel, _ in weights.values()][:3]
    limit = math.sqrt(6 / 128)
    for kernel in kernels:
        assert np.abs(kernel).max() <= limit
        assert kernel.std() == pytest.approx(limit / math.sqrt(3), rel=0.05)
        assert abs(kernel.mean()) < 0.1 * limit
    assert not np.allclose(kernels[0], kernels[1])
    assert all(np.all(bias == 0) for _, bias in weights.values())


def test_inherited_weights_are_where_training_begins():
    task = make_task()
    generator, architecture = setting(task, "(8, 'relu'), (8, 'relu')")
    start = initial_weights(generator, architecture, task)
    key = next(iter(start))
    still = Recipe(epochs=1, learning_rate=0.0)
    outcome = MLPTrainer(task, generator, still).train(Job(architecture, 0, {key: start[key]}))
    assert np.array_equal(outcome.weights[key][0], start[key][0])


def test_inherited_weights_of_another_shape_are_refused():
    task = make_task()
    generator, architecture = setting(task, "(8, 'relu')")
    key = next(iter(generator.weight_shapes(architecture, task)))
    wrong = {key: (np.zeros((5, 9), np.float32), np.zeros(9, np.float32))}
    with pytest.raises(ValueError, match="expected"):
        MLPTrainer(task, generator, THREE_EPOCHS).train(Job(architecture, 0, wrong))


def test_a_diverging_child_stops_with_its_epoch():
    task = make_task("regression")
    huge = replace(task, train=Fold(task.train.x * 1e18, task.train.y))
    generator, architecture = setting(task, "(16, 'relu')")
    wild = Recipe(epochs=5, learning_rate=1e3)
    outcome = MLPTrainer(huge, generator, wild).train(Job(architecture, 0))
    assert outcome.reason is not None
    assert outcome.reason.startswith("diverged: loss became ")
    assert outcome.reason.endswith(f"in epoch {len(outcome.curve) + 1}")
    assert outcome.weights == {}
    assert len(outcome.losses) == len(outcome.curve) < 5


def test_a_child_beyond_memory_is_refused_with_the_figure(monkeypatch):
    monkeypatch.setattr(mlp_trainer, "available_memory", lambda: 10_000_000)
    task = make_task()
    wide = "(2048, 'relu'), (1024, 'relu')"
    generator, architecture = setting(task, wide, widths=(2048, 1024))
    one = MLPTrainer(task, generator, THREE_EPOCHS)
    outcome = one.train(Job(architecture, 0))
    assert outcome.reason is not None
    assert "needs about 0.1 GB" in outcome.reason
    assert one.traces == 0


@pytest.mark.slow
def test_thirty_children_share_six_traces():
    task = make_task(rows=40)
    generator = MLPGenerator(MLPSpace(head=task.head, widths=(4, 8), max_layers=10))
    rng = np.random.default_rng(0)
    one = MLPTrainer(task, generator, Recipe(epochs=1))
    for seed in range(30):
        # Room for three, six or nine hidden layers, with and without dropout.
        assert one.train(Job(generator.space.sample_walk(rng), seed)).reason is None
    assert 1 < one.traces <= 6
    before = one.traces
    one.recipe = Recipe(epochs=2, patience=1, batch_size=7, learning_rate=1e-2)
    rng = np.random.default_rng(0)
    one.train(Job(generator.space.sample_walk(rng), 0))
    assert one.traces == before, "another recipe needs no new trace"


@pytest.mark.parametrize(
    ("rows", "features"), [(3, 1), (3, 4), (150, 1)], ids=["one cell", "a row each", "column"]
)
def test_small_data_trains(rows, features):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, features)).astype(np.float32)
    y = (np.arange(rows) % 3).astype(np.int32)
    task = Task("small", "multiclass", Fold(x, y), Fold(x, y), Fold(x, y), ("a", "b", "c"))
    generator, architecture = setting(task, "(8, 'relu')")
    outcome = MLPTrainer(task, generator, Recipe(batch_size=10_000)).train(Job(architecture, 0))
    assert outcome.reason is None
    assert len(outcome.curve) > 0


def test_a_constant_feature_trains():
    task = make_task()
    flat = task.train.x.copy()
    flat[:, 0] = 0
    generator, architecture = setting(task, "(8, 'relu')")
    constant = replace(task, train=Fold(flat, task.train.y))
    outcome = MLPTrainer(constant, generator, THREE_EPOCHS).train(Job(architecture, 0))
    assert outcome.reason is None


def test_regression_reports_r2_as_it_is():
    task = make_task("regression")
    generator, architecture = setting(task, "(8, 'relu')")
    bad = replace(task, valid=Fold(task.valid.x, task.valid.y * 0.01 + 100))
    outcome = MLPTrainer(bad, generator, THREE_EPOCHS).train(Job(architecture, 0))
    assert outcome.curve[0] < -1


def test_a_trainer_can_be_sent_as_a_factory():
    import pickle

    task = make_task()
    generator, architecture = setting(task, "(8, 'relu')")
    factory = pickle.loads(pickle.dumps(partial(MLPTrainer, task, generator, THREE_EPOCHS)))
    assert factory().train(Job(architecture, 0)).reason is None
