"""PPOLearner: several clipped gradient steps on every batch of the policy.

It stands beside `ReinforceLearner`'s policy step and takes the same arguments, so that what
differs between the two is the algorithm alone.

Source: Schulman, Wolski, Dhariwal, Radford and Klimov, "Proximal policy optimization
algorithms", 2017; Zoph, Vasudevan, Shlens and Le, "Learning transferable architectures for
scalable image recognition" (NASNet), CVPR 2018, which searched with it.
"""

from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from mlpnas.core import policy_gradient as pg
from mlpnas.core.controller import Controller

_TOKENS = tf.TensorSpec([None, None], tf.int32)
_ROW = tf.TensorSpec([None], tf.float32)


class PPOLearner:
    """Trains a controller's policy.

    Args:
        controller: whom to train.
        learning_rate: Adam's.
        entropy: weight beta of the entropy bonus.
        clip: eps, how far a probability may move from the sampling policy's before more
            brings no gain, as a fraction of it.
        epochs: gradient steps per batch.
    """

    def __init__(
        self,
        controller: Controller,
        learning_rate: float = 0.003,
        entropy: float = 0.01,
        clip: float = 0.2,
        epochs: int = 4,
    ):
        self.controller = controller
        self._entropy, self._clip, self._epochs = entropy, clip, epochs
        self._variables = controller.trunk_variables() + controller.policy_head_variables()
        self._optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)
        self._optimizer.build(self._variables)

    def policy_step(self, tokens: tf.Tensor, coefficients: tf.Tensor) -> tf.Tensor:
        """All epochs on one batch; returns the loss before the first.

        Args:
            tokens: int32 `(N, T)`, walks sampled from the current policy.
            coefficients: float32 `(N,)`, advantage / N or the like.
        """
        sampled = self._log_probs(tokens)
        losses = [self._step(tokens, coefficients, sampled) for _ in range(self._epochs)]
        return losses[0]

    @tf.function(autograph=False, input_signature=[_TOKENS])
    def _log_probs(self, tokens: tf.Tensor) -> tf.Tensor:
        return self.controller.teacher_force(tokens).log_probs

    @tf.function(autograph=False, input_signature=[_TOKENS, _ROW, _ROW])
    def _step(
        self, tokens: tf.Tensor, coefficients: tf.Tensor, sampled: tf.Tensor
    ) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = self.policy_loss(tokens, coefficients, sampled)
        gradients = tape.gradient(loss, self._variables)
        self._optimizer.apply(gradients, self._variables)
        return loss

    def policy_loss(
        self, tokens: tf.Tensor, coefficients: tf.Tensor, sampled: tf.Tensor
    ) -> tf.Tensor:
        """See `policy_gradient.clipped_policy_loss`; `sampled` are the old ones."""
        walks = self.controller.teacher_force(tokens)
        return pg.clipped_policy_loss(
            walks.log_probs, sampled, coefficients, walks.entropies, self._entropy, self._clip
        )

    def state(self) -> dict[str, np.ndarray]:
        """Controller weights and the optimizer's variables, by position."""
        variables = self.controller.variables + self._optimizer.variables
        return {f"variable_{i}": np.asarray(v) for i, v in enumerate(variables)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`, for a learner made with the same arguments."""
        variables = self.controller.variables + self._optimizer.variables
        for i, variable in enumerate(variables):
            variable.assign(state[f"variable_{i}"])
