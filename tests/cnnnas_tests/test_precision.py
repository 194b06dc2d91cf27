"""Mixed precision: what computes in bfloat16, what stays in float32, and that it learns."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnnas.generator.cell_generator import CellGenerator
from cnnnas.generator.cell_networks import enas_network
from cnnnas.generator.macro_generator import MacroGenerator
from cnnnas.generator.precision import MixedPrecision
from cnnnas.generator.zoph_generator import ZophGenerator
from cnnnas.kits.macro import make_supernet
from cnnnas.run.settings import Settings
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import MacroSpace
from cnnnas.space.zoph_space import ZophSpace
from cnnnas.supernet.image_supernet import ImageSupernet, SharedTraining
from cnnnas.supernet.macro_network import MacroNetwork
from cnnnas.supernet.micro_network import MicroNetwork
from cnnnas.supernet.weight_bank import WeightBank
from cnnnas.trainer.augmentation import Augmentation
from cnnnas.trainer.training import make_trainer
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.core.trainer.keras_trainer import set_weights

CELLS, MACRO = CellSpace.enas_micro(nodes=1), MacroSpace(2, ("conv_3x3", "max_pool_3x3"))
AIDED = {"network": enas_network, "channels": 4, "number": 3, "auxiliary": True}
GENERATORS = {
    "macro": (MACRO, MacroGenerator(MACRO, 4)),
    "cells with drop path": (CELLS, CellGenerator(CELLS, **AIDED, drop_path=0.5)),
    "zoph": (ZophSpace(2), ZophGenerator(ZophSpace(2))),
}


@pytest.fixture(scope="module")
def stripes() -> Task:
    """Two-coloured 8 x 8 images with a bright row, column or diagonal: 60 + 30 + 30."""
    rng = np.random.default_rng(0)
    y = (np.arange(120) % 3).astype(np.int32)
    lines = np.stack([np.eye(8)[[3] * 8].T, np.eye(8)[[3] * 8], np.eye(8)])
    x = rng.normal(0, 0.1, (120, 8, 8, 2)) + 2 * lines[y][..., None]
    x = x.astype(np.float32)
    folds = [Fold(x[a:b], y[a:b]) for a, b in ((0, 60), (60, 90), (90, 120))]
    return Task("stripes", "multiclass", *folds, classes=("row", "column", "diagonal"))


@pytest.mark.parametrize(("space", "generator"), GENERATORS.values(), ids=GENERATORS)
def test_layers_compute_in_bfloat16_but_for_the_heads_and_weights_are_float32(
    space, generator, stripes
):
    architecture = space.sample_walk(np.random.default_rng(0))
    model = MixedPrecision(generator).build(architecture, stripes)
    assert {weight.dtype for weight in model.weights} == {"float32"}
    for layer in model.layers[1:]:  # the first is the input
        head = "float32" if isinstance(layer, keras.layers.Dense) else "bfloat16"
        assert layer.compute_dtype == head, layer.name
    assert {output.dtype for output in model.outputs} == {"float32"}
    model(stripes.train.x[:4], training=True)  # each of its layers can
    assert keras.config.dtype_policy().name == "float32"  # of what is made afterwards


def test_a_policy_is_taken_back_when_building_fails(stripes):
    with pytest.raises(AttributeError):
        MixedPrecision(GENERATORS["zoph"][1]).build(None, stripes)
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
def test_children_learn_alike_each_time_and_their_weights_fit_the_float32_network(stripes):
    recipe = Recipe(epochs=5, patience=None, batch_size=10, learning_rate=0.05)
    space = ZophSpace(1)
    generator, architecture = ZophGenerator(space), space.parse("conv 3x3 filters 24")

    def train(mixed):
        trainer = make_trainer(stripes, generator, recipe, "none", mixed)
        return trainer.train(Job(architecture, 0))

    once, again, plain = train(True), train(True), train(False)
    assert once.losses == again.losses != plain.losses
    assert np.isfinite(once.losses).all()
    assert max(once.curve) > 0.9
    model = generator.build(architecture, stripes)
    set_weights(model, once.weights)
    right = model.predict(stripes.valid.x, verbose=0).argmax(axis=1) == stripes.valid.y
    best = recipe.best_epoch(once.curve, [pair[1] for pair in once.losses])
    # Rounding may decide on a single row of the thirty, not on more.
    assert right.mean() == pytest.approx(once.curve[best], abs=0.04)


@pytest.mark.parametrize(
    "space", [MACRO, pytest.param(CELLS, marks=pytest.mark.slow)], ids=["macro", "micro"]
)
def test_shared_weights_give_nearly_the_logits_that_they_give_in_float32(space, stripes):
    network = (
        MacroNetwork(space, WeightBank(0), 4, 2, 3)
        if space is MACRO
        else MicroNetwork(space, WeightBank(0), 1, 4, 2, 3)
    )
    images = tf.constant(stripes.train.x)
    tokens = space.sample_walk(np.random.default_rng(0)).tokens
    seed = tf.constant([0, 0])
    exact = network(tf.constant(tokens), images, seed)
    rounded = network(tf.constant(tokens), tf.cast(images, tf.bfloat16), seed)
    assert rounded.dtype == tf.float32
    assert 0 < np.abs(rounded - exact).max() < 0.1 * np.abs(exact).max()


def test_shared_weights_learn_in_bfloat16_and_stay_float32(stripes):
    training = SharedTraining(batch_size=20, dtype="bfloat16")
    architecture = MACRO.sample_walk(np.random.default_rng(0))

    def losses():
        network = MacroNetwork(MACRO, WeightBank(0), 4, 2, 3)
        supernet = ImageSupernet(network, stripes, training, Augmentation(1))
        found = [supernet.train([architecture] * 3) for _ in range(10)]
        assert {a.dtype for name, a in supernet.state().items() if "/" in name} == {
            np.dtype("float32")
        }
        return found

    once = losses()
    assert once == losses()
    assert once[-1] < 0.5 * once[0]


def test_the_option_reaches_the_shared_weights(stripes):
    settings = Settings("stripes", 5, 5, 1, preset="tiny", mixed_precision=True)
    for mixed, dtype in ((True, "bfloat16"), (False, "float32")):
        made = make_supernet(MACRO, stripes, replace(settings, mixed_precision=mixed))
        assert made._training.dtype == dtype
