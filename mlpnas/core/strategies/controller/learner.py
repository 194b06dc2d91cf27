"""Gradient steps on a controller's policy.

The optimizer lives as long as the search, so moments and step counts are never reset. The
gradient reaches trunk and policy heads, never the accuracy head.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from mlpnas.core.strategies.controller import policy_gradient as pg
from mlpnas.core.strategies.controller.controller import Controller, Walks

_TOKENS = tf.TensorSpec([None, None], tf.int32)
_ROW = tf.TensorSpec([None], tf.float32)

Rate: TypeAlias = "float | keras.optimizers.schedules.LearningRateSchedule"
MakeOptimizer = Callable[[Rate], keras.optimizers.Optimizer]


class PolicyLearner(Protocol):
    """Makes a controller likelier to write what was rewarded."""

    @property
    def variables(self) -> Sequence[keras.Variable]:
        """What it carries from step to step, beside the controller's own."""
        ...

    def step(self, tokens: tf.Tensor, coefficients: tf.Tensor, sampled: tf.Tensor) -> tf.Tensor:
        """Learn from one batch; returns the loss before.

        Args:
            tokens: int32 `(N, T)`, walks sampled from the policy, as it is or as it was.
            coefficients: float32 `(N,)`, advantage / N or the like.
            sampled: float32 `(N,)`, each walk's log-probability under the policy that it was
                sampled from.
        """
        ...


class ReinforceLearner:
    """One ascent on the expected reward per batch, as if the current policy had sampled it.

    Args:
        controller: what is trained.
        learning_rate: Adam's, at the first step.
        entropy: weight beta of the entropy bonus.
        optimizer: makes another one from the learning rate.
        penalty: what to add to the loss, a scalar, given the batch's walks.
        decay: of the rate, see `decayed`.

    Examples:
        >>> from functools import partial
        >>> from mlpnas import MLPSpace, ReinforceLearner, ReinforceStrategy
        >>> learner = partial(ReinforceLearner, learning_rate=0.003)
        >>> strategy = ReinforceStrategy(MLPSpace((3, "softmax")), units=8, learner=learner)
    """

    def __init__(
        self,
        controller: Controller,
        learning_rate: float = 0.01,
        entropy: float = 0.01,
        optimizer: MakeOptimizer | None = None,
        penalty: Callable[[Walks], tf.Tensor] | None = None,
        decay: float = 0.0,
    ):
        self.controller, self._entropy, self._penalty = controller, entropy, penalty
        rate = decayed(learning_rate, decay)
        self._descent = Descent(policy_variables(controller), rate, optimizer)
        self.variables = self._descent.variables

    @tf.function(autograph=False, input_signature=[_TOKENS, _ROW, _ROW])
    def step(self, tokens: tf.Tensor, coefficients: tf.Tensor, sampled: tf.Tensor) -> tf.Tensor:
        """Take one step on a batch of walks; return the loss before it, see `PolicyLearner`."""
        return self._descent.step(lambda: self.loss(tokens, coefficients))

    def loss(self, tokens: tf.Tensor, coefficients: tf.Tensor) -> tf.Tensor:
        """Compute the policy loss of a batch, see `policy_gradient.policy_loss`."""
        walks = self.controller.teacher_force(tokens)
        loss = pg.policy_loss(walks.log_probs, coefficients, walks.entropies, self._entropy)
        return loss if self._penalty is None else loss + self._penalty(walks)


class Descent:
    """Adam on some of a controller's variables.

    Args:
        trained: the variables that each step changes.
        learning_rate: Adam's, or its schedule.
        optimizer: makes another one from the learning rate.
    """

    def __init__(
        self,
        trained: Sequence[keras.Variable],
        learning_rate: Rate,
        optimizer: MakeOptimizer | None = None,
    ):
        self._optimizer = (optimizer or _clipped_adam)(learning_rate)
        self._optimizer.build(trained)
        self._trained = trained

    @property
    def variables(self) -> Sequence[keras.Variable]:
        """The optimizer's moments and step count."""
        return self._optimizer.variables

    def step(self, loss: Callable[[], tf.Tensor]) -> tf.Tensor:
        """One step down the loss, which is returned as it was before; to be traced."""
        with tf.GradientTape() as tape:
            value = loss()
        # A vector that no walk has used (or that only the last decision embeds) stays put.
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(value, self._trained, unconnected_gradients=zero)
        self._optimizer.apply(gradients, self._trained)
        return value


def decayed(learning_rate: float, decay: float) -> Rate:
    """rate / (1 + decay * steps), of the steps since the search began; 0 keeps it constant.

    The reference system (Minutoli and Ciranni's MLPNAS) has 0.01 and a decay of 0.1. There the
    optimizer is made anew in every round, so the rate begins anew as well and never falls
    below half; here it lives as long as the search.
    """
    if not decay:
        return learning_rate
    return keras.optimizers.schedules.InverseTimeDecay(learning_rate, 1, decay)


def _clipped_adam(learning_rate: Rate) -> keras.optimizers.Optimizer:
    # A single surprising batch must not throw the policy into a corner: clip the whole
    # gradient to norm 1, as the reference system does.
    return keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)


def policy_variables(controller: Controller) -> list[keras.Variable]:
    """What writes architectures: trunk and policy heads."""
    return controller.trunk_variables() + controller.policy_head_variables()


def saved(variables: Sequence[keras.Variable]) -> dict[str, np.ndarray]:
    """The variables' values, by position."""
    return {f"variable_{i}": np.asarray(v) for i, v in enumerate(variables)}


def load(variables: Sequence[keras.Variable], state: Mapping[str, np.ndarray]) -> None:
    """Inverse of `saved`, for variables that were made with the same arguments."""
    for i, variable in enumerate(variables):
        variable.assign(state[f"variable_{i}"])
