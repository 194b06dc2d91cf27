"""The controller is one distribution: what it samples, what it scores, what it learns from.

Each property is checked on the four tiny spaces, so on every kind of decision: choice with
an early stop, pointer, bit, and pointer to nodes that no decision describes; and on one in
which depth and legality follow from earlier tokens.
"""

import math
from collections import Counter
from functools import cache

import numpy as np
import pytest
import tensorflow as tf
from spaces import SMALL_MLP, TINY, CellSpace, MacroSpace

from cnnnas.space.zoph_space import ZophSpace
from mlpnas.core.strategies.controller.adversarial_predictor import PredictionLearner
from mlpnas.core.strategies.controller.controller import Controller, padded
from mlpnas.core.strategies.controller.learner import ReinforceLearner, load, saved
from mlpnas.space import MLPSpace

CONDITIONAL = ZophSpace(2, (1, 3), (8, 16), types=("conv", "max"), other_depths=(1,))
SPACES = (*TINY, CONDITIONAL)
every_kind = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)


@cache
def shared(space) -> Controller:
    """An untrained controller whose heads are far from uniform; not to be trained."""
    controller = Controller(space, units=12, seed=3)
    for variable in controller.policy_head_variables() + controller.trunk_variables():
        variable.assign(variable * 3.0)
    return controller


def all_tokens(space) -> np.ndarray:
    return padded([a.tokens for a in space], len(space.decisions))


def draw(controller: Controller, n: int, seed=(1, 2)):
    walks, _ = controller.sample(tf.constant(n), tf.constant(seed))
    return type(walks)(*(part.numpy() for part in walks))


# --- one distribution -------------------------------------------------------------------


@every_kind
def test_teacher_forcing_repeats_what_the_sampler_said(space):
    controller = shared(space)
    sampled = draw(controller, 64)
    forced = controller.teacher_force(tf.constant(sampled.tokens))
    np.testing.assert_allclose(forced.log_probs, sampled.log_probs, atol=1e-5)
    np.testing.assert_allclose(forced.entropies, sampled.entropies, atol=1e-5)
    np.testing.assert_allclose(forced.summary, sampled.summary, atol=1e-5)
    assert (forced.lengths.numpy() == sampled.lengths).all()


@every_kind
def test_the_score_expected_of_a_sample_is_the_one_expected_of_its_tokens(space):
    controller = shared(space)
    walks, expected = controller.sample(tf.constant(16), tf.constant((1, 2)))
    np.testing.assert_allclose(controller.expect(walks.tokens), expected, atol=1e-6)
    assert ((expected.numpy() > 0) & (expected.numpy() < 1)).all()


@every_kind
def test_every_sample_is_a_member_with_zeros_after_its_end(space):
    sampled = draw(shared(space), 200)
    for tokens, length in zip(sampled.tokens, sampled.lengths, strict=True):
        space.architecture(tokens[:length])
        assert (tokens[length:] == 0).all()


@every_kind
def test_the_probabilities_of_all_members_sum_to_one(space):
    log_probs = shared(space).teacher_force(tf.constant(all_tokens(space))).log_probs
    assert len(log_probs) == space.size()
    assert float(tf.reduce_sum(tf.exp(log_probs))) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "space",
    [CellSpace(4, ("tanh", "relu")), MacroSpace(3, ("conv", "pool"))],
    ids=lambda space: space.name,
)
def test_the_probabilities_also_sum_to_one_where_anchors_are_many(space):
    log_probs = shared(space).teacher_force(tf.constant(all_tokens(space))).log_probs
    assert float(tf.reduce_sum(tf.exp(log_probs))) == pytest.approx(1, abs=1e-5)


