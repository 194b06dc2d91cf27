"""OnPolicyStrategy: rewards and baselines by hand, and what a controller does under them."""

import math

import numpy as np
import pytest
import tensorflow as tf
from fakes import trials_of
from spaces import MacroSpace, MicroSpace

from mlpnas.core.strategies.controller import policy_gradient as pg
from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy, Policy

SPACE = MacroSpace(2)
QUICK = Policy(units=8, learning_rate=0.02)


class RecordingLearner:
    """Notes the batches handed to it."""

    variables = ()

    def __init__(self):
        self.batches = []

    def step(self, tokens, coefficients, sampled):
        self.batches.append((tokens, coefficients))


def played(strategy, rounds, reward, n=20):
    """The drawings of each round, after telling their rewards."""
    drawn = []
    for _ in range(rounds):
        drawn.append(strategy.ask(n))
        strategy.tell(trials_of(drawn[-1], reward))
    return drawn


# --- the loop ---------------------------------------------------------------------------


def test_repeats_are_asked_for_again_and_a_space_is_never_exhausted():
    drawn = played(OnPolicyStrategy(SPACE, policy=QUICK), 10, lambda a: 0.5)
    assert [len(d) for d in drawn] == [20] * 10
    assert len({a for d in drawn for a in d}) <= SPACE.size() == 72


def test_each_reward_is_compared_with_the_baseline_before_it_was_counted():
    # Without entropy: rewards .5 and .9, decay .9, first baseline 0:
    # A = .5 - 0; b = .05; A = .9 - .05 = .85; b = .05 + .1 * .85 = .135. Over N = 2.
    policy = Policy(units=4, entropy=0.0, decay=0.9, baseline=0.0)
    strategy = OnPolicyStrategy(SPACE, policy=policy)
    strategy._learner = learner = RecordingLearner()
    asked = strategy.ask(2)
    strategy.tell(trials_of(asked, dict(zip(asked, (0.5, 0.9), strict=True)).get))
    [(tokens, coefficients)] = learner.batches
    assert [tuple(row) for row in tokens.tolist()] == [a.tokens for a in asked]
    np.testing.assert_allclose(coefficients, [0.25, 0.425], rtol=1e-6)
    assert strategy._baseline.value == pytest.approx(0.135)


def test_entropy_is_a_bonus_on_the_reward():
    # Equal scores, one architecture per round: the second advantage is what entropy added.
    strategy = OnPolicyStrategy(SPACE, policy=Policy(units=4, entropy=0.1, baseline=0.5))
    strategy._learner = learner = RecordingLearner()
    played(strategy, 1, lambda a: 0.5, n=1)
    [(_, [coefficient])] = learner.batches
    # A fresh policy of this space has nearly its ceiling, 2 ln 6 + ln 2 = 4.277 nats.
    assert coefficient == pytest.approx(0.1 * math.log(72), rel=0.02)


def test_failed_trials_are_left_out():
    strategy = OnPolicyStrategy(SPACE, policy=Policy(units=4))
    strategy._learner = learner = RecordingLearner()
    asked = strategy.ask(3)
    strategy.tell(trials_of(asked, lambda a: None if a is asked[1] else 0.4))
    [(tokens, _)] = learner.batches
    assert [tuple(row) for row in tokens.tolist()] == [asked[0].tokens, asked[2].tokens]
    strategy.tell(trials_of(strategy.ask(2), lambda a: None))
    assert len(learner.batches) == 1


@pytest.mark.slow
def test_equal_seeds_draw_alike_and_samples_disturb_nothing():
    def first(a):
        return a.tokens[0] / 5

    a, b, c = (OnPolicyStrategy(SPACE, seed, QUICK) for seed in (0, 0, 1))
    b.sample(7)
    assert played(a, 3, first) == played(b, 3, first) != played(c, 3, first)
    assert a.sample(5) == b.sample(5)


def test_state_and_restore_continue_to_the_bit():
    def score(a):
        return sum(a.tokens) / 11

    straight, resumed = (OnPolicyStrategy(SPACE, policy=QUICK) for _ in range(2))
    played(straight, 2, score)
    resumed.restore(straight.state())
    assert played(straight, 2, score) == played(resumed, 2, score)
    pairs = zip(straight.state().values(), resumed.state().values(), strict=True)
    assert all((x == y).all() for x, y in pairs)


# --- what it learns ---------------------------------------------------------------------


def share(strategy, condition, n=500) -> float:
    return float(np.mean([condition(a) for a in strategy.sample(n)]))


def test_an_operation_that_pays_becomes_the_usual_one():
    policy = Policy(units=8, learning_rate=0.02, skip_weight=0.0)
    strategy = OnPolicyStrategy(SPACE, policy=policy)
    played(strategy, 60, lambda a: float(a.tokens[0] == 4))
    assert share(strategy, lambda a: a.tokens[0] == 4) > 0.9


def test_a_reward_that_is_always_the_same_moves_nothing():
    policy = Policy(units=8, entropy=0.0, skip_weight=0.0)
    strategy = OnPolicyStrategy(SPACE, policy=policy)
    before = strategy.controller.get_weights()
    played(strategy, 5, lambda a: 0.7)
    pairs = zip(before, strategy.controller.get_weights(), strict=True)
    assert all((x == y).all() for x, y in pairs)


@pytest.mark.slow
def test_the_skip_penalty_alone_drives_the_share_of_skips_towards_its_target():
    # From about 0.5. Adam's steps become small there, hence the tolerance.
    policy = Policy(units=8, learning_rate=0.02, entropy=0.0)
    strategy = OnPolicyStrategy(MacroSpace(4), policy=policy)
    played(strategy, 80, lambda a: 0.7, n=4)
    walks, _ = strategy.controller.sample(tf.constant(200), tf.constant((3, 4)))
    assert tf.sigmoid(walks.bits).numpy().mean() == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize(("scale", "expected"), [(1.0, 0.4), (0.5, 0.3077)])
def test_the_skip_penalty_is_least_at_the_target_that_its_log_odds_have(scale, expected):
    # With scale 0.5, as in the authors' program, sigmoid(l / 2) comes to 0.4: l / 2 is
    # ln(.4 / .6) = -.4055, and the true share sigmoid(-.811) = .3077.
    log_odds = np.linspace(-3, 3, 60_001, dtype=np.float32)
    best = log_odds[np.argmin(pg.skip_divergence(tf.constant(scale * log_odds), 0.4))]
    assert 1 / (1 + np.exp(-best)) == pytest.approx(expected, abs=1e-3)


def test_a_space_without_bits_has_no_skip_penalty():
    strategy = OnPolicyStrategy(MicroSpace(1), policy=Policy(units=4))
    assert strategy._penalty() is None
    played(strategy, 1, lambda a: 0.3)


def test_skip_divergence_by_hand():
    # p = sigmoid(.6) = .6457; KL to .4: .6457 ln(.6457 / .4) + .3543 ln(.3543 / .6)
    # = .3092 - .1867 = .1225. Zero at p = .4, finite for p = 0 and 1 in float32.
    log_odds = np.array([0.6, math.log(0.4 / 0.6), -80.0, 80.0], np.float32)
    divergence = pg.skip_divergence(tf.constant(log_odds), 0.4).numpy()
    expected = [0.1225, 0.0, -math.log(0.6), -math.log(0.4)]
    np.testing.assert_allclose(divergence, expected, atol=1e-4)
