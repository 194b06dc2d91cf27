"""Shared weights: every architecture computes what it would compute alone, and learns alone."""

import math
import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import MACRO_OPERATIONS, MacroSpace
from cnnnas.supernet.bank_layers import HERE
from cnnnas.supernet.image_supernet import ImageSupernet, SharedTraining
from cnnnas.supernet.macro_network import MacroNetwork
from cnnnas.supernet.micro_network import MicroNetwork
from cnnnas.supernet.stand_alone_trainer import StandAloneTrainer
from cnnnas.supernet.weight_bank import WeightBank
from cnnnas.trainer.augmentation import Augmentation
from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from paths import macro_path, micro_path

MACRO, MICRO = MacroSpace(4), CellSpace.enas_micro(nodes=2)
SMALL = MacroSpace(2, ("conv_3x3", "max_pool_3x3"))
SHAPE, CLASSES, CHANNELS = (9, 7, 2), 3, 4
# No decay and no momentum: what a step does not use, it does not change.
PLAIN = SharedTraining(batch_size=8, score_rows=8, momentum=0.0, l2=0.0, slice_rows=16)


def make_images(rows=40, shape=SHAPE, seed=0) -> Task:
    """Images whose class is told by the mean of their first channel."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, *shape)).astype(np.float32)
    y = (np.arange(rows) % CLASSES).astype(np.int32)
    x[..., 0] += 2 * y[:, None, None]
    folds = (Fold(x[part], y[part]) for part in (slice(24), slice(24, 40), slice(24, 40)))
    return Task("made up", "multiclass", *folds, classes=("a", "b", "c"))


def macro_network(seed=0) -> MacroNetwork:
    return MacroNetwork(MACRO, WeightBank(seed), CHANNELS, SHAPE[2], CLASSES)


def micro_network(seed=0) -> MicroNetwork:
    return MicroNetwork(MICRO, WeightBank(seed), 1, CHANNELS, SHAPE[2], CLASSES)


def small_supernet(seed=0, training=PLAIN) -> ImageSupernet:
    """Quickly traced."""
    network = MacroNetwork(SMALL, WeightBank(0), CHANNELS, SHAPE[2], CLASSES)
    return ImageSupernet(network, make_images(), training, Augmentation(1), seed)


def child_of(network, architecture):
    if isinstance(network, MacroNetwork):
        child = macro_path(MACRO, architecture, SHAPE, CHANNELS, CLASSES)
    else:
        child = micro_path(MICRO, architecture, SHAPE, 1, CHANNELS, CLASSES)
    arrays = arrays_of(network, architecture)
    for layer in child.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([*arrays[layer.name], *layer.get_weights()[2:]])
        elif layer.weights:
            names = [layer.name, f"{layer.name}-pointwise"][: len(layer.weights)]
            shapes = [weight.shape for weight in layer.weights]
            pairs = zip(names, shapes, strict=True)
            layer.set_weights([arrays[name].reshape(shape) for name, shape in pairs])
    return child


def arrays_of(network, architecture) -> dict[str, np.ndarray]:
    """What the architecture uses of the bank, by the names of a Keras model's layers."""
    arrays = {}
    for name, index in network.path(architecture).items():
        used = network.bank.variables[name].numpy()[index]
        if name == "head":
            arrays[f"head-dense-{used.shape[2]}x{CLASSES}"] = used
        elif used.ndim == 2:  # of the output's kernel a row for each state
            states, channels = len(used), math.isqrt(used.shape[1])
            arrays[f"{name}-conv-{states * channels}x{channels}"] = used
        else:
            piece = network.bank.pieces[name]
            for inner, flat in piece.cut(used).items():
                array = flat.numpy().reshape(piece.arrays[inner])
                arrays[inner.replace(HERE, name, 1)] = array
    return arrays


NETWORKS = (macro_network, micro_network)
both = pytest.mark.parametrize("make", NETWORKS, ids=["macro", "micro"])


@cache
def _compiled(make) -> tuple[ImageSupernet, dict]:
    supernet = ImageSupernet(make(), make_images(), PLAIN)
    return supernet, supernet.state()


def fresh(make) -> ImageSupernet:
    """An untrained supernet; tracing its step takes seconds, so tests use it in turn."""
    supernet, state = _compiled(make)
    supernet.restore(state)
    return supernet


def scattered(network):
    """The network with norms that differ from place to place, so that mix-ups show."""
    rng = np.random.default_rng(5)
    for variable in network.bank.variables.values():
        variable.assign_add(rng.normal(0, 0.3, variable.shape).astype(np.float32))
    return network


def logits_of(network, architecture, images) -> np.ndarray:
    return network(tf.constant(architecture.tokens), tf.constant(images)).numpy()