@every_kind
def test_architectures_are_sampled_as_often_as_their_probability_says(space):
    # A count in 4,000 draws is binomial; over at most 128 members with 6 standard deviations
    # plus one count of room (rare members are skewed), a sound sampler fails under a fresh
    # seed less than once in 10,000 runs.
    n = 4000
    controller = shared(space)
    tokens = all_tokens(space)
    chances = np.exp(controller.teacher_force(tf.constant(tokens)).log_probs)
    counts = Counter(map(tuple, draw(controller, n).tokens.tolist()))
    assert chances.max() > 3 * chances.min(), "a uniform policy would prove little"
    for walk, p in zip(map(tuple, tokens.tolist()), chances, strict=True):
        assert abs(counts[walk] - n * p) < 6 * math.sqrt(n * p * (1 - p)) + 1, (walk, p)


@every_kind
def test_entropy_is_the_expected_surprisal_and_below_its_ceiling(space):
    # Averaged over the policy, the summed entropies along the walks are the entropy of the
    # distribution over architectures (chain rule), which is at most log(size).
    walks = shared(space).teacher_force(tf.constant(all_tokens(space)))
    log_p, entropies = walks.log_probs.numpy(), walks.entropies.numpy()
    whole = float(-(np.exp(log_p) @ log_p))
    assert float(np.exp(log_p) @ entropies) == pytest.approx(whole, abs=1e-4)
    assert whole <= math.log(space.size())
    ceiling = sum(math.log(len(d.open_ids())) for d in space.decisions)
    assert entropies.max() <= ceiling + 1e-5


def test_a_forced_token_contributes_nothing():
    # At max_layers=2 the second token is the head, always: one decision of 28 is left.
    space = MLPSpace((10, "softmax"), max_layers=2)
    walks = shared(space).teacher_force(tf.constant(all_tokens(space)))
    assert float(tf.reduce_sum(tf.exp(walks.log_probs))) == pytest.approx(1, abs=1e-5)
    assert np.ptp(walks.entropies) == 0
    # The cell's node 1 can only point at node 0.
    cell = CellSpace(2, ("tanh",))
    assert draw(shared(cell), 3).log_probs.tolist() == [0, 0, 0]


def test_what_an_earlier_token_closed_has_no_probability_and_no_entropy():
    # After a pool the filters are no choice: three decisions of two options are left of
    # type, height, width and filters. Both lengths of walk are drawn.
    sampled = draw(shared(CONDITIONAL), 200)
    pools = (sampled.tokens[:, 0] == 0) & (sampled.tokens[:, 1] == 1)
    assert pools.any()
    assert (sampled.tokens[pools, 4] == 0).all()
    assert sampled.entropies[pools].max() <= 4 * math.log(2)  # and the number of layers
    assert set(sampled.lengths) == {5, 10}


def test_padding_does_not_enter_log_probability_or_summary():
    controller = shared(SMALL_MLP)
    short = SMALL_MLP.parse("(8, 'tanh'), (3, 'softmax')").tokens
    clean = padded([short], 3)
    dirty = clean.copy()
    dirty[0, len(short) :] = 4
    a, b = (controller.teacher_force(tf.constant(tokens)) for tokens in (clean, dirty))
    assert a.log_probs.numpy() == b.log_probs.numpy()
    assert (a.summary.numpy() == b.summary.numpy()).all()
    assert a.lengths.numpy() == b.lengths.numpy() == [2]


@every_kind
def test_the_summary_tells_every_architecture_apart(space):
    summaries = shared(space).teacher_force(tf.constant(all_tokens(space))).summary.numpy()
    distances = np.abs(summaries[:, None] - summaries[None]).max(axis=2)
    assert (distances + np.eye(len(summaries)) > 1e-6).all()


# --- seeds and compilation --------------------------------------------------------------


@every_kind
def test_equal_seeds_draw_equal_architectures_and_other_seeds_others(space):
    controller = shared(space)
    first, again = draw(controller, 30), draw(controller, 30)
    assert (first.tokens == again.tokens).all()
    assert (first.tokens != draw(controller, 30, seed=(1, 3)).tokens).any()
    assert (first.tokens != draw(controller, 30, seed=(2, 2)).tokens).any()


def test_equal_seeds_make_equal_weights_and_other_seeds_others():
    a, b, c = (Controller(SMALL_MLP, 8, seed=seed).get_weights() for seed in (0, 0, 1))
    assert all((x == y).all() for x, y in zip(a, b, strict=True))
    assert any((x != y).any() for x, y in zip(a, c, strict=True))


