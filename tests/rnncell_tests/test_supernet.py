"""Shared weights of recurrent cells: counts, isolation, and agreement with single cells."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from recurrent import SPACE, cells, text_task

from mlpnas.core.strategies.controller.controller import Controller
from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy
from mlpnas.core.supernet import SupernetEvaluator, derive
from mlpnas.core.task import Fold, Task
from mlpnas.core.trial import Trial
from rnncell.generator.highway_cell import HighwayCell
from rnncell.recipes import Network, Regularization, Reward, SupernetRecipe
from rnncell.run.presets import TEXT
from rnncell.space.activations import ACTIVATIONS
from rnncell.space.enas_space import ENASCellSpace
from rnncell.strategies.enas import POLICIES
from rnncell.supernet.shared_cell import Path, SharedCell
from rnncell.supernet.text_supernet import TextSupernet

RECIPE = SupernetRecipe(batch=3, steps=5, slice=2, learning_rate=1.0, clip=5.0)


def supernet(seed=0, recipe=RECIPE, task=None, **regularization) -> TextSupernet:
    network, reward = Network(6, Regularization(**regularization)), Reward(c=1.0)
    return TextSupernet(SPACE, task or text_task(), network, recipe, reward, seed)


@pytest.fixture
def eagerly():
    """Runs compiled functions as plain Python: what they compute is the same, and compiling
    them for every test would take longer than all else."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


eager = pytest.mark.usefixtures("eagerly")


# --- counts -----------------------------------------------------------------------------


def test_the_published_supernet_has_its_published_size():
    # enas_lm with nine nodes after node 0, 200 units, 10,000 words:
    #   words 10,000 * 200, node 0 400 * 400, and 1 + 2 + ... + 9 predecessors times four
    #   activations, 200 * 400 each. A cell uses one matrix per node.
    preset = TEXT["enas-lm"]
    space = ENASCellSpace(preset.nodes, preset.activations, preset.root)
    cell = SharedCell(space, preset.network.units, per_activation=True)
    matrices = sum(int(np.prod(bank.shape)) for bank in cell.banks)
    assert 10_000 * 200 + matrices == 16_560_000
    path = cell.path(cells(1, space=space)[0])
    used = sum(int(np.prod(kernel.shape)) for kernel in cell.kernels(tf.constant(path.rows)))
    assert 10_000 * 200 + used == 2_880_000


def test_a_child_uses_one_matrix_per_node():
    net = supernet()
    for architecture in cells(3):
        # 7 words of 6 units, node 0 12 * 12, three nodes 6 * 12.
        assert net.parameters(architecture) == 7 * 6 + 144 + 3 * 72


# --- the supernet is the single cell ------------------------------------------------------


