"""Gradient steps on a controller: one learner for its policy, one for its accuracy head.

Each has an optimizer that lives as long as the search, so moments and step counts are never
reset. The policy's gradient reaches trunk and policy heads; the prediction error's reaches
the accuracy head and, with routing `"shared"`, the trunk, but never the policy heads. The
prediction error is always minimised: reversing its gradient into the trunk would hide
information instead of finding novel networks.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import keras
import numpy as np
import tensorflow as tf

from mlpnas.core import policy_gradient as pg
from mlpnas.core.controller import Controller, Walks

_TOKENS = tf.TensorSpec([None, None], tf.int32)
_ROW = tf.TensorSpec([None], tf.float32)
_TABLE = tf.TensorSpec([None, None], tf.float32)

MakeOptimizer = Callable[[float], keras.optimizers.Optimizer]


class PolicyLearner(Protocol):
    """Makes a controller likelier to write what was rewarded."""

    @property
    def variables(self) -> Sequence[keras.Variable]:
        """What it carries from step to step, beside the controller's own."""
        ...

    def step(self, tokens: tf.Tensor, coefficients: tf.Tensor) -> tf.Tensor:
        """Learn from one batch; returns the loss before.

        Args:
            tokens: int32 `(N, T)`, walks sampled from the current policy.
            coefficients: float32 `(N,)`, advantage / N or the like.
        """
        ...


class ReinforceLearner:
    """One ascent on the expected reward per batch.

    Args:
        controller: whom to train.
        learning_rate: Adam's.
        entropy: weight beta of the entropy bonus.
        optimizer: makes another one from the learning rate.
        penalty: what to add to the loss, a scalar, given the batch's walks.
    """

    def __init__(
        self,
        controller: Controller,
        learning_rate: float = 0.01,
        entropy: float = 0.01,
        optimizer: MakeOptimizer | None = None,
        penalty: Callable[[Walks], tf.Tensor] | None = None,
    ):
        self.controller, self._entropy, self._penalty = controller, entropy, penalty
        self._descent = Descent(policy_variables(controller), learning_rate, optimizer)
        self.variables = self._descent.variables

    @tf.function(autograph=False, input_signature=[_TOKENS, _ROW])
    def step(self, tokens: tf.Tensor, coefficients: tf.Tensor) -> tf.Tensor:
        """See `PolicyLearner`."""
        return self._descent.step(lambda: self.loss(tokens, coefficients))

    def loss(self, tokens: tf.Tensor, coefficients: tf.Tensor) -> tf.Tensor:
        """See `policy_gradient.policy_loss`."""
        walks = self.controller.teacher_force(tokens)
        loss = pg.policy_loss(walks.log_probs, coefficients, walks.entropies, self._entropy)
        return loss if self._penalty is None else loss + self._penalty(walks)


class PredictionLearner:
    """Teaches a controller's accuracy head what to expect.

    Args:
        controller: whom to train.
        learning_rate: Adam's.
        routing: `"shared"` lets the prediction error shape the trunk, `"detached"` does not.
        weight: factor w on the prediction error.
    """

    def __init__(
        self,
        controller: Controller,
        learning_rate: float = 0.01,
        routing: Literal["shared", "detached"] = "shared",
        weight: float = 1.0,
    ):
        self.controller, self._weight = controller, weight
        self._detached = routing == "detached"
        trained = controller.accuracy_head_variables()
        if not self._detached:
            trained = trained + controller.trunk_variables()
        self._descent = Descent(trained, learning_rate)
        self.variables = self._descent.variables

    @tf.function(autograph=False, input_signature=[_TOKENS, _ROW, _TABLE])
    def step(self, tokens: tf.Tensor, scores: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """One descent on the prediction error; returns the error before the step.

        Args:
            tokens: int32 `(N, T)`, walks from the replay buffer.
            scores: float32 `(N,)`, their true scores.
            weights: float32 `(N, members)`, bootstrap weights.
        """
        return self._descent.step(lambda: self.loss(tokens, scores, weights))

    def loss(self, tokens: tf.Tensor, scores: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See `policy_gradient.prediction_loss`."""
        summary = self.controller.teacher_force(tokens).summary
        if self._detached:
            summary = tf.stop_gradient(summary)
        predicted = self.controller.accuracy(summary)
        return self._weight * pg.prediction_loss(predicted, scores, weights)


class Descent:
    """Adam on some of a controller's variables.

    Args:
        trained: the variables that each step changes.
        learning_rate: Adam's.
        optimizer: makes another one from the learning rate.
    """

    def __init__(
        self,
        trained: Sequence[keras.Variable],
        learning_rate: float,
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


def _clipped_adam(learning_rate: float) -> keras.optimizers.Optimizer:
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