def test_one_compiled_call_serves_any_number_of_samples():
    controller = Controller(SMALL_MLP, units=4)
    for n in (1, 10, 33, 100):
        assert draw(controller, n).tokens.shape == (n, 3)
    assert controller.sample.experimental_get_tracing_count() == 1


def test_the_reference_controller_has_the_parameters_of_its_layers():
    # LSTM 4 * 128 * (128 + 128 + 1) = 131,584; policy head 128 * 30 + 30 = 3,870;
    # accuracy head 129; embedding 30 * 128 = 3,840; start vector 128.
    controller = Controller(MLPSpace((10, "softmax")), units=128)
    assert controller.count_params() == 131_584 + 3_870 + 129 + 3_840 + 128


# --- gradients --------------------------------------------------------------------------


def gradients(loss, variables) -> list:
    with tf.GradientTape() as tape:
        value = loss()
    return tape.gradient(value, variables)


def fresh_learner(space=SMALL_MLP, **settings) -> ReinforceLearner:
    return ReinforceLearner(Controller(space, units=8, seed=1), **settings)


def fresh_predictor(space=SMALL_MLP, **settings) -> PredictionLearner:
    return PredictionLearner(Controller(space, units=8, seed=1), **settings)


def policy_gradient(learner, tokens, coefficients) -> list[np.ndarray]:
    controller = learner.controller
    variables = controller.policy_head_variables() + controller.trunk_variables()
    loss = lambda: learner.loss(tf.constant(tokens), tf.constant(coefficients))  # noqa: E731
    return [
        np.zeros(v.shape) if g is None else tf.convert_to_tensor(g).numpy()
        for g, v in zip(gradients(loss, variables), variables, strict=True)
    ]


