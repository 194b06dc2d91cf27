"""The mathematics of REINFORCE against numbers worked out by hand and against enumeration."""

import numpy as np
import pytest
import tensorflow as tf

from mlpnas.core.strategies.controller import policy_gradient as pg

# A space of two tokens: one decision, options 0 and 1, logits (0, log 3): probabilities
# 1/4 and 3/4.
LOGITS = np.log([1.0, 3.0]).astype(np.float32)
CHANCES = np.array([0.25, 0.75])


# --- masking ----------------------------------------------------------------------------


def test_legal_probabilities_sum_to_one_and_illegal_ones_are_exactly_zero():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 50, (100, 7)).astype(np.float32)
    legal = rng.random((100, 7)) < 0.5
    legal[:, 3] = True
    probabilities = np.exp(pg.masked_log_softmax(logits, legal))
    assert (probabilities[~legal] == 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_one_mask_serves_all_rows():
    options = pg.masked_log_softmax(np.zeros((2, 3), np.float32), [True, False, True])
    np.testing.assert_allclose(np.exp(options), [[0.5, 0, 0.5]] * 2, atol=1e-7)


def test_a_single_legal_option_has_log_probability_exactly_zero():
    options = pg.masked_log_softmax(
        np.array([[-40.0, 3, 80]], np.float32), [True, False, False]
    )
    assert float(options[0, 0]) == 0


def test_the_mask_does_not_change_the_odds_between_legal_options():
    # exp(1), exp(2) without the middle one: 1 / (1 + e) and e / (1 + e).
    options = np.exp(
        pg.masked_log_softmax(np.array([[1.0, 9, 2]], np.float32), [True, False, True])
    )
    np.testing.assert_allclose(options, [[0.268941, 0, 0.731059]], atol=1e-6)


# --- entropy ----------------------------------------------------------------------------


def test_entropy_of_a_quarter_and_three_quarters():
    # -(0.25 ln 0.25 + 0.75 ln 0.75) = 0.25 * 1.386294 + 0.75 * 0.287682 = 0.562335
    assert float(pg.entropy(tf.nn.log_softmax(LOGITS))) == pytest.approx(0.562335, abs=1e-6)


def test_entropy_counts_legal_options_only_and_is_never_nan():
    legal = [True, True, False, False]
    uniform = pg.masked_log_softmax(np.zeros((1, 4), np.float32), legal)
    assert float(pg.entropy(uniform)[0]) == pytest.approx(np.log(2))
    forced = pg.masked_log_softmax(np.zeros((1, 4), np.float32), [True, False, False, False])
    assert float(pg.entropy(forced)[0]) == 0


def test_the_gradient_of_a_masked_entropy_is_finite():
    logits = tf.Variable([[5.0, -5.0, 0.0]])
    with tf.GradientTape() as tape:
        value = pg.entropy(pg.masked_log_softmax(logits, [True, True, False]))
    gradient = tape.gradient(value, logits).numpy()
    assert np.isfinite(gradient).all()
    assert gradient[0, 2] == 0


# --- the policy's loss ------------------------------------------------------------------


def test_policy_loss_by_hand():
    # -(0.5 * -1 + -0.25 * -2) - 0.1 / 2 * (0.6 + 0.4) = -(-0.5 + 0.5) - 0.05 = -0.05
    loss = pg.policy_loss(
        tf.constant([-1.0, -2.0]), tf.constant([0.5, -0.25]), tf.constant([0.6, 0.4]), 0.1
    )
    assert float(loss) == pytest.approx(-0.05)


def test_no_gradient_flows_into_the_coefficients():
    log_probs, coefficients = tf.Variable([-1.0, -2.0]), tf.Variable([0.5, -0.25])
    with tf.GradientTape() as tape:
        loss = pg.policy_loss(log_probs, coefficients, tf.zeros(2), 0.0)
    along, into = tape.gradient(loss, [log_probs, coefficients])
    np.testing.assert_allclose(along, [-0.5, 0.25])
    assert into is None


def expected_reward(logits: np.ndarray, rewards: np.ndarray) -> float:
    chances = np.exp(logits) / np.exp(logits).sum()
    return float(chances @ rewards)


def test_the_expected_gradient_is_the_gradient_of_the_expected_reward():
    # Over the two tokens the expectation is a sum: weight each token's A * grad log pi by its
    # probability. Finite differences of E[r] = pi_0 r_0 + pi_1 r_1 must agree with it, and
    # the baseline must not matter. By hand: dE/dlogit_1 = pi_0 pi_1 (r_1 - r_0)
    # = 3/16 * 0.6 = 0.1125.
    rewards, step = np.array([0.2, 0.8]), 1e-4
    for baseline in (0.0, 0.5, -3.0):
        logits = tf.Variable(LOGITS)
        with tf.GradientTape() as tape:
            log_probs = tf.nn.log_softmax(logits)
            coefficients = (CHANCES * (rewards - baseline)).astype(np.float32)
            loss = pg.policy_loss(log_probs, tf.constant(coefficients), tf.zeros(2), 0.0)
        ascent = -tape.gradient(loss, logits).numpy()
        differences = [
            (expected_reward(LOGITS + step * e, rewards) - expected_reward(LOGITS, rewards))
            / step
            for e in np.eye(2)
        ]
        np.testing.assert_allclose(ascent, differences, atol=1e-4)
        np.testing.assert_allclose(ascent, [-0.1125, 0.1125], atol=1e-6)


def test_a_better_than_usual_token_becomes_likelier_and_a_worse_one_rarer():
    # The defect this guards against: a loss that sums all log-probabilities ignores which
    # token was taken, and flattens the policy whatever the reward.
    for advantage, sign in [(1.0, 1), (-1.0, -1)]:
        logits = tf.Variable([0.0, 0.0, 0.0])
        with tf.GradientTape() as tape:
            taken = tf.nn.log_softmax(logits)[None, 1]
            loss = pg.policy_loss(taken, tf.constant([advantage]), tf.zeros(1), 0.0)
        ascent = -tape.gradient(loss, logits).numpy()
        # A (1[taken] - pi) with pi = 1/3.
        np.testing.assert_allclose(ascent, sign * np.array([-1, 2, -1]) / 3, atol=1e-6)


# --- the predictor's loss ---------------------------------------------------------------


def test_prediction_loss_by_hand():
    # Squared errors (0.1**2, 0.3**2; 0.2**2, 0): weights (1, 2; 0, 1):
    # (0.01 + 2 * 0.09 + 0 + 0) / 4 = 0.0475
    predicted = tf.constant([[0.6, 0.8], [0.7, 0.9]])
    weights = tf.constant([[1.0, 2.0], [0.0, 1.0]])
    loss = pg.prediction_loss(predicted, tf.constant([0.5, 0.9]), weights)
    assert float(loss) == pytest.approx(0.0475)


def test_prediction_loss_without_weight_is_zero_not_nan():
    assert float(pg.prediction_loss(tf.ones((2, 1)), tf.zeros(2), tf.zeros((2, 1)))) == 0


# --- the moving average -----------------------------------------------------------------


def test_moving_average_starts_at_the_first_mean_and_then_moves_a_tenth_of_the_way():
    average = pg.MovingAverage()
    assert average.before(np.array([0.4, 0.6])) == pytest.approx(0.5)
    average.update(np.array([0.4, 0.6]))
    assert average.value == pytest.approx(0.5)
    # A second batch is judged by the past alone, and counted afterwards: 0.9 * 0.5 + 0.1 * 1.
    assert average.before(np.array([1.0])) == pytest.approx(0.5)
    average.update(np.array([1.0]))
    assert average.value == pytest.approx(0.55)


@pytest.mark.parametrize("value", [0.7, 1 / 3, 0.1 + 0.2])
def test_equal_values_give_an_advantage_of_exactly_zero_for_ever(value):
    average = pg.MovingAverage()
    for n in (10, 10, 3, 1, 7):
        batch = np.full(n, value)
        assert (batch - average.before(batch) == 0).all()
        average.update(batch)


# --- surprise, gate, schedule -----------------------------------------------------------


def test_surprise_by_hand():
    # |0.9 - 0.6| - 0.1 = 0.2, over 0.1: 2.  |0.5 - 0.55| - 0.1 < 0: 0.  |1 - 0.1| - 0.1 = 0.8,
    # over 0.1: 8, clipped to 3. A child worse than expected is as surprising as a better one:
    # |0.2 - 0.45| - 0.1 = 0.15, over 0.1: 1.5.
    scores, predicted = np.array([0.9, 0.5, 1.0, 0.2]), np.array([0.6, 0.55, 0.1, 0.45])
    surprised = pg.surprise(scores, predicted, scale=0.1, noise_floor=0.1)
    np.testing.assert_allclose(surprised, [2, 0, 3, 1.5], atol=1e-4)


def test_a_predictor_that_is_always_right_surprises_nobody_and_divides_by_nothing():
    scores = np.array([0.3, 0.6])
    assert pg.surprise(scores, scores, scale=0.0).tolist() == [0, 0]


def test_the_gate_opens_for_scores_above_the_baseline():
    # sigmoid(0) = 0.5; sigmoid(0.05 / 0.05) = sigmoid(1) = 0.731059
    np.testing.assert_allclose(
        pg.gate(np.array([0.5, 0.55, 0.45]), 0.5), [0.5, 0.731059, 0.268941], atol=1e-6
    )
    with np.errstate(all="raise"):
        np.testing.assert_allclose(pg.gate(np.array([-1e6, 1e6]), 0.5), [0, 1], atol=1e-20)


def test_linear_decay_reaches_zero_and_stays_there():
    values = [pg.linear_decay(0.1, done) for done in (0, 0.25, 0.5, 1, 2)]
    assert values == pytest.approx([0.1, 0.075, 0.05, 0, 0])


# --- the control variate ----------------------------------------------------------------


def test_control_variate_by_hand():
    # M = 4, b = 0.5, U = {1, 3}:
    # (q - b) / 4 = (0.05, -0.05, 0.1, 0); (r - q) / 2 at 1: (0.7 - 0.3) / 2 = 0.2,
    # at 3: (0.4 - 0.5) / 2 = -0.05. A score that was never measured is not read.
    coefficients = pg.control_variate(
        scores=np.array([np.nan, 0.7, 0.9, 0.4]),
        predicted=np.array([0.7, 0.3, 0.9, 0.5]),
        uniform=np.array([False, True, False, True]),
        baseline=0.5,
    )
    np.testing.assert_allclose(coefficients, [0.05, 0.15, 0.1, -0.05], atol=1e-12)


def test_without_uniform_picks_the_predictor_alone_speaks():
    nothing = np.full(2, np.nan)
    coefficients = pg.control_variate(nothing, np.array([0.6, 0.2]), np.zeros(2, bool), 0.4)
    np.testing.assert_allclose(coefficients, [0.1, -0.1], atol=1e-12)


@pytest.mark.parametrize("predicted", [(0.5, 0.5), (0.2, 0.8), (0.9, 0.1)])
def test_the_control_variate_is_unbiased_whatever_the_predictor_believes(predicted):
    # Exact, by enumeration on the two-token space: M = 3 candidates make 2**3 batches, one
    # uniform pick makes 3 choices. The expectation must be E[(r - b) grad log pi], which is
    # (-0.1125, 0.1125) as above: the baseline drops out.
    rewards, q = np.array([0.2, 0.8]), np.array(predicted)
    score_function = np.eye(2) - CHANCES  # row t: grad log pi(t) with respect to the logits
    expectation = np.zeros(2)
    for batch in np.ndindex(2, 2, 2):
        tokens = np.array(batch)
        for pick in range(3):
            uniform = np.arange(3) == pick
            measured = np.where(uniform, rewards[tokens], np.nan)
            c = pg.control_variate(measured, q[tokens], uniform, baseline=0.4)
            expectation += CHANCES[tokens].prod() / 3 * (c @ score_function[tokens])
    np.testing.assert_allclose(expectation, [-0.1125, 0.1125], atol=1e-12)


def test_averaging_over_the_recommended_alone_would_be_biased():
    # The same enumeration, training only the candidate that the predictor likes best: what
    # the control variate is there to repair.
    rewards, q = np.array([0.2, 0.8]), np.array([0.3, 0.6])
    score_function = np.eye(2) - CHANCES
    expectation = np.zeros(2)
    for batch in np.ndindex(2, 2, 2):
        tokens = np.array(batch)
        best = tokens[np.argmax(q[tokens])]
        expectation += CHANCES[tokens].prod() * (rewards[best] - 0.4) * score_function[best]
    assert abs(expectation[1] - 0.1125) > 0.01
