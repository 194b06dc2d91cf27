"""The mixed network, its derivation, its variants, and when to stop."""

import logging
import math
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnnas.differentiable import mixed_operations, stopping, variants
from cnnnas.differentiable.image_darts import DartsTraining, ImageDARTS
from cnnnas.differentiable.mixed_network import KINDS, MixedNetwork, derive, edges_of, one_hot
from cnnnas.differentiable.mixed_operations import CANDIDATES, some_channels
from cnnnas.differentiable.variants import VARIANTS
from cnnnas.generator.cell_networks import darts_network
from cnnnas.run.presets import earliest
from cnnnas.run.settings import Settings
from cnnnas.space.cell import Cell
from cnnnas.space.cell_space import CellSpace
from mlpnas.core.differentiable.relaxation import softmax
from mlpnas.core.differentiable.search import Epoch, GradientSearch, never
from mlpnas.core.differentiable.strategy import GradientEvaluator, GradientStrategy
from mlpnas.core.errors import InputError
from mlpnas.core.search import search as loop
from mlpnas.core.task import Fold, Task
from mlpnas.core.trial import History

FOUR_EDGES = edges_of(2)  # 2 into node 2, 3 into node 3


def images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def small(**more) -> MixedNetwork:
    return MixedNetwork((8, 8, 1), 3, nodes=2, channels=4, number=3, **more)


def size(network: MixedNetwork) -> int:
    return sum(int(np.prod(w.shape)) for w in network.trainable_weights)


# --- sizes ------------------------------------------------------------------------------


def test_alphas_have_a_row_per_edge_and_a_column_per_candidate():
    # 2 + 3 + 4 + 5 edges of 8 candidates in two kinds of cell: 224 numbers.
    assert 2 * len(edges_of(4)) * len(CANDIDATES) == 224
    assert edges_of(4)[:3] == [(0, 2), (1, 2), (0, 3)]


@pytest.mark.parametrize(
    ("channels", "stride", "count"),
    [
        (16, 1, 3_168), (16, 2, 3_424), (32, 1, 9_408), (32, 2, 10_432),
        (64, 1, 31_104), (64, 2, 35_200),
    ],
)  # fmt: skip
def test_weights_of_one_mixed_operation(channels, stride, count):
    # Separable 3x3 and 5x5 twice, dilated ones once: 2 * (9 + 25) + 9 + 25 numbers per
    # channel, and 6 pointwise kernels; at stride 2 the skip has another one.
    assert count == 102 * channels + (6 if stride == 1 else 7) * channels**2
    network = small()
    network.store.arrays.clear()
    network.store.complete = False
    edge = mixed_operations.Edge(network._layers_here, 2, 0, CANDIDATES, channels, stride)
    mixed_operations.all_operations(edge, tf.zeros([1, 8, 8, channels]), tf.ones([8]))
    assert sum(int(np.prod(v.shape)) for v in network.store.arrays.values()) == count


@pytest.mark.slow
def test_the_published_supernet_has_its_published_size():
    assert size(MixedNetwork((32, 32, 3), 10)) == 1_930_618
    assert size(MixedNetwork((32, 32, 3), 10, mix=some_channels)) == 299_578


# --- derivation -------------------------------------------------------------------------


def scores(**best: dict) -> np.ndarray:
    """Scores of two nodes; `edge_k={operation: score}` sets some, all others are 0.1."""
    table = np.full((5, len(CANDIDATES)), 0.1)
    for edge, values in best.items():
        for operation, score in values.items():
            table[int(edge[-1]), CANDIDATES.index(operation)] = score
    return table


def test_a_node_keeps_its_two_strongest_edges_the_stronger_first():
    found = derive(
        scores(
            edge_0={"sep_conv_3x3": 0.4},
            edge_1={"max_pool_3x3": 0.6},
            edge_2={"sep_conv_5x5": 0.5},
            edge_3={"dil_conv_3x3": 0.7},
            edge_4={"avg_pool_3x3": 0.6},
        ),
        CANDIDATES,
    )
    assert found == Cell(
        (
            (("max_pool_3x3", 1), ("sep_conv_3x3", 0)),
            (("dil_conv_3x3", 1), ("avg_pool_3x3", 2)),
        ),
        (2, 3),
    )


