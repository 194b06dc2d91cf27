"""Training at length: one cycle of the learning rate while the images grow."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from cnnnas.baselines import PlainCNN
from cnnnas.generator.keras_layers import shapes_of
from cnnnas.trainer.cycle import CycleTrainer, OneCycle, is_kernel, resized, settle, smoothed
from cnnnas.trainer.recipe import Cycle
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job


def lines(side: int, classes: int = 3) -> Task:
    """Images of that side with a bright row, column or diagonal: 60 + 30 + 0 of them."""
    rng = np.random.default_rng(0)
    y = (np.arange(90) % classes).astype(np.int32)
    x = rng.normal(0, 0.1, (90, side, side, 1)).astype(np.float32)
    middle = [side // 2] * side
    drawn = np.stack([np.eye(side)[middle].T, np.eye(side)[middle], np.eye(side)])
    x[..., 0] += 2 * drawn[y]
    folds = [Fold(x[a:b], y[a:b]) for a, b in ((0, 60), (60, 90), (90, 90))]
    kind = "binary" if classes == 2 else "multiclass"
    return Task("lines", kind, *folds, classes=("row", "column", "diagonal")[:classes])


def test_every_size_of_the_images_gets_an_equal_share_of_the_pixels():
    # 9 passes are 3 at full size for each scale: at half the side four times as many, 12; at
    # three quarters 16 / 9 as many, 5.33; and 3.
    sides = Cycle(9).sides((32, 32))
    assert sides == [(16, 16), (24, 24), (32, 32)]
    assert Cycle(9).epochs((32, 32), sides) == [12, 5, 3]


def test_few_images_are_learned_in_small_batches_with_small_steps():
    # 640 images: 20 batches of 32, a quarter of 128, so a quarter of the rate.
    recipe = Cycle(1).for_rows(640)
    assert (recipe.batch_size, recipe.learning_rate) == (32, pytest.approx(0.05))
    assert Cycle(1).for_rows(10_000) == Cycle(1)


def test_means_and_variances_are_those_of_the_images_in_the_end():
    # Two batches, all 1 and all 3: their mean is 2, and their variances are 0.
    images = keras.Input((2, 2, 1))
    norm = keras.layers.BatchNormalization()
    model = keras.Model(images, norm(images))
    settle(model, np.repeat(np.float32([1, 3]), 16).reshape(8, 2, 2, 1), batch_size=4)
    assert norm.moving_mean.numpy() == pytest.approx([2.0])
    assert norm.moving_variance.numpy() == pytest.approx([0.0], abs=1e-6)
    assert norm.momentum == 0.99  # as before


@pytest.mark.parametrize(("side", "sides"), [(8, [8]), (16, [12, 16]), (28, [14, 21, 28])])
def test_images_do_not_become_too_small_to_see(side, sides):
    assert Cycle(1).sides((side, side)) == [(s, s) for s in sides]
    assert min(Cycle(1).epochs((side, side), Cycle(1).sides((side, side)))) >= 1


def test_the_rate_rises_to_its_peak_and_falls_to_nothing_once_over_all_sizes():
    # Two parts of 10 and 5 steps: step 2 of the first is .1 of the cycle, half way up; step 4
    # the peak; step 1 of the second .6, half way down.
    first, second = OneCycle(0.2, 0.2, 10, 0.0, 0.5), OneCycle(0.2, 0.2, 5, 0.5, 1.0)
    assert [float(first(s)) for s in (0, 2, 4)] == pytest.approx([0.0, 0.1, 0.2])
    assert [float(second(s)) for s in (1, 5)] == pytest.approx([0.1, 0.0], abs=1e-7)
    assert float(first(10)) == pytest.approx(float(second(0)))


def test_a_share_of_every_label_is_spread_over_all_classes():
    # .1 over three classes: .9333 for the right one, .0333 for each of the others.
    expected = -(0.9 + 0.1 / 3) * np.log(0.7) - 0.1 / 3 * (np.log(0.2) + np.log(0.1))
    loss = smoothed(lines(8), 0.1)(np.array([[0]]), np.array([[0.7, 0.2, 0.1]], np.float32))
    assert float(loss[0]) == pytest.approx(expected, rel=1e-5)
    # Of two classes .95 and .05.
    expected = -0.95 * np.log(0.7) - 0.05 * np.log(0.3)
    loss = smoothed(lines(8, classes=2), 0.1)(np.ones((1, 1)), np.full((1, 1), 0.7, np.float32))
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_kernels_alone_decay():
    model = PlainCNN(2).build(None, lines(8))
    kept = {w.path.rsplit("/", 1)[1] for w in model.trainable_weights if not is_kernel(w)}
    assert kept == {"bias", "beta", "gamma"}


def test_small_images_are_the_means_of_what_they_show():
    task = resized(lines(16), (8, 8))
    assert task.input_shape == (8, 8, 1)
    assert task.valid.x.mean() == pytest.approx(lines(16).valid.x.mean(), abs=0.01)
    assert resized(task, (8, 8)) is task


def test_what_was_learned_of_small_images_goes_on_with_large_ones():
    """At a rate of 0 kernels stay as they were built, whatever sizes come."""
    recipe = Cycle(1, learning_rate=0.0, scales=(0.75, 1.0))
    outcome = CycleTrainer(lines(16), PlainCNN(2), recipe, "none").train(Job(None, seed=3))
    built = PlainCNN(2).build(None, lines(16), seed=3)
    for key, arrays in outcome.weights.items():
        if "conv-" in key or "dense" in key:
            np.testing.assert_array_equal(arrays[0], built.get_layer(key).get_weights()[0])
    assert len(outcome.curve) == len(outcome.losses) == 2  # one at 12 pixels, one at 16


class Idle:
    """A classifier that prefers the first class, and a layer on which nothing depends, all
    ones."""

    def build(self, architecture, task, seed=0):
        images = keras.Input(task.input_shape)
        x = keras.layers.BatchNormalization(name="norm")(images)
        x = keras.layers.GlobalAveragePooling2D()(x)
        ones = {"kernel_initializer": "ones", "bias_initializer": "ones"}
        idle = keras.layers.Dense(3, name="idle", **ones)(x)
        first = keras.initializers.Constant([2.0, 0.0, 0.0])
        x = keras.layers.Dense(3, "softmax", True, "zeros", first, name="head")(x)
        return keras.Model(images, keras.layers.Add()([x, keras.layers.Rescaling(0.0)(idle)]))

    def weight_shapes(self, architecture, task):
        return {"norm": ((1,),) * 4, "idle": ((1, 3), (3,)), "head": ((1, 3), (3,))}


def test_kernels_decay_in_training_and_means_are_settled_behind_it():
    task = lines(12)
    outcome = CycleTrainer(task, Idle(), Cycle(2, decay=0.1, scales=(1.0,)), "none").train(
        Job(None, 0)
    )
    kernel, bias = outcome.weights["idle"]
    assert (kernel < 1).all()
    assert (bias == 1).all()
    # In 40 steps at a momentum of .99 the mean would have come a third of the way from 0.
    mean = outcome.weights["norm"][2]
    assert mean == pytest.approx(task.train.x.mean(), rel=1e-3)


def test_networks_learn_by_smoothed_labels():
    task = lines(12)
    first = replace(task.train, y=np.zeros_like(task.train.y))
    recipe = Cycle(1, learning_rate=0.0, smoothing=0.5, decay=0.0, scales=(1.0,))
    trainer = CycleTrainer(replace(task, train=first), Idle(), recipe, "none")
    loss, _ = trainer.train(Job(None, 0)).losses[0]
    # softmax(2, 0, 0) is e^2 / (e^2 + 2) = .787 and .107; half of the label is spread, so
    # 2/3 * .2395 + 1/3 * 2.2395 nats, where the whole label would cost .2395.
    assert loss == pytest.approx(0.9062, abs=1e-3)


@pytest.mark.slow
def test_it_learns_and_the_same_job_gives_the_same_outcome():
    def train(seed):
        trainer = CycleTrainer(lines(16), PlainCNN(3), Cycle(8, batch_size=10), "crop")
        return trainer.train(Job(None, seed))

    outcome, again = train(0), train(0)
    assert outcome.losses == again.losses
    assert outcome.curve[-1] > 0.9


@pytest.mark.slow
def test_what_diverges_ends_at_once_and_says_so():
    outcome = CycleTrainer(lines(16), PlainCNN(2), Cycle(2, learning_rate=1e30), "none").train(
        Job(None, seed=0)
    )
    assert "diverged" in outcome.reason
    assert len(outcome.losses) < sum(Cycle(2).epochs((16, 16), Cycle(2).sides((16, 16))))


class Flat:
    """A network whose weights depend on the size of the images."""

    def build(self, architecture, task, seed=0):
        images = keras.Input(task.input_shape)
        x = keras.layers.Flatten()(images)
        return keras.Model(images, keras.layers.Dense(3, "softmax", name="head")(x))

    def weight_shapes(self, architecture, task):
        return shapes_of(self.build(architecture, task))


def test_a_network_with_weights_for_every_pixel_is_trained_at_full_size():
    recipe = Cycle(2, scales=(0.75, 1.0))
    outcome = CycleTrainer(lines(16), Flat(), recipe, "none").train(Job(None, 0))
    assert outcome.weights["head"][0].shape == (256, 3)
    assert len(outcome.curve) == 2
