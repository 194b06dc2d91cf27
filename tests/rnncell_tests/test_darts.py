"""The mixed recurrent cell, what is read off it, and a differentiable search on a text."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from recurrent import text_task

from mlpnas.core.differentiable.bilevel import values
from mlpnas.core.differentiable.relaxation import softmax
from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold
from rnncell import published
from rnncell.differentiable import mixed_cell
from rnncell.differentiable.mixed_cell import OPERATIONS, MixedCell, derive, one_hot
from rnncell.differentiable.text_darts import TextDARTS
from rnncell.generator.highway_cell import HighwayCell
from rnncell.kits.nodes import make_space
from rnncell.recipes import MixedRecipe, Network, Regularization, Reward
from rnncell.run import presets
from rnncell.run.settings import Settings
from rnncell.space.enas_space import ENASCellSpace, Node, genotype, read_nodes
from rnncell.space.genotype import read_genotype

V1 = (
    "Genotype(recurrent=[('relu', 0), ('relu', 1), ('tanh', 2), ('relu', 3), ('relu', 4), "
    "('identity', 1), ('relu', 5), ('relu', 1)], concat=range(1, 9))"
)
PUBLISHED = presets.DARTS_TEXT["darts"]
PUBLISHED_SPACE = make_space(
    Settings("text", 1, 1, 1, space="darts", preset="darts", strategy="gradient")
)
SPACE = ENASCellSpace(3, OPERATIONS[1:], "tanh")
RECIPE = MixedRecipe(batch=8, steps=4, learning_rate=1.0, clip=5.0, slice=2)


def mixture(order: int = 1, task=None, **regularization) -> TextDARTS:
    network = Network(5, Regularization(**regularization), "nodes")
    return TextDARTS(SPACE, task or text_task(), network, RECIPE, order, Reward(c=1.0))


@pytest.fixture
def without_norm(monkeypatch):
    """Found cells are not normalised; to be compared, mixed ones must not be either."""
    monkeypatch.setattr(mixed_cell, "normalise", lambda x: x)


@pytest.fixture
def eagerly():
    """Runs compiled functions as plain Python: compiling takes longer than all else."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


# --- sizes ------------------------------------------------------------------------------


def test_the_published_supernet_has_its_published_size():
    # 10,000 words of 300 units and a bias for each, node 0 with 600 * 600 numbers and eight
    # nodes with 300 * 600: 3,010,000 + 360,000 + 1,440,000.
    task = text_task(tokens=10_000, n=300)
    made = TextDARTS(PUBLISHED_SPACE, task, PUBLISHED.network, PUBLISHED.mixed)
    assert sum(int(np.prod(w.shape)) for w in made.bilevel.weights) == 4_810_000
    assert made.parameters(PUBLISHED_SPACE.parse(V1)) == 4_810_000
    assert made.alphas.shape == (36, 5)
    assert made.edges[:3] == [(0, 1), (0, 2), (1, 2)]


def test_the_space_has_as_many_cells_as_published():
    assert PUBLISHED_SPACE.size() == 4**8 * 40_320  # 2.64e9: product of 4 i


# --- derivation -------------------------------------------------------------------------


def scores(**best: dict) -> np.ndarray:
    """Scores of three edges into two nodes; all that are not given are 0.1."""
    table = np.full((3, 5), 0.1)
    for edge, given in best.items():
        for operation, score in given.items():
            table[int(edge[-1]), OPERATIONS.index(operation)] = score
    return table


def test_a_node_keeps_its_strongest_edge_with_its_strongest_operation():
    table = scores(edge_0={"relu": 0.3}, edge_1={"sigmoid": 0.5}, edge_2={"identity": 0.6})
    assert derive(table) == (Node(None, "tanh"), Node(0, "relu"), Node(1, "identity"))


def test_none_is_never_taken_and_of_equal_scores_the_first_counts():
    table = scores(edge_2={"none": 0.9})
    assert derive(table) == (Node(None, "tanh"), Node(0, "tanh"), Node(0, "tanh"))


def test_what_is_derived_from_a_cells_own_weights_is_the_cell(property_seed):
    rng = np.random.default_rng(property_seed)
    cell = PUBLISHED_SPACE.cell(PUBLISHED_SPACE.sample_architecture(rng))
    weights = one_hot(cell)
    assert weights.sum() == 8
    assert derive(weights) == cell


# --- genotypes --------------------------------------------------------------------------


def test_genotypes_are_written_as_published_and_can_be_pasted():
    nodes = read_nodes(published.DARTS_V1)
    assert genotype(published.DARTS_V1) == V1
    assert read_nodes(V1) == nodes
    assert str(PUBLISHED_SPACE.parse(V1)) == published.DARTS_V1
    assert HighwayCell(2, V1, average="nodes").cell == V1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Genotype(recurrent=[", "cannot read the genotype"),
        ("Genotype(normal=[('relu', 0)])", "has no recurrent nodes"),
        ("Genotype(recurrent=open('x'), concat=[1])", r"recurrent=open\('x'\) is no list"),
        ("Genotype(recurrent=[('relu', 1)], concat=range(1, 2))", "node 1 .* reads node 1"),
        ("Genotype(recurrent=[('relu', -1)], concat=range(1, 2))", "node 1 .* reads node -1"),
        ("Genotype(recurrent=[('gelu', 0)], concat=range(1, 2))", "activation is 'gelu'"),
        ("Genotype(recurrent=[('relu', 0)], concat=range(2, 3))", "not average all"),
        ("Genotype(recurrent=[(0, 'relu')], concat=range(1, 2))", "has the entry"),
    ],
)
def test_an_impossible_genotype_is_refused_with_its_reason(text, message):
    with pytest.raises(InputError, match=message):
        read_genotype(text)