def test_none_is_never_taken_even_if_it_is_largest_everywhere():
    table = scores(edge_0={"skip_connect": 0.2}, edge_4={"sep_conv_5x5": 0.2})
    table[:, 0] = 0.9
    cell = derive(table, CANDIDATES)
    assert cell.nodes[0] == (("skip_connect", 0), ("max_pool_3x3", 1))
    assert cell.nodes[1] == (("sep_conv_5x5", 2), ("max_pool_3x3", 0))


def test_of_equal_scores_the_first_edge_and_operation_count():
    cell = derive(scores(), CANDIDATES)
    assert cell.nodes == ((("max_pool_3x3", 0), ("max_pool_3x3", 1)),) * 2


def test_below_a_threshold_an_edge_is_left_out_and_a_node_may_be_empty():
    table = scores(
        edge_0={"sep_conv_3x3": 0.9},
        edge_1={"max_pool_3x3": 0.84},
        edge_2={"sep_conv_5x5": 0.8},
    )
    cell = derive(table, CANDIDATES, threshold=0.85)
    assert cell.nodes[0] == (("sep_conv_3x3", 0), ("none", 1))
    assert [name for name, _ in cell.nodes[1]] == ["none", "none"]
    assert cell.concat == (2,)
    assert derive(table, CANDIDATES, threshold=0.84).nodes[0][1] == ("max_pool_3x3", 1)


def test_at_most_two_edges_of_a_node_are_kept_however_many_exceed_the_threshold():
    table = scores(**{f"edge_{i}": {"sep_conv_3x3": 0.9 + i / 100} for i in range(5)})
    cell = derive(table, CANDIDATES, threshold=0.85)
    assert cell.nodes[1] == (("sep_conv_3x3", 2), ("sep_conv_3x3", 1))


def test_the_first_node_keeps_its_strongest_edge_in_any_case():
    # Else a cell might have no output.
    cell = derive(scores(edge_1={"dil_conv_3x3": 0.3}), CANDIDATES, threshold=0.85)
    assert cell.wired == ((("dil_conv_3x3", 1),), ())
    sparse = CellSpace.darts(2, sparse=True)
    assert sparse.cells(sparse.from_cells(dict.fromkeys(KINDS, cell)))["normal"].wired == (
        cell.wired
    )


def test_operations_are_matched_by_name_wherever_none_stands():
    table = scores(edge_0={"sep_conv_3x3": 0.4}, edge_3={"dil_conv_5x5": 0.4})
    table[:, 0] = 0.8
    last = (*CANDIDATES[1:], "none")
    moved = np.concatenate([table[:, 1:], table[:, :1]], axis=1)
    assert derive(moved, last) == derive(table, CANDIDATES)
    assert derive(table[:, 1:], CANDIDATES[1:]) == derive(table, CANDIDATES)


def test_what_is_derived_is_an_architecture_of_the_space(property_seed):
    rng, space = np.random.default_rng(property_seed), CellSpace.darts(2)
    cells = {kind: derive(rng.random((5, 8)), CANDIDATES) for kind in KINDS}
    architecture = space.from_cells(cells)
    again = {
        kind: derive(one_hot(cell, CANDIDATES), CANDIDATES) for kind, cell in cells.items()
    }
    assert space.from_cells(again) == architecture


# --- one network in the other -----------------------------------------------------------

PARAMETRIC = {
    "normal": Cell(
        (
            (("sep_conv_3x3", 0), ("skip_connect", 1)),
            (("dil_conv_5x5", 2), ("sep_conv_5x5", 0)),
        ),
        (2, 3),
    ),
    "reduce": Cell(
        (
            (("skip_connect", 0), ("dil_conv_3x3", 1)),
            (("sep_conv_3x3", 1), ("skip_connect", 2)),
        ),
        (2, 3),
    ),
}