@pytest.mark.parametrize("average", ["loose", "nodes"])
@pytest.mark.parametrize("per_activation", [False, True])
def test_a_path_computes_what_the_stand_alone_cell_computes(average, per_activation):
    shared = SharedCell(SPACE, 6, average, per_activation, seed=3)
    x = np.random.default_rng(1).normal(size=(2, 5, 6)).astype(np.float32)
    for architecture in cells(6, seed=2):
        path = Path(*map(tf.constant, shared.path(architecture)))
        kernels = shared.kernels(path.rows)
        ours = shared.unroll(tf.transpose(x, [1, 0, 2]), tf.zeros([2, 6]), kernels, path, 1.0)
        cell = HighwayCell(6, str(architecture), average=average)
        layer = keras.layers.RNN(cell, return_sequences=True)
        layer.build(x.shape)
        for variable, kernel in zip(cell.kernels, kernels, strict=True):
            variable.assign(kernel)
        np.testing.assert_allclose(tf.transpose(ours, [1, 0, 2]), layer(x), atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_the_one_of_its_name(activation):
    # Node 0 has gates of 0, hence sigma = 1/2, and the state 0: the output is f(z) / 2 and,
    # with node 1 as identity of weight 0 and gate 0, half of that.
    space = ENASCellSpace(2)
    shared = SharedCell(space, 1)
    shared.banks[0].assign([[[0.0, 1.0], [0.0, 0.0]]])
    shared.banks[1].assign([[[0.0, 0.0]]])
    path = Path(*map(tf.constant, shared.path(space.parse(f"{activation}, identity(0)"))))
    z = np.array([-2.0, -0.5, 0.0, 0.7, 3.0], np.float32)
    outputs = shared.unroll(
        z[None, :, None], tf.zeros([5, 1]), shared.kernels(path.rows), path, 1.0
    )
    expected = {
        "tanh": np.tanh(z),
        "relu": np.maximum(z, 0),
        "identity": z,
        "sigmoid": 1 / (1 + np.exp(-z)),
    }
    np.testing.assert_allclose(outputs[0, :, 0], expected[activation] / 4, atol=1e-6)


# --- training ---------------------------------------------------------------------------


@eager
def test_a_step_changes_the_matrices_on_the_path_and_no_others():
    net = supernet(recipe=SupernetRecipe(batch=3, steps=5, per_activation=True))
    [architecture] = cells(1)
    rows = net.model.cell.path(architecture).rows
    before = [bank.numpy() for bank in net.model.cell.banks]
    net.train([architecture])
    for row, old, bank in zip(rows, before, net.model.cell.banks, strict=True):
        changed = (bank.numpy() != old).any(axis=(1, 2))
        assert changed.tolist() == [i == row for i in range(len(old))]


@eager
def test_what_is_not_on_the_path_has_no_influence():
    net = supernet()
    [architecture] = cells(1)
    rows = net.model.cell.path(architecture).rows
    before = net.validate([architecture])
    for row, bank in zip(rows, net.model.cell.banks, strict=True):
        noise = np.ones(bank.shape, np.float32)
        noise[row] = 0.0
        bank.assign_add(noise)
    assert net.validate([architecture]) == before
    net.model.cell.banks[0].assign_add(np.ones(net.model.cell.banks[0].shape))
    assert net.validate([architecture]) != before


@pytest.mark.slow
def test_one_compiled_step_serves_all_cells_and_learns():
    ids = np.tile(np.arange(7, dtype=np.int32), 20)  # the next token is certain
    fold = Fold(ids[:-1], ids[1:])
    task = Task("count", "multiclass", fold, fold, fold, classes=tuple("0123456"))
    net = supernet(task=task)
    first = net.train(cells(net.steps))
    for i in range(30):
        last = net.train(cells(net.steps, seed=i))
    assert net.model.traces == 1
    assert first > 1.9  # log 7 = 1.95
    assert last < 0.5 * first


@pytest.mark.slow
def test_the_compiled_step_computes_what_the_plain_one_does(eagerly):
    architectures = cells(2)
    # Without dropout: its random numbers are others where the step is compiled.
    plain, compiled = supernet(l2=0.1), supernet(l2=0.1)
    plain.train(architectures)
    tf.config.run_functions_eagerly(False)
    compiled.train(architectures)
    for name, array in plain.state().items():
        np.testing.assert_allclose(compiled.state()[name], array, atol=1e-5, err_msg=name)


@eager
def test_the_gradient_of_a_step_is_that_of_the_loss():
    # One step with rate 1 and no clipping moves a weight by minus its gradient; compare with
    # a central difference of the nats on the same window, at the same weights.
    recipe = SupernetRecipe(batch=3, steps=5, learning_rate=1.0, clip=1e9)
    net, start = supernet(recipe=recipe), supernet(recipe=recipe)
    [architecture] = cells(1, seed=4)
    path = Path(*map(tf.constant, net.model.cell.path(architecture)))
    place = (int(path.rows[2]), 1, 8)
    net.train([architecture])
    bank = start.model.cell.banks[2]
    gradient = bank.numpy()[place] - net.model.cell.banks[2].numpy()[place]

    def loss(change: float) -> float:
        weights = bank.numpy()
        weights[place] += change
        bank.assign(weights)
        window, state = start._training[0], tf.zeros_like(start.model.carried)
        found = float(start.model.evaluate(path, *window, state)[0])
        weights[place] -= change
        bank.assign(weights)
        return found

    assert gradient == pytest.approx((loss(0.02) - loss(-0.02)) / 0.04, rel=0.02, abs=1e-5)


@eager
def test_dropout_slowness_and_decay_are_felt_in_training_alone():
    [architecture] = cells(1)
    plain = supernet()
    start = plain.validate([architecture])
    plain.train([architecture])
    for options in ({"input": 0.5}, {"state": 0.5}, {"output": 0.5}, {"word": 0.5},
                    {"embedding": 0.5}, {"l2": 0.1}, {"slowness": 10.0}):  # fmt: skip
        other = supernet(**options)
        assert other.validate([architecture]) == start
        other.train([architecture])
        words = [net.model.words.numpy() for net in (plain, other)]
        assert not np.array_equal(*words), options


@eager
def test_a_step_that_overflows_changes_nothing_and_the_next_starts_afresh(caplog):
    net = supernet()
    explosive = net.space.parse("identity, identity(0), identity(1), identity(2)")
    for bank in net.model.cell.banks:
        bank.assign(np.full(bank.shape, 1e18))
    before = {name: array.copy() for name, array in net.state().items() if name != "step"}
    assert not np.isfinite(net.train([explosive]))
    for name, array in before.items():
        np.testing.assert_array_equal(net.state()[name], array, err_msg=name)
    assert "1 of 1 steps of the shared weights overflowed" in caplog.text


@pytest.mark.slow
@eager
def test_the_rate_decays_from_the_pass_that_was_asked_for():
    recipe = SupernetRecipe(batch=3, steps=5, learning_rate=8.0, decay=0.5, decay_from=2)
    net = supernet(recipe=recipe)
    rates = []
    step = net.model.train_step
    net.model.train_step = lambda *a: rates.append(float(a[4])) or step(*a)
    net.train(cells(3 * net.steps))
    assert rates[:: net.steps] == [8.0, 8.0, 4.0]  # after the second pass, and so on


@eager
def test_a_restored_supernet_goes_on_as_if_it_had_not_stopped():
    one, other = supernet(input=0.2), supernet(input=0.2)
    one.train(cells(3))
    other.restore(one.state())
    assert one.train(cells(4, seed=1)) == other.train(cells(4, seed=1))
    for name, array in one.state().items():
        np.testing.assert_array_equal(array, other.state()[name], err_msg=name)


@eager
def test_scores_are_rewards_of_shuffled_windows_and_repeat():
    net = supernet()
    architectures, windows = cells(2), len(net._validation)
    by_batch = [tuple(net.score(architectures, batch)) for batch in range(2 * windows)]
    assert all(0 < score < 1 for scores in by_batch for score in scores)
    assert sorted(by_batch[:windows]) == sorted(by_batch[windows:])
    assert by_batch[:windows] != by_batch[windows:]
    assert net.score(architectures, 3) == list(by_batch[3])


# --- with the controller ------------------------------------------------------------------


def test_the_probabilities_of_all_small_cells_sum_to_one():
    space = ENASCellSpace(3)
    everything = list(space)
    assert len(everything) == 128
    for policy in POLICIES.values():
        controller = Controller(space, 16, seed=1, options=policy.controller)
        tokens = tf.constant([a.tokens for a in everything], tf.int32)
        total = tf.reduce_sum(tf.exp(controller.teacher_force(tokens).log_probs))
        assert float(total) == pytest.approx(1.0, abs=1e-5)


def test_sampled_and_forced_log_probabilities_agree():
    preset = TEXT["enas-lm"]
    space = ENASCellSpace(preset.nodes, preset.activations, preset.root)
    controller = Controller(space, 16, options=POLICIES["enas-lm"].controller)
    walks, _ = controller.sample(tf.constant(20), tf.constant([1, 2]))
    forced = controller.teacher_force(walks.tokens)
    np.testing.assert_allclose(walks.log_probs, forced.log_probs, atol=1e-5)


def test_near_predecessors_are_likelier_in_the_released_controller():
    space = ENASCellSpace(6, root="tanh")
    controller = Controller(space, 16, options=POLICIES["enas-lm"].controller)
    walks, _ = controller.sample(tf.constant(2000), tf.constant([0, 0]))
    position = [d.name for d in space.decisions].index("node 5 predecessor")
    counts = np.bincount(walks.tokens.numpy()[:, position], minlength=5)
    # A fresh controller's own logits are near 0: p(j) is proportional to exp(-(5 - j)^2 / 6).
    expected = np.exp(-((5.0 - np.arange(5)) ** 2) / 6)
    np.testing.assert_allclose(counts / 2000, expected / expected.sum(), atol=0.05)


@eager
def test_a_round_of_the_search_trains_scores_and_derives():
    net = supernet()
    strategy = OnPolicyStrategy(SPACE, 0, POLICIES["small"])
    evaluator = SupernetEvaluator(net)
    evaluator.begin_round(strategy)
    found = evaluator.evaluate(strategy.ask(3), first_id=0)
    trials = [Trial.of(each, i, 0, None) for i, each in enumerate(found)]
    strategy.tell(trials)
    assert [trial.ok for trial in trials] == [True] * 3
    best = derive(strategy, net, 8)
    assert [score for _, score in best] == sorted((s for _, s in best), reverse=True)
