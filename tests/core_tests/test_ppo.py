"""PPO: the clipped loss by hand, REINFORCE as its special case, and a bandit."""

import numpy as np
import pytest
import tensorflow as tf
from spaces import CellSpace

from mlpnas.core.strategies.controller import policy_gradient as pg
from mlpnas.core.strategies.controller.controller import Controller
from mlpnas.core.strategies.controller.learner import (
    ReinforceLearner,
    load,
    policy_variables,
    saved,
)
from mlpnas.core.strategies.controller.ppo import PPOLearner

SPACE = CellSpace(nodes=2, functions=("tanh", "relu"))


def batch(controller, n=6):
    """Tokens, coefficients and log-probabilities of some walks."""
    walks, _ = controller.sample(tf.constant(n), tf.constant([1, 2]))
    coefficients = tf.constant(np.linspace(-0.5, 1.0, n) / n, tf.float32)
    return walks.tokens, coefficients, walks.log_probs


def test_the_clipped_loss_by_hand():
    # Ratios 1.5, 1.5, 0.5, 0.5 with coefficients 1, -1, 1, -1 and eps 0.2:
    # min(1.5, 1.2) = 1.2; min(-1.5, -1.2) = -1.5; min(0.5, 0.8) = 0.5; min(-0.5, -0.8) =
    # -0.8. Their sum is -0.6, the loss 0.6; the entropy bonus takes 0.1 * 2 off.
    ratios, c = np.array([1.5, 1.5, 0.5, 0.5]), np.array([1.0, -1.0, 1.0, -1.0])
    args = (tf.constant(np.log(ratios)), tf.zeros(4, tf.float64), tf.constant(c))
    loss = pg.clipped_policy_loss(*args, tf.constant([2.0] * 4, tf.float64), 0.1, 0.2)
    assert float(loss) == pytest.approx(0.6 - 0.2)


def test_nothing_is_gained_beyond_the_clip():
    log_probs = tf.Variable(np.log([1.5, 1.5, 0.5, 0.5]))
    c = tf.constant([1.0, -1.0, 1.0, -1.0], tf.float64)
    with tf.GradientTape() as tape:
        loss = pg.clipped_policy_loss(log_probs, tf.zeros_like(c), c, tf.zeros_like(c), 0, 0.2)
    # Where the minimum is the clipped term it is constant; elsewhere d(rho c)/d log = rho c.
    np.testing.assert_allclose(tape.gradient(loss, log_probs), [0, 1.5, -0.5, 0])


def test_at_the_sampling_policy_the_gradient_is_that_of_reinforce():
    controller = Controller(SPACE, units=8)
    reinforce, ppo = ReinforceLearner(controller), PPOLearner(controller)
    tokens, coefficients, sampled = batch(controller)
    variables = policy_variables(controller)
    with tf.GradientTape(persistent=True) as tape:
        plain = reinforce.loss(tokens, coefficients)
        clipped = ppo.loss(tokens, coefficients, sampled)
    pairs = zip(tape.gradient(plain, variables), tape.gradient(clipped, variables), strict=True)
    for expected, gradient in pairs:
        np.testing.assert_allclose(gradient, tf.convert_to_tensor(expected), atol=1e-7)


def test_one_epoch_takes_the_step_of_reinforce():
    one, other = Controller(SPACE, units=8), Controller(SPACE, units=8)
    told = batch(one)
    reinforce, ppo = ReinforceLearner(one, 0.01), PPOLearner(other, 0.01, epochs=1)
    for learner in (reinforce, ppo):
        learner.step(*told)
    for expected, variable in zip(one.variables, other.variables, strict=True):
        np.testing.assert_allclose(np.asarray(variable), np.asarray(expected), atol=1e-5)


def variables_of(learner) -> list:
    return [*learner.controller.variables, *learner.variables]


@pytest.mark.slow
def test_a_restored_learner_takes_the_same_steps():
    here, there = (PPOLearner(Controller(SPACE, units=8), epochs=2) for _ in range(2))
    told = batch(here.controller)
    here.step(*told)
    load(variables_of(there), saved(variables_of(here)))
    for learner in (here, there):
        learner.step(*told)
    pairs = zip(variables_of(here), variables_of(there), strict=True)
    assert all((np.asarray(a) == np.asarray(b)).all() for a, b in pairs)


def test_the_clip_is_around_the_policy_that_sampled_and_not_around_the_one_that_learns():
    # What has become half again as likely since it was drawn is as far as it may go: a
    # positive advantage moves nothing more. Told late, a batch is no invitation to go on.
    controller = Controller(SPACE, units=8)
    learner = PPOLearner(controller, entropy=0.0, epochs=1)
    tokens, coefficients, now = batch(controller)
    then = now - np.float32(np.log(1.5))
    before = controller.get_weights()
    learner.step(tokens, tf.abs(coefficients), then)
    assert all((a == b).all() for a, b in zip(before, controller.get_weights(), strict=True))
    learner.step(tokens, tf.abs(coefficients), now)
    assert any((a != b).any() for a, b in zip(before, controller.get_weights(), strict=True))


def test_the_better_arm_is_learned():
    # One decision matters: walks whose first function is relu pay 1, the others 0.
    controller = Controller(SPACE, units=8)
    learner = PPOLearner(controller, learning_rate=0.02, entropy=0.0)
    for i in range(30):
        walks, _ = controller.sample(tf.constant(32), tf.constant([7, i]))
        rewards = walks.tokens.numpy()[:, 0].astype(np.float32)
        learner.step(walks.tokens, (rewards - rewards.mean()) / 32, walks.log_probs)
    final = controller.sample(tf.constant(200), tf.constant([8, 0]))[0].tokens.numpy()[:, 0]
    # Untrained it is about one half; 0.9 is eleven standard deviations of 200 fair draws.
    assert final.mean() > 0.9