def samples(space, n, seed=0):
    rng = np.random.default_rng(seed)
    return [space.sample_walk(rng) for _ in range(n)]


# --- what is computed -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "expected"), [(12, 697_860), (14, 810_756)], ids=["12 layers", "14 layers"]
)
def test_the_macro_bank_has_the_published_number_of_weights(layers, expected):
    network = MacroNetwork(MacroSpace(layers), WeightBank(0), 36, 3, 10)
    assert network.bank.count() == expected


def test_the_micro_bank_has_the_published_number_of_weights():
    bank = WeightBank(0)
    MicroNetwork(CellSpace.enas_micro(), bank, 6, 20, 3, 10)
    assert bank.count() == 5_373_140


@both
def test_a_path_computes_what_the_network_would_compute_alone(make):
    network, images = scattered(make()), make_images().train.x
    for architecture in samples(network.space, 4):
        alone = child_of(network, architecture)(images, training=True)
        shared = logits_of(network, architecture, images)
        np.testing.assert_allclose(shared, alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("operation", range(len(MACRO_OPERATIONS)), ids=MACRO_OPERATIONS)
def test_every_macro_operation_is_its_own(operation):
    # Closures that bind late all become the last branch; see `MacroNetwork._branches`.
    network, images = scattered(macro_network()), make_images().train.x
    tokens = [operation if d.kind == "choice" else 0 for d in MACRO.decisions]
    architecture = MACRO.architecture(tokens)
    alone = child_of(network, architecture)(images, training=True)
    shared = logits_of(network, architecture, images)
    np.testing.assert_allclose(shared, alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("operation", range(5), ids=MICRO.operations)
def test_every_micro_operation_is_its_own(operation):
    network, images = scattered(micro_network()), make_images().train.x
    tokens = [operation if d.kind == "choice" else 0 for d in MICRO.decisions]
    architecture = MICRO.architecture(tokens)
    alone = child_of(network, architecture)(images, training=True)
    shared = logits_of(network, architecture, images)
    np.testing.assert_allclose(shared, alone, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@both
def test_gradients_are_those_of_the_network_alone(make):
    # Of the first and the last array: whatever lies between is part of the stem's gradient.
    network, images = scattered(make()), make_images().train.x
    [architecture] = samples(network.space, 1)
    child = child_of(network, architecture)
    with tf.GradientTape(persistent=True) as tape:
        shared = tf.reduce_sum(tf.sin(network(tf.constant(architecture.tokens), images)))
        alone = tf.reduce_sum(tf.sin(child(images, training=True)))
    bank = network.bank
    for name in ("stem", "head"):
        own = [v.value for v in child.trainable_weights if v.path.startswith(name)]
        expected = np.concatenate([np.ravel(g) for g in tape.gradient(alone, own)])
        found = np.ravel(tape.gradient(shared, bank.variables[name]))
        np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-3)


@both
def test_an_architecture_counts_the_weights_that_its_child_has(make):
    supernet = fresh(make)
    for architecture in samples(supernet.space, 5):
        child = child_of(supernet.network, architecture)
        trained = sum(int(np.prod(v.shape)) for v in child.trainable_weights)
        assert supernet.parameters(architecture) == trained


# --- what is learned --------------------------------------------------------------------


def parts_on_path(network, architecture) -> dict[str, np.ndarray]:
    """Of every array, which numbers the architecture uses."""
    masks = {n: np.zeros(v.shape, bool) for n, v in network.bank.variables.items()}
    for name, index in network.path(architecture).items():
        masks[name][index] = True
    return masks


@pytest.mark.slow
@both
def test_a_step_changes_the_weights_of_its_architecture_and_no_others(make):
    supernet = fresh(make)
    network = supernet.network
    for architecture in samples(network.space, 3):
        before = {n: v.numpy() for n, v in network.bank.variables.items()}
        supernet.train([architecture])
        for name, used in parts_on_path(network, architecture).items():
            changed = network.bank.variables[name].numpy() != before[name]
            assert not changed[~used].any(), name
            assert changed.any() == used.any(), name


@both
def test_weights_off_the_path_do_not_reach_the_logits(make):
    network, images = make(), make_images().train.x
    [architecture] = samples(network.space, 1)
    before = logits_of(network, architecture, images)
    for name, used in parts_on_path(network, architecture).items():
        variable = network.bank.variables[name]
        variable.assign(np.where(used, variable.numpy(), 1e6).astype(np.float32))
    assert (logits_of(network, architecture, images) == before).all()


@both
def test_one_trace_serves_all_architectures(make):
    supernet = fresh(make)
    drawn = samples(supernet.space, 6)
    supernet.train(drawn)
    supernet.score(drawn, batch=0)
    supernet.validate(drawn[:1])
    assert supernet.step.experimental_get_tracing_count() == 1
    assert supernet.accuracy.experimental_get_tracing_count() == 1


def test_shared_weights_learn():
    training = SharedTraining(batch_size=8, high=0.2, period=40, slice_rows=16)
    supernet, drawn = small_supernet(training=training), samples(SMALL, 60)
    supernet.train(drawn[:30])
    # A blind guess among three classes costs ln 3 = 1.1 nats.
    assert supernet.train(drawn[30:]) < 0.7


@both
def test_operations_that_take_turns_begin_alike(make):
    # Each lets its input through but for noise, so that what follows can learn from all.
    network, images = make(), make_images().train.x
    drawn = [logits_of(network, a, images).ravel() for a in samples(network.space, 6)]
    agreement = np.corrcoef(drawn)
    assert np.median(agreement) > 0.56  # .66; of networks with random kernels .46


def test_weight_decay_reaches_all_weights_and_follows_the_gradient_of_l2_times_squares():
    # One step of w - rate (g + 2 l2 w), without momentum: off the path g = 0, and
    # w = 1 becomes 1 - .05 * 2 * .1 = .99.
    supernet = small_supernet(training=SharedTraining(batch_size=8, momentum=0.0, l2=0.1))
    [architecture] = samples(SMALL, 1)
    supernet.train([architecture])
    network, name = supernet.network, "layer0-inner"
    places = np.arange(len(SMALL.operations)) == network.path(architecture)[name]
    [unused] = network.bank.variables[name].numpy()[~places]
    scale, _ = np.reshape(unused[-2 * CHANNELS :], (2, CHANNELS))  # of the norm, which is last
    np.testing.assert_allclose(scale, 0.99, rtol=1e-6)


# --- data, seeds, state -----------------------------------------------------------------


def test_equal_seeds_train_alike_and_other_seeds_otherwise():
    drawn = samples(SMALL, 7)
    first, again, other = (small_supernet(seed).train(drawn) for seed in (0, 0, 1))
    assert first == again != other


def test_state_and_restore_continue_to_the_bit():
    drawn = samples(SMALL, 8)
    straight, resumed = (small_supernet(training=SharedTraining(batch_size=8)) for _ in "12")
    straight.train(drawn[:4])
    resumed.restore(straight.state())
    assert straight.train(drawn[4:]) == resumed.train(drawn[4:])
    assert straight.validate(drawn) == resumed.validate(drawn)


def test_every_row_is_used_once_in_a_pass_and_in_another_order_in_the_next():
    supernet = small_supernet()
    assert supernet.steps == 3
    passes = [[supernet._rows(0, 3 * a + i, 24, 8) for i in range(3)] for a in (0, 1)]
    for batches in passes:
        assert sorted(np.concatenate(batches)) == list(range(24))
    assert (np.concatenate(passes[0]) != np.concatenate(passes[1])).any()


def test_the_same_validation_batch_gives_the_same_score():
    supernet, drawn = fresh(macro_network), samples(MACRO, 3)
    assert supernet.score(drawn, 5) == supernet.score(drawn, 5)
    # 16 validation rows are two batches of 8; the slice is all of them.
    for score in supernet.validate(drawn):
        assert score * 16 == pytest.approx(round(score * 16))


def test_fewer_rows_than_a_batch_are_refused():
    with pytest.raises(InputError, match="24 training rows, fewer than the 25"):
        ImageSupernet(macro_network(), make_images(), SharedTraining(batch_size=25))


# --- a path alone -----------------------------------------------------------------------


def test_a_child_of_the_supernet_learns_alone_and_leaves_no_trace():
    training = SharedTraining(batch_size=8, score_rows=16, high=0.1, period=3)
    trainer = StandAloneTrainer(small_supernet(training=training), epochs=3)
    one, other = (Job(architecture, seed=0) for architecture in samples(SMALL, 2))
    first = trainer.train(one)
    assert trainer.train(other).curve != first.curve
    again = trainer.train(one)
    assert (again.curve, again.parameters) == (first.curve, first.parameters)
    assert len(first.curve) == 3
    assert first.curve[-1] > 0.6  # of three classes
    assert first.reason is None


def test_a_child_that_diverges_says_so():
    training = SharedTraining(batch_size=8, score_rows=16, high=1e20)
    outcome = StandAloneTrainer(small_supernet(training=training), epochs=2).train(
        Job(samples(SMALL, 1)[0], seed=0)
    )
    assert outcome.reason.startswith("diverged")
