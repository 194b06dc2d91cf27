"""ReinforceLearner: gradient steps on a controller's policy and on its accuracy head.

Two optimizers that live as long as the search, so moments and step counts are never reset.
The policy's gradient reaches trunk and policy heads; the prediction error's reaches the
accuracy head and, with routing `"shared"`, the trunk, but never the policy heads. The
prediction error is always minimised: reversing its gradient into the trunk would hide
information instead of finding novel networks.
"""

from collections.abc import Mapping
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from mlpnas.core import policy_gradient as pg
from mlpnas.core.controller import Controller

# A vector that no sampled walk has used (or that only the last decision embeds) stays put.
ZERO = tf.UnconnectedGradients.ZERO
_TOKENS = tf.TensorSpec([None, None], tf.int32)
_ROW = tf.TensorSpec([None], tf.float32)
_TABLE = tf.TensorSpec([None, None], tf.float32)


class ReinforceLearner:
    """Trains a controller.

    Args:
        controller: whom to train.
        learning_rate: Adam's, for both optimizers.
        entropy: weight beta of the entropy bonus.
        routing: `"shared"` lets the prediction error shape the trunk, `"detached"` does not.
        prediction_weight: factor w on the prediction error.
    """

    def __init__(
        self,
        controller: Controller,
        learning_rate: float = 0.01,
        entropy: float = 0.01,
        routing: Literal["shared", "detached"] = "shared",
        prediction_weight: float = 1.0,
    ):
        self.controller = controller
        self._entropy, self._prediction_weight = entropy, prediction_weight
        self._detached = routing == "detached"
        trunk = controller.trunk_variables()
        self._policy_variables = trunk + controller.policy_head_variables()
        self._prediction_variables = controller.accuracy_head_variables()
        if not self._detached:
            self._prediction_variables = self._prediction_variables + trunk
        self._policy_optimizer = _adam(learning_rate, self._policy_variables)
        self._prediction_optimizer = _adam(learning_rate, self._prediction_variables)

    @tf.function(autograph=False, input_signature=[_TOKENS, _ROW])
    def policy_step(self, tokens: tf.Tensor, coefficients: tf.Tensor) -> tf.Tensor:
        """One ascent on the expected reward; returns the loss before the step.

        Args:
            tokens: int32 `(N, T)`, walks sampled from the current policy.
            coefficients: float32 `(N,)`, advantage / N or the like.
        """
        with tf.GradientTape() as tape:
            loss = self.policy_loss(tokens, coefficients)
        gradients = tape.gradient(loss, self._policy_variables, unconnected_gradients=ZERO)
        self._policy_optimizer.apply(gradients, self._policy_variables)
        return loss

    @tf.function(autograph=False, input_signature=[_TOKENS, _ROW, _TABLE])
    def prediction_step(
        self, tokens: tf.Tensor, scores: tf.Tensor, weights: tf.Tensor
    ) -> tf.Tensor:
        """One descent on the prediction error; returns the error before the step.

        Args:
            tokens: int32 `(N, T)`, walks from the replay buffer.
            scores: float32 `(N,)`, their true scores.
            weights: float32 `(N, members)`, bootstrap weights.
        """
        with tf.GradientTape() as tape:
            loss = self.prediction_loss(tokens, scores, weights)
        gradients = tape.gradient(loss, self._prediction_variables, unconnected_gradients=ZERO)
        self._prediction_optimizer.apply(gradients, self._prediction_variables)
        return loss

    def policy_loss(self, tokens: tf.Tensor, coefficients: tf.Tensor) -> tf.Tensor:
        """See `policy_gradient.policy_loss`."""
        walks = self.controller.teacher_force(tokens)
        return pg.policy_loss(walks.log_probs, coefficients, walks.entropies, self._entropy)

    def prediction_loss(
        self, tokens: tf.Tensor, scores: tf.Tensor, weights: tf.Tensor
    ) -> tf.Tensor:
        """See `policy_gradient.prediction_loss`."""
        summary = self.controller.teacher_force(tokens).summary
        if self._detached:
            summary = tf.stop_gradient(summary)
        predicted = self.controller.accuracy(summary)
        return self._prediction_weight * pg.prediction_loss(predicted, scores, weights)

    def state(self) -> dict[str, np.ndarray]:
        """Controller weights and both optimizers' variables, by position."""
        return {f"variable_{i}": np.asarray(v) for i, v in enumerate(self._variables())}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`, for a learner made with the same arguments."""
        for i, variable in enumerate(self._variables()):
            variable.assign(state[f"variable_{i}"])

    def _variables(self) -> list:
        optimizers = [self._policy_optimizer, self._prediction_optimizer]
        return self.controller.variables + [v for o in optimizers for v in o.variables]


def _adam(learning_rate: float, variables: list) -> keras.optimizers.Adam:
    # A single surprising batch must not throw the policy into a corner: clip the whole
    # gradient to norm 1, as the reference system does.
    optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)
    optimizer.build(variables)
    return optimizer