def copied_to(network: MixedNetwork, model: keras.Model) -> None:
    """Puts what the mixed network has learned into the discrete one, by name."""
    arrays = network.store.arrays
    for layer in model.layers:
        if layer.name in arrays:
            pointwise = arrays.get(f"{layer.name}-pointwise")
            extra = [] if pointwise is None else [pointwise.numpy()]
            layer.set_weights([arrays[layer.name].numpy(), *extra])
    head = model.get_layer(name=next(x.name for x in model.layers if "dense" in x.name))
    head.set_weights([network.head.numpy(), network.bias.numpy()])


def without_norms(model: keras.Model) -> int:
    """Trainable numbers but for scales and offsets, of which mixtures have the stem's alone."""
    norms = [x for x in model.layers if "norm" in x.name and not x.name.startswith("stem")]
    apart = {id(w) for x in norms for w in x.trainable_weights}
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights if id(w) not in apart)


def test_sharp_alphas_make_the_mixed_network_equal_to_the_discrete_one():
    network = small()
    model = darts_network(PARAMETRIC, (8, 8, 1), (3, "linear"), 4, 3)
    copied_to(network, model)
    alphas = {}
    for kind, cell in PARAMETRIC.items():
        chosen = one_hot(cell, CANDIDATES)
        dropped = chosen.sum(axis=1) == 0
        chosen[dropped, CANDIDATES.index("none")] = 1.0
        alphas[kind] = softmax(tf.constant(1e4 * chosen))
    x = images(4, 8, 8, 1)
    found = network(x, alphas)
    assert np.ptp(found) > 0.1
    # Both sides normalise by the batch.
    np.testing.assert_allclose(found, model(x, training=True), atol=1e-4)
    hard = {kind: one_hot(cell, CANDIDATES) for kind, cell in PARAMETRIC.items()}
    np.testing.assert_allclose(network(x, hard), found, atol=1e-5)


def test_a_sparse_cell_in_the_mixed_network_is_the_discrete_one():
    network = small()
    sparse = {
        "normal": Cell(
            ((("sep_conv_3x3", 0), ("none", 1)), (("none", 0), ("dil_conv_5x5", 1))), (2, 3)
        ),
        "reduce": PARAMETRIC["reduce"],
    }
    model = darts_network(sparse, (8, 8, 1), (3, "linear"), 4, 3)
    copied_to(network, model)
    x = images(4, 8, 8, 1)
    found = network(x, {kind: one_hot(cell, CANDIDATES) for kind, cell in sparse.items()})
    assert np.ptp(found) > 0.1
    np.testing.assert_allclose(found, model(x, training=True), atol=1e-4)
    assert network.count(sparse) == without_norms(model)


def test_none_takes_weight_but_adds_nothing():
    edge = mixed_operations.Edge(small()._layers_here.at("cell0"), 2, 0, CANDIDATES, 4, 1)
    x, weights = tf.constant(images(2, 8, 8, 4)), np.zeros(8, np.float32)
    weights[[0, 3]] = 0.75, 0.25  # none and skip
    np.testing.assert_allclose(
        mixed_operations.all_operations(edge, x, weights), 0.25 * x, rtol=1e-6
    )


def test_edges_that_leave_a_state_share_its_pooled_image():
    network = small()
    weights = dict.fromkeys(KINDS, tf.ones([len(FOUR_EDGES), len(CANDIDATES)]))
    run = tf.function(lambda x: network(x, weights), autograph=False)
    graph = run.get_concrete_function(tf.TensorSpec([2, 8, 8, 1])).graph
    pools = [op for op in graph.get_operations() if op.type == "MaxPool"]
    # Three cells; of each the states 0, 1 and 2 are read, on five edges.
    assert len(pools) == 3 * 3


# --- variants ---------------------------------------------------------------------------


def weigh(name: str, alphas: np.ndarray, progress: float = 0.0) -> np.ndarray:
    variant = VARIANTS[name]
    return np.asarray(variant.mixture(tf.constant(alphas, tf.float32), progress, [1, 2]))


@pytest.mark.parametrize("name", VARIANTS)
def test_equal_alphas_prefer_no_candidate(name):
    variant = VARIANTS[name]
    columns = len(variant.operations) + variant.columns
    ranked = np.asarray(variant.scores(tf.zeros([5, columns])))
    np.testing.assert_allclose(ranked, np.broadcast_to(ranked[:, :1], ranked.shape), rtol=1e-6)
    if name == "plain":
        np.testing.assert_allclose(ranked, 1 / 8, rtol=1e-6)


