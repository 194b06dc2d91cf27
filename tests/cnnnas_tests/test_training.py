"""How networks with weights of their own are trained, on images that a line can tell apart."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnnas.baselines import PlainCNN, plain_cnn, size
from cnnnas.generator.auxiliary_training import AuxiliaryGenerator
from cnnnas.generator.cell_generator import CellGenerator
from cnnnas.generator.cell_networks import enas_network
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import MacroSpace
from cnnnas.supernet.image_supernet import ImageSupernet, SharedTraining
from cnnnas.supernet.macro_network import MacroNetwork
from cnnnas.supernet.weight_bank import WeightBank
from cnnnas.trainer import training
from cnnnas.trainer.training import make_trainer, nesterov
from mlpnas.core.evaluator.evaluator import reward
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.core.trainer.keras_trainer import KerasTrainer, get_weights, set_weights

RECIPE = Recipe(epochs=3, patience=None, batch_size=20, learning_rate=0.05)


@pytest.fixture(scope="module")
def stripes() -> Task:
    """8 x 8 images with a bright row, column or diagonal: 60 + 30 + 30 of them."""
    rng = np.random.default_rng(0)
    y = (np.arange(120) % 3).astype(np.int32)
    x = rng.normal(0, 0.1, (120, 8, 8, 1)).astype(np.float32)
    lines = np.stack([np.eye(8)[[3] * 8].T, np.eye(8)[[3] * 8], np.eye(8)])
    x[..., 0] += 2 * lines[y]
    folds = [Fold(x[a:b], y[a:b]) for a, b in ((0, 60), (60, 90), (90, 120))]
    return Task("stripes", "multiclass", *folds, classes=("row", "column", "diagonal"))


@pytest.mark.slow
def test_the_same_job_gives_the_same_outcome_with_varied_images_too(stripes):
    def train(seed):
        trainer = make_trainer(stripes, PlainCNN(4), RECIPE, "crop-flip-cutout")
        return trainer.train(Job(None, seed))

    once, again, other = train(1), train(1), train(2)
    assert once.reason is None
    assert once.losses == again.losses
    assert once.losses != other.losses


@pytest.mark.slow
def test_it_learns(stripes):
    recipe = Recipe(epochs=10, patience=None, batch_size=10, learning_rate=0.05)
    outcome = make_trainer(stripes, PlainCNN(4), recipe, "none").train(Job(None, 0))
    assert max(outcome.curve) > 0.9
    assert len(outcome.curve) == 10


@pytest.mark.slow
def test_the_networks_see_varied_images(stripes):
    seen = []

    def vary(images, seed):
        seen.append((images.shape, tuple(np.asarray(seed).tolist())))
        return tf.zeros_like(images)

    trainer = KerasTrainer(stripes, PlainCNN(2), RECIPE, nesterov, vary)
    outcome = trainer.train(Job(None, 0))
    assert {shape for shape, _ in seen} == {(20, 8, 8, 1)}
    seeds = {seed for _, seed in seen}
    assert len(seeds) >= 9  # one for each of 3 batches in 3 epochs, none used twice
    # What is black cannot be told apart: a uniform guess costs ln 3 nats.
    assert outcome.losses[-1][0] == pytest.approx(np.log(3), abs=0.15)


@pytest.mark.slow
def test_a_job_may_have_a_recipe_of_its_own(stripes):
    trainer = make_trainer(stripes, PlainCNN(2), RECIPE, "none")
    assert len(trainer.train(Job(None, 0, recipe=Recipe(1, None, 20, 0.05))).curve) == 1


def test_the_learning_rate_falls_along_a_cosine_to_nothing():
    rates = [float(nesterov(RECIPE, 9).learning_rate)]
    optimizer = nesterov(RECIPE, 9)
    optimizer.build([tf.Variable(1.0)])
    for step in (3, 9):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    # 0.05 (1 + cos(pi t / 9)) / 2 at t = 0, 3, 9
    assert rates == pytest.approx([0.05, 0.0375, 0.0])


class Idle:
    """A network with a layer that nothing depends on: only decay moves its kernel of ones."""

    def build(self, architecture, task, seed=0):
        images = keras.Input(task.input_shape)
        x = keras.layers.Flatten()(images)
        idle = keras.layers.Dense(3, kernel_initializer="ones", name="idle")(x)
        x = keras.layers.Dense(3, "softmax", name="head")(x)
        return keras.Model(images, keras.layers.Add()([x, keras.layers.Rescaling(0.0)(idle)]))


def test_a_childs_weights_decay_as_those_of_a_supernet_do(stripes, monkeypatch):
    # At a constant rate: Keras's momentum remembers earlier rates, that of supernets does not.
    monkeypatch.setattr(training, "nesterov", lambda recipe, steps: nesterov(recipe, 10**9))
    recipe = Recipe(epochs=2, patience=None, batch_size=20, learning_rate=0.5, best="last")
    child = make_trainer(stripes, Idle(), recipe, "none").train(Job(None, 0))
    # The same six steps for a supernet's scale of ones that is not on the architecture's path.
    network = MacroNetwork(MacroSpace(2, ("conv_3x3", "max_pool_3x3")), WeightBank(0), 2, 1, 3)
    assert network.bank.variables["layer0-inner"].numpy()[1][4:].tolist() == [1, 1, 0, 0]
    supernet = ImageSupernet(network, stripes, SharedTraining(batch_size=20))
    tokens, x, y = np.zeros(3, np.int32), stripes.train.x[:20], stripes.train.y[:20]
    for _ in range(6):
        supernet.step(tokens, x, y, np.float32(0.5), np.zeros(2, np.int32))
    idle = network.bank.variables["layer0-inner"].numpy()[1][
        4:6
    ]  # after the kernel's 1 x 2 x 2
    np.testing.assert_allclose(child.weights["idle"][0], idle.mean(), rtol=1e-6)
    # Each step adds 5e-4 of the rate to a velocity; without one it would be 6 * 2.5e-4.
    assert 1 - idle.mean() > 3 * 6 * 2.5e-4


@pytest.mark.slow
def test_auxiliary_head_and_drop_path_help_in_training_and_are_gone_afterwards(stripes):
    space = CellSpace.enas_micro(nodes=1)
    architecture = space.sample_walk(np.random.default_rng(0))
    sizes = {"network": enas_network, "channels": 4, "number": 3}
    cells = CellGenerator(space, **sizes, auxiliary=True, drop_path=0.5)
    helped, plain = AuxiliaryGenerator(cells), CellGenerator(space, **sizes)
    outcome = make_trainer(stripes, helped, RECIPE, "none").train(Job(architecture, 3))
    # The loss is ln 3 = 1.1 of a blind guess, and 0.4 of that again for the second output.
    assert 0.5 < outcome.losses[0][0] < 4
    before = get_weights(helped.build(architecture, stripes, seed=3))
    [head] = [key for key in before if key.startswith("auxiliary-dense")]
    assert (outcome.weights[head][0] != before[head][0]).any()
    model = plain.build(architecture, stripes, seed=3)
    kept = {layer.name for layer in model.layers}
    set_weights(model, {k: w for k, w in outcome.weights.items() if k in kept})
    said = model.predict(stripes.valid.x, verbose=0)
    best = RECIPE.best_epoch(outcome.curve, [pair[1] for pair in outcome.losses])
    assert stripes.score(stripes.valid.y, said) == pytest.approx(outcome.curve[best])


def test_zoph_and_les_reward_is_the_cube_of_the_best_of_the_last_five():
    # The 0.9 lies six epochs back; 0.8 ** 3 = 0.512
    assert reward([0.9, 0.5, 0.8, 0.6, 0.7, 0.7], "cubed") == pytest.approx(0.512)
    assert reward([0.5], "cubed") == pytest.approx(0.125)
    assert np.isnan(reward([], "cubed"))


@pytest.mark.parametrize("channels", [2, 5])
def test_the_plain_networks_size_is_counted_without_building_it(channels, stripes):
    model = PlainCNN(channels).build(None, stripes)
    assert size(channels, stripes) == sum(np.prod(w.shape) for w in model.trainable_weights)


def test_the_plain_network_of_a_size_is_the_nearest(stripes):
    assert plain_cnn(size(7, stripes) + 5, stripes)._channels == 7