# --- one cell in the other --------------------------------------------------------------


def test_sharp_alphas_make_the_mixed_cell_equal_to_the_found_one(without_norm):
    mixed = MixedCell(9, 4, np.random.default_rng(0))
    nodes = read_nodes(published.DARTS_V2)
    chosen = one_hot(nodes)
    chosen[chosen.sum(axis=1) == 0, 0] = 1.0  # none on the edges that were dropped
    x = np.random.default_rng(1).normal(size=(6, 3, 4)).astype(np.float32)
    weights = softmax(tf.constant(1e4 * chosen))
    found = mixed.unroll(tf.constant(x), tf.zeros([3, 4]), weights, 1.0)
    cell = published.darts_v2_cell(4)
    layer = keras.layers.RNN(cell, return_sequences=True)
    layer.build((3, 6, 4))
    for variable, kernel in zip(cell.kernels, mixed.kernels, strict=True):
        variable.assign(kernel)
    expected = layer(x.transpose(1, 0, 2))
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(found, tf.transpose(expected, [1, 0, 2]), atol=1e-5)


def test_none_takes_weight_but_adds_nothing_and_equal_alphas_prefer_no_operation():
    rng = np.random.default_rng(0)
    states = tf.constant(rng.normal(size=(1, 2, 4)), tf.float32)
    kernel = tf.constant(rng.normal(size=(4, 8)), tf.float32)

    def node(shares) -> np.ndarray:
        return mixed_cell.mixed_node(
            states, kernel, tf.convert_to_tensor(shares)[None], 1.0
        ).numpy()

    relu = node([0.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(node([0.0, 0.25, 0.0, 0.0]), 0.25 * relu, atol=1e-6)
    each = np.mean([node(list(row)) for row in np.eye(4, dtype=np.float32)], axis=0)
    equal = softmax(tf.zeros([1, 5]))[0, 1:]
    np.testing.assert_allclose(equal, 1 / 5, rtol=1e-6)
    np.testing.assert_allclose(node(equal), 4 / 5 * each, atol=1e-6)


def test_every_state_is_normalised_over_the_batch():
    x = np.random.default_rng(0).normal(2.0, 3.0, (50, 4)).astype(np.float32)
    found = mixed_cell.normalise(tf.constant(x)).numpy()
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=0), 1, atol=1e-4)


# --- the search -------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2])
def test_a_step_on_one_side_leaves_the_other_as_it_was(eagerly, order):
    made = mixture(order)
    batches = [
        made._batch(windows[0], state, True, 0)
        for windows, state in zip((made._train, made._valid), made._states, strict=True)
    ]
    before = [w.numpy().tobytes() for w in made.bilevel.weights]
    alphas = made.alphas.numpy()
    made.bilevel._move_alphas(*batches, tf.constant(1.0))
    assert [w.numpy().tobytes() for w in made.bilevel.weights] == before
    assert (made.alphas.numpy() != alphas).any()
    alphas = made.alphas.numpy()
    made.bilevel.move_weights(batches[0], tf.constant(1.0))
    np.testing.assert_array_equal(made.alphas.numpy(), alphas)
    assert [w.numpy().tobytes() for w in made.bilevel.weights] != before


def test_the_state_that_is_carried_on_is_that_of_the_weights_themselves(eagerly):
    # At second order the training window is read with shifted weights as well.
    made = mixture(order=2)
    batch = made._batch(made._train[0], made._states[0], True, 0)
    other = made._batch(made._valid[0], made._states[1], True, 1)
    kept = [w.numpy() for w in made.bilevel.weights]
    made.bilevel.step(batch, other, tf.constant(1.0))
    for weight, old in zip(values(made.bilevel.weights), kept, strict=True):
        weight.assign(old)
    carried = made._states[0].numpy()
    made.bilevel._train(batch)  # with the alphas after their step, as in the step on weights
    np.testing.assert_allclose(carried, made._states[0].numpy(), atol=1e-6)
    assert carried.any()


@pytest.mark.slow
def test_a_search_learns_and_goes_on_from_its_state_as_if_it_had_not_been_interrupted():
    ids = np.tile(np.arange(7, dtype=np.int32), 81)  # the next token is certain
    fold = Fold(ids[:-1], ids[1:])
    task = replace(text_task(), train=fold, valid=fold)
    whole = GradientSearch(mixture(task=task, word=0.1), 12)
    first, *_, last = (whole.advance() for _ in range(11))
    assert 1.8 < first.train_loss < 2.2  # log 7 = 1.95
    assert last.train_loss < 0.8 * first.train_loss
    assert last.mixed > first.mixed
    assert SPACE.parse(str(last.architecture)) == last.architecture
    again = GradientSearch(mixture(task=task, word=0.1), 12)
    again.restore(whole.state())
    expected, found = whole.advance(), again.advance()
    assert replace(found, tables={}) == replace(expected, tables={})
    np.testing.assert_array_equal(found.tables["recurrent"], expected.tables["recurrent"])
    assert whole.validate([found.architecture]) == again.validate([found.architecture])


def test_a_text_that_is_shorter_than_a_batch_is_refused():
    task = text_task()
    short = replace(task, valid=Fold(task.valid.x[:7], task.valid.y[:7]))
    with pytest.raises(InputError, match="validation text has 7 tokens; expected 8 or more"):
        mixture(task=short)