def test_the_auxiliary_skip_fades_along_a_cosine():
    for progress, beta in ((0.0, 1.0), (1 / 3, 0.75), (0.5, 0.5), (1.0, 0.0)):
        assert weigh("minus", np.zeros((5, 8)), progress)[:, -1] == pytest.approx([beta] * 5)
    np.testing.assert_allclose(weigh("minus", np.zeros((5, 8)))[:, :-1], 1 / 8, rtol=1e-6)


def test_edge_weights_are_a_softmax_over_the_edges_of_each_node():
    alphas = np.zeros((5, 9))
    alphas[1, -1], alphas[4, -1] = math.log(3), math.log(2)
    # Node 2: 1/4 and 3/4. Node 3: 1/4, 1/4, 1/2. Each over eight equal operations.
    expected = np.array([1 / 4, 3 / 4, 1 / 4, 1 / 4, 1 / 2]) / 8
    np.testing.assert_allclose(weigh("pc", alphas), expected[:, None] * np.ones(8), rtol=1e-5)


def test_fairness_rewards_decisions():
    decided, open_ = tf.constant([[9.0, -9.0]]), tf.zeros([1, 2])
    assert float(variants.fairness_penalty(open_)) == 0.0
    # -10 * (sigmoid(9) - 0.5)^2
    assert float(variants.fairness_penalty(decided)) == pytest.approx(
        -10 * 0.4998766**2, rel=1e-5
    )


def test_the_penalty_is_the_mean_over_both_kinds_of_cells_as_published(monkeypatch):
    made = mixture(replace(VARIANTS["fair"], operations=TWO), DartsTraining(batch_size=8))
    monkeypatch.setattr(made, "_loss", lambda batch: tf.constant(2.0))
    for kind, value in (("normal", 9.0), ("reduce", 0.0)):  # decided, and not at all
        made.alphas[kind].assign(np.full((5, 2), value))
    # 2 - 10 * mean of (sigmoid - 1/2)^2 over all: half of them 0.25 nearly, half 0.
    assert float(made._valid_loss(None)) == pytest.approx(2 - 10 * 0.4998766**2 / 2, rel=1e-5)
    # The authors' rates, where DARTS has 0.025 and 3e-4, and betas (0.5, 0.999).
    assert made.rate(0) == pytest.approx(0.005)
    assert made.rate(50) == pytest.approx(0.001)
    adam = made.bilevel.adam
    assert float(adam.learning_rate) == pytest.approx(3e-3)
    assert (adam.beta_1, adam.beta_2) == (0.9, 0.999)


@pytest.mark.parametrize("name", VARIANTS)
def test_what_a_variant_derives_is_in_the_space_that_reports_read(name):
    settings = Settings("images", 1, 1, 1, space="darts", strategy="gradient", variant=name)
    space = settings.kit.space(settings)
    variant = VARIANTS[name]
    made = ImageDARTS.__new__(ImageDARTS)  # no network is needed
    made._variant, made.operations, made.space = variant, variant.operations, space
    rng = np.random.default_rng(0)
    for top in (0.5, 1.0):
        tables = {kind: top * rng.random((14, len(variant.operations))) for kind in KINDS}
        architecture = made.derive(tables)
        assert space.parse(str(architecture)) == architecture
    assert ("none" in space.operations) == (variant.threshold > 0)


def test_some_channels_pass_the_others_by_and_are_shuffled():
    edge = mixed_operations.Edge(
        small(mix=some_channels)._layers_here.at("cell0"), 2, 0, CANDIDATES, 4, 1
    )
    x, weights = tf.constant(images(2, 8, 8, 4)), np.zeros(8, np.float32)
    # Of four channels the first is mixed, here to nothing, and groups of one stay in place.
    found = some_channels(edge, x, weights).numpy()
    np.testing.assert_array_equal(found[..., 1:], x[..., 1:])
    assert not found[..., 0].any()
    order = mixed_operations.shuffled(tf.reshape(tf.range(8.0), [1, 1, 1, 8]), 4)
    assert np.asarray(order).ravel().tolist() == [0, 2, 4, 6, 1, 3, 5, 7]