def largest_difference(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


@every_kind
def test_the_order_of_architecture_and_reward_pairs_does_not_matter(space):
    learner = fresh_learner(space)
    tokens = draw(learner.controller, 12).tokens
    rng = np.random.default_rng(0)
    coefficients, order = rng.normal(size=12).astype(np.float32), rng.permutation(12)
    straight = policy_gradient(learner, tokens, coefficients)
    permuted = policy_gradient(learner, tokens[order], coefficients[order])
    assert largest_difference(straight, permuted) < 1e-6
    # ... but rewards that went to other architectures do.
    mismatched = policy_gradient(learner, tokens, coefficients[order])
    assert largest_difference(straight, mismatched) > 1e-4


@every_kind
def test_changing_one_sampled_token_changes_the_gradient(space):
    learner = fresh_learner(space, entropy=0.0)
    architecture = list(space)[-1]
    neighbour = space.neighbours(architecture)[0]
    one = np.ones(1, np.float32)
    length = len(space.decisions)
    a, b = (
        policy_gradient(learner, padded([x.tokens], length), one)
        for x in (architecture, neighbour)
    )
    assert largest_difference(a, b) > 1e-4


def test_the_batch_gradient_is_the_sum_over_single_architectures():
    # No credit leaks from one architecture to another.
    learner = fresh_learner(entropy=0.0)
    tokens = draw(learner.controller, 5).tokens
    c = np.array([0.3, -0.2, 0.5, 0.0, -0.7], np.float32)
    singles = [policy_gradient(learner, tokens[i : i + 1], c[i : i + 1]) for i in range(5)]
    summed = [np.sum(parts, axis=0) for parts in zip(*singles, strict=True)]
    assert largest_difference(policy_gradient(learner, tokens, c), summed) < 1e-6


def test_the_policy_gradient_agrees_with_finite_differences_of_the_expected_reward():
    # Exactly: weight every member's coefficient by its probability, and compare the ascent
    # along one direction with the change of E[r] along it.
    learner = fresh_learner(entropy=0.0)
    controller, tokens = learner.controller, all_tokens(SMALL_MLP)
    rewards = np.random.default_rng(0).random(len(tokens))

    def expected_reward() -> float:
        log_probs = controller.teacher_force(tf.constant(tokens)).log_probs.numpy()
        return float(np.exp(log_probs.astype(np.float64)) @ rewards)

    chances = np.exp(controller.teacher_force(tf.constant(tokens)).log_probs.numpy())
    ascent = policy_gradient(learner, tokens, (chances * (rewards - 0.5)).astype(np.float32))
    variables = controller.policy_head_variables() + controller.trunk_variables()
    rng, step = np.random.default_rng(1), 1e-2
    for _ in range(3):
        directions = [rng.normal(size=v.shape).astype(np.float32) for v in variables]
        slope = -sum(float((g * d).sum()) for g, d in zip(ascent, directions, strict=True))
        values, before = [], [v.numpy() for v in variables]
        for sign in (1, -1):
            for v, start, d in zip(variables, before, directions, strict=True):
                v.assign(start + sign * step * d)
            values.append(expected_reward())
        for v, start in zip(variables, before, strict=True):
            v.assign(start)
        assert slope == pytest.approx((values[0] - values[1]) / (2 * step), rel=0.03, abs=1e-4)


def prediction_gradients(learner, variables) -> list:
    tokens = draw(learner.controller, 6).tokens
    scores, weights = tf.linspace(0.1, 0.9, 6), tf.ones((6, 1))
    loss = lambda: learner.loss(tf.constant(tokens), scores, weights)  # noqa: E731
    return gradients(loss, variables)


@every_kind
def test_the_policy_loss_never_reaches_the_accuracy_head(space):
    learner = fresh_learner(space)
    tokens = tf.constant(draw(learner.controller, 6).tokens)
    loss = lambda: learner.loss(tokens, tf.ones(6))  # noqa: E731
    assert gradients(loss, learner.controller.accuracy_head_variables()) == [None, None]


@every_kind
@pytest.mark.parametrize("routing", ["shared", "detached"])
def test_the_prediction_error_never_reaches_the_policy_heads(space, routing):
    learner = fresh_predictor(space, routing=routing)
    heads = learner.controller.policy_head_variables()
    assert prediction_gradients(learner, heads) == [None] * len(heads)


def test_shared_routing_lets_the_prediction_error_into_the_trunk_and_detached_does_not():
    for routing, reached in [("shared", True), ("detached", False)]:
        learner = fresh_predictor(routing=routing)
        trunk = learner.controller.trunk_variables()
        found = [g is not None for g in prediction_gradients(learner, trunk)]
        assert found == [reached] * len(trunk)
        head = learner.controller.accuracy_head_variables()
        assert None not in prediction_gradients(learner, head)


@every_kind
def test_heads_and_trunk_are_all_the_variables_there_are(space):
    controller = shared(space)
    parts = (
        controller.policy_head_variables(),
        controller.accuracy_head_variables(),
        controller.trunk_variables(),
    )
    ids = [id(v) for part in parts for v in part]
    assert len(set(ids)) == len(ids)
    assert set(ids) == {id(v) for v in controller.trainable_variables}


# --- learning ---------------------------------------------------------------------------


def weights_of(learner: ReinforceLearner | PredictionLearner) -> list[np.ndarray]:
    return learner.controller.get_weights()


def policy_step(learner, tokens, coefficients):
    """A step of REINFORCE, to which it makes no difference how likely the walks were."""
    return learner.step(
        tokens, coefficients.astype(np.float32), np.zeros(len(tokens), np.float32)
    )


@every_kind
def test_one_step_makes_a_rewarded_architecture_likelier_in_every_kind_of_space(space):
    learner = fresh_learner(space, entropy=0.0)
    tokens = padded([list(space)[-1].tokens], len(space.decisions))
    before = float(learner.controller.teacher_force(tf.constant(tokens)).log_probs[0])
    policy_step(learner, tokens, np.ones(1))
    assert float(learner.controller.teacher_force(tf.constant(tokens)).log_probs[0]) > before


def test_any_batch_size_makes_a_finite_step_in_one_compiled_function():
    learner = fresh_learner()
    predictor = PredictionLearner(learner.controller)
    for n in (1, 2, 33, 100):
        tokens = draw(learner.controller, n).tokens
        policy_step(learner, tokens, np.full(n, 0.1))
        half, ones = np.full(n, 0.5, np.float32), np.ones((n, 1), np.float32)
        predictor.step(tokens, half, ones)
        assert all(np.isfinite(w).all() for w in weights_of(learner))
    assert learner.step.experimental_get_tracing_count() == 1


def test_zero_advantage_without_entropy_bonus_leaves_the_policy_alone():
    learner = fresh_learner(entropy=0.0)
    before = weights_of(learner)
    for _ in range(3):
        tokens = draw(learner.controller, 10).tokens
        loss = policy_step(learner, tokens, np.zeros(10))
        assert float(loss) == 0
    assert all((a == b).all() for a, b in zip(before, weights_of(learner), strict=True))


def test_the_entropy_bonus_alone_flattens_the_policy():
    learner = fresh_learner(entropy=1.0)
    tokens = all_tokens(SMALL_MLP)

    def entropy() -> float:
        walks = learner.controller.teacher_force(tf.constant(tokens))
        return float(-tf.reduce_sum(tf.exp(walks.log_probs) * walks.log_probs))

    before = entropy()
    for _ in range(30):
        policy_step(learner, tokens, np.zeros(len(tokens)))
    assert before < entropy() <= math.log(SMALL_MLP.size())


def test_the_optimizers_persist_from_step_to_step():
    learner = fresh_learner()
    predictor = PredictionLearner(learner.controller)
    tokens = draw(learner.controller, 4).tokens
    for _ in range(3):
        policy_step(learner, tokens, np.ones(4))
    predictor.step(tokens, np.ones(4, np.float32), np.ones((4, 1), np.float32))
    iterations = [int(np.asarray(one.variables[0])) for one in (learner, predictor)]
    assert iterations == [3, 1]


@pytest.mark.parametrize("make", [ReinforceLearner, PredictionLearner])
def test_the_rate_falls_with_the_steps_since_the_search_began(make):
    # The reference's 0.01 / (1 + 0.1 * steps); half of it is left after ten.
    learner = make(Controller(SMALL_MLP, units=4), decay=0.1)
    steps, rate = learner.variables[0], learner._descent._optimizer
    for done, expected in ((0, 0.01), (1, 0.01 / 1.1), (10, 0.005), (90, 0.001)):
        steps.assign(done)
        assert float(rate.learning_rate) == pytest.approx(expected)


def test_the_prediction_head_learns_a_simple_score():
    # The score is the fraction of relu layers; mean squared error falls below a tenth.
    learner = fresh_predictor()
    relu = [str(a).count("relu") / 2 for a in SMALL_MLP]
    tokens, scores = all_tokens(SMALL_MLP), np.array(relu, np.float32)
    weights = np.ones((len(scores), 1), np.float32)
    errors = [float(learner.step(tokens, scores, weights)) for _ in range(150)]
    assert errors[-1] < errors[0] / 10


def every_variable(learner: ReinforceLearner) -> list:
    return [*learner.controller.variables, *learner.variables]


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_saved_and_load_continue_to_the_bit(decay):
    straight, resumed = fresh_learner(decay=decay), fresh_learner(decay=decay)
    tokens = draw(straight.controller, 6).tokens
    coefficients = np.linspace(-1, 1, 6)
    policy_step(straight, tokens, coefficients)
    load(every_variable(resumed), saved(every_variable(straight)))
    for learner in (straight, resumed):
        policy_step(learner, tokens, coefficients)
    pairs = zip(weights_of(straight), weights_of(resumed), strict=True)
    assert all((a == b).all() for a, b in pairs)


def test_padded_fills_with_zeros():
    assert padded([(1, 2), (3,)], 3).tolist() == [[1, 2, 0], [3, 0, 0]]
    assert padded([], 3).shape == (0, 3)