def test_one_operation_runs_the_chosen_one_and_its_gradient_reaches_all_alphas():
    network = small(mix=mixed_operations.one_operation)
    edge = mixed_operations.Edge(network._layers_here.at("cell0"), 2, 0, CANDIDATES, 4, 1)
    x = tf.constant(images(2, 8, 8, 4))
    for chosen, name in enumerate(CANDIDATES):
        weights = tf.Variable(tf.one_hot(chosen, 8))
        with tf.GradientTape() as tape:
            found = mixed_operations.one_operation(edge, x, weights)
        np.testing.assert_allclose(found, edge.candidate(name, x), atol=1e-6)
        slopes = tape.gradient(found, weights).numpy()
        # An operation that was not run has the sum of ones as its gradient.
        assert np.delete(slopes, chosen) == pytest.approx([np.size(found)] * 7)


def test_one_operation_computes_no_other():
    network = small(mix=mixed_operations.one_operation)

    @tf.function(autograph=False)
    def run(weights):
        edge = mixed_operations.Edge(network._layers_here.at("cell0"), 2, 0, CANDIDATES, 4, 1)
        return mixed_operations.one_operation(edge, tf.constant(images(2, 8, 8, 4)), weights)

    graph = run.get_concrete_function(tf.TensorSpec([8])).graph
    outside = {op.type for op in graph.get_operations()}
    assert not outside & {"Conv2D", "DepthwiseConv2dNative", "MaxPool", "AvgPool"}
    assert outside & {"Case", "StatelessCase"}


# --- the search -------------------------------------------------------------------------


def task(rows: int = 48, classes: int = 3) -> Task:
    """Noise whose mean tells the class."""

    def fold(n: int, seed: int) -> Fold:
        labels = np.arange(n, dtype=np.int32) % classes
        return Fold(images(n, 8, 8, 1, seed=seed) + labels[:, None, None, None], labels)

    names = tuple("abcdef"[:classes])
    return Task("stripes", "multiclass", fold(rows, 0), fold(18, 1), fold(6, 2), classes=names)


QUICK = DartsTraining(epochs=2, batch_size=8)
TWO = ("sep_conv_3x3", "skip_connect")
# Two candidates make a graph that is compiled in a moment.
FEW = replace(VARIANTS["plain"], operations=TWO)


def mixture(variant=FEW, training=QUICK, seed: int = 0, of: Task | None = None) -> ImageDARTS:
    return ImageDARTS(of or task(), variant, training, 2, 4, 1, seed=seed)


def search(training=QUICK, rule=never, **more) -> GradientSearch:
    made = mixture(training=training, **more)
    return GradientSearch(made, training.epochs, rule, made.eigenvalue)


@pytest.mark.slow
def test_a_search_moves_alphas_and_tells_what_shows_a_collapse():
    made = search(training=replace(QUICK, eigenvalue_every=2))
    first = {kind: alphas.numpy() for kind, alphas in made.supernet.alphas.items()}
    epochs = list(made.run())
    assert [epoch.number for epoch in epochs] == [0, 1]
    assert made.chosen is epochs[-1]
    again = search()
    again.restore(made.state())
    assert again.chosen.architecture == made.chosen.architecture
    # One cell: the reduction; so the alphas of normal cells have no gradient but their decay.
    assert (made.supernet.alphas["reduce"].numpy() != first["reduce"]).any()
    for epoch in epochs:
        assert set(epoch.tables) == set(epoch.entropy) == set(KINDS)
        assert 0 <= epoch.mixed <= 1
        assert epoch.entropy["reduce"] == pytest.approx(math.log(2), abs=0.01)
        assert CellSpace(2, TWO, distinct=True, output="all").parse(str(epoch.architecture))
    assert epochs[0].eigenvalue is not None
    assert epochs[1].eigenvalue is None


@pytest.mark.slow
def test_a_search_goes_on_from_its_state_as_if_it_had_not_been_interrupted():
    whole, second = search(), search()
    whole.advance()
    second.restore(whole.state())
    expected, found = whole.advance(), second.advance()
    assert replace(found, tables={}) == replace(expected, tables={})
    np.testing.assert_array_equal(found.tables["reduce"], expected.tables["reduce"])


@pytest.mark.slow
def test_equal_seeds_give_equal_searches_to_the_bit():
    one = replace(QUICK, epochs=1)
    [first], [again] = (list(search(training=one).run()) for _ in range(2))
    assert (first.train_loss, first.valid_loss) == (again.train_loss, again.valid_loss)
    np.testing.assert_array_equal(first.tables["reduce"], again.tables["reduce"])
    other = search(seed=1)
    assert (other.supernet.alphas["reduce"].numpy() != mixture().alphas["reduce"].numpy()).any()


def test_the_rule_ends_a_search_and_says_which_epoch_to_take():
    made = search(replace(QUICK, epochs=5), lambda epochs: 0 if len(epochs) == 2 else None)
    assert len(list(made.run())) == 2
    assert made.chosen.number == 0


def test_epochs_are_trials_of_the_search_loop():
    made = search()
    strategy = GradientStrategy(made)
    history = loop(strategy, GradientEvaluator(made), History(), trials=5, per_round=1)
    assert [trial.id for trial in history.trials] == [0, 1]  # then it is over
    for trial, epoch in zip(history.trials, made.epochs, strict=True):
        assert epoch.architecture == trial.architecture
        assert trial.predicted == epoch.mixed
    assert made.validate(strategy.sample(1)) == [history.trials[-1].score]


def test_the_weights_that_an_architecture_uses_are_those_of_its_network():
    network = small()
    model = darts_network(PARAMETRIC, (8, 8, 1), (3, "linear"), 4, 3)
    assert network.count(PARAMETRIC) == without_norms(model)


def test_snas_moves_weights_and_alphas_down_one_gradient_on_all_rows(monkeypatch):
    variant = replace(VARIANTS["snas"], operations=TWO)
    made, seen = mixture(variant), []
    batch = made.batch
    monkeypatch.setattr(made, "batch", lambda rows, rng: seen.append(rows) or batch(rows, rng))
    monkeypatch.setattr(made.bilevel, "step", None)  # which would take them in turns
    before = [v.numpy() for v in (*made.bilevel.weights, *made.bilevel.alphas)]
    train_loss, valid_loss = made.train(0)
    assert train_loss == valid_loss
    assert sorted(np.concatenate(seen)) == list(range(48))
    after = [v.numpy() for v in (*made.bilevel.weights, *made.bilevel.alphas)]
    moved = [(new != old).any() for new, old in zip(after, before, strict=True)]
    assert all(moved[-2:])
    assert any(moved[:-2])
    # All rows may be one batch, where two levels need a batch for each.
    mixture(variant, replace(QUICK, batch_size=48))


def test_in_warm_epochs_the_alphas_rest():
    made = search(training=replace(QUICK, epochs=1, warm=1))
    before = [alphas.numpy() for alphas in made.supernet.alphas.values()]
    [epoch] = made.run()
    assert epoch.train_loss > 0
    assert epoch.valid_loss is None  # no validation batch was read
    for alphas, old in zip(made.supernet.alphas.values(), before, strict=True):
        np.testing.assert_array_equal(alphas.numpy(), old)


# The parts of the others are tested above.
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "gdas",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("pc", "fair", "minus", "snas")),
    ],
)
def test_every_variant_makes_an_epoch(name):
    variant = VARIANTS[name]
    few = replace(variant, operations=TWO)
    [epoch] = search(replace(QUICK, epochs=1), variant=few).run()
    assert np.isfinite(epoch.train_loss)
    assert epoch.tables["normal"].shape == (5, 2)


def test_a_search_that_diverges_ends_with_its_last_good_genotype(caplog):
    made = search(training=replace(QUICK, epochs=3))
    epochs = []
    with caplog.at_level(logging.WARNING, "mlpnas"):
        for epoch in made.run():
            epochs.append(epoch)
            made.supernet.alphas["reduce"].assign(np.full((5, 2), np.nan))
    assert len(epochs) == 1
    assert made.advance() is None
    assert made.chosen is epochs[0]
    assert "diverged in epoch 1" in caplog.text


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (task(rows=15), "15 training rows, half of which .* expected at least 16"),
        (
            replace(task(), valid=Fold(images(0, 8, 8, 1), np.zeros(0, np.int32))),
            "no validation",
        ),
        (task(classes=1), r"has the classes \('a',\), expected two or more"),
    ],
)
def test_data_on_which_nothing_can_be_found_are_refused(of, message):
    with pytest.raises(InputError, match=message):
        search(of=of)


# --- when to stop -----------------------------------------------------------------------


def epoch(
    number: int, eigenvalue: float | None = None, table: np.ndarray | None = None
) -> Epoch:
    both = dict.fromkeys(KINDS, scores() if table is None else table)
    cells = {kind: derive(own, CANDIDATES) for kind, own in both.items()}
    found = CellSpace.darts(2).from_cells(cells)
    return Epoch(number, 1.0, 1.0, 0.5, found, CANDIDATES, both, eigenvalue)


def test_a_rising_eigenvalue_stops_and_returns_to_where_it_was_low():
    # Evaluated every 2 epochs. The mean of the last five is (1 + 4 * 1.5) / 5 = 1.4; that of
    # the five which end four evaluations earlier is 1, and its middle is evaluation 7.
    history = [epoch(2 * i, value) for i, value in enumerate([1.0] * 10 + [1.5] * 4)]
    assert stopping.eigenvalue_grew(history) == 14
    assert stopping.eigenvalue_grew(history, warm=14) is None
    assert stopping.eigenvalue_grew([epoch(2 * i, 1.0) for i in range(14)]) is None
    assert stopping.eigenvalue_grew(history[:5]) is None


def test_two_skips_in_the_normal_cell_stop_and_the_epoch_before_is_taken():
    skips = scores(edge_0={"skip_connect": 0.9}, edge_3={"skip_connect": 0.9})
    assert derive(skips, CANDIDATES).skips == 2
    assert stopping.two_skips([epoch(0)]) is None
    assert stopping.two_skips([epoch(0), epoch(1, table=skips)]) == 0


def test_a_ranking_of_convolutions_that_stays_stops():
    other = scores(edge_0={"sep_conv_5x5": 0.9})
    pools = scores(edge_0={"max_pool_3x3": 0.9})  # no convolution changes places
    still = [epoch(i, table=pools if i % 2 else None) for i in range(11)]
    assert stopping.ranking_stable(still) == 10
    assert stopping.ranking_stable([*still[:10], epoch(10, table=other)]) is None
    assert stopping.ranking_stable(still[:10]) is None


def provoking(rule: str, epochs: int) -> list[Epoch]:
    """A history on which the rule acts as soon as it can."""
    if rule == "eigenvalue":
        return [epoch(i, 2.0**i) for i in range(epochs)]
    skips = scores(edge_0={"skip_connect": 0.9}, edge_3={"skip_connect": 0.9})
    return [epoch(i, table=skips) for i in range(epochs)]


@pytest.mark.parametrize("rule", ["eigenvalue", "skips", "ranking"])
@pytest.mark.parametrize("warm", [0, 3, 15])
def test_a_rule_acts_in_the_epoch_that_is_told_beforehand_and_not_before(rule, warm):
    acts, first = stopping.after(warm, stopping.RULES[rule]), earliest(rule, warm)
    assert acts(provoking(rule, first - 1)) is None
    found = acts(provoking(rule, first))
    assert warm <= found < first


def test_epochs_in_which_alphas_rest_end_no_search():
    # The first alphas may have two skips, and their ranking stays while they rest.
    for rule in ("skips", "ranking"):
        acts = stopping.after(15, stopping.RULES[rule])
        assert acts(provoking(rule, 15)) is None


def test_one_hot_names_the_edges_of_a_cell():
    cell = derive(scores(edge_3={"dil_conv_5x5": 0.9}), CANDIDATES)
    weights = one_hot(cell, CANDIDATES)
    assert weights.sum() == 4
    assert weights[FOUR_EDGES.index((1, 3)), CANDIDATES.index("dil_conv_5x5")] == 1
