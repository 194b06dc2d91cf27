"""PPOLearner: several clipped gradient steps on every batch of the policy.

It takes the place of `ReinforceLearner` and is handed the same batches, so that what differs
between the two is the algorithm alone.

Source: Schulman, Wolski, Dhariwal, Radford and Klimov, "Proximal policy optimization
algorithms", 2017; Zoph, Vasudevan, Shlens and Le, "Learning transferable architectures for
scalable image recognition" (NASNet), CVPR 2018, which searched with it.
"""

import tensorflow as tf

from mlpnas.core.strategies.controller import policy_gradient as pg
from mlpnas.core.strategies.controller.controller import Controller
from mlpnas.core.strategies.controller.learner import Descent, policy_variables

_TOKENS = tf.TensorSpec([None, None], tf.int32)
_ROW = tf.TensorSpec([None], tf.float32)


class PPOLearner:
    """Trains a controller's policy.

    Args:
        controller: what is trained.
        learning_rate: Adam's.
        entropy: weight beta of the entropy bonus.
        clip: eps, how far a probability may move from the sampling policy's before more
            brings no gain, as a fraction of it.
        epochs: gradient steps per batch.

    Examples:
        >>> from functools import partial
        >>> from mlpnas import MLPSpace, PPOLearner, ReinforceStrategy
        >>> learner = partial(PPOLearner, clip=0.1, epochs=2)
        >>> strategy = ReinforceStrategy(MLPSpace((3, "softmax")), units=8, learner=learner)
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
        self._descent = Descent(policy_variables(controller), learning_rate)
        self.variables = self._descent.variables

    def step(self, tokens: tf.Tensor, coefficients: tf.Tensor, sampled: tf.Tensor) -> tf.Tensor:
        """All epochs on one batch, see `PolicyLearner`; returns the loss before the first."""
        losses = [self._step(tokens, coefficients, sampled) for _ in range(self._epochs)]
        return losses[0]

    @tf.function(autograph=False, input_signature=[_TOKENS, _ROW, _ROW])
    def _step(
        self, tokens: tf.Tensor, coefficients: tf.Tensor, sampled: tf.Tensor
    ) -> tf.Tensor:
        return self._descent.step(lambda: self.loss(tokens, coefficients, sampled))

    def loss(self, tokens: tf.Tensor, coefficients: tf.Tensor, sampled: tf.Tensor) -> tf.Tensor:
        """Compute the clipped loss of a batch; `sampled` are its old log-probabilities."""
        walks = self.controller.teacher_force(tokens)
        return pg.clipped_policy_loss(
            walks.log_probs, sampled, coefficients, walks.entropies, self._entropy, self._clip
        )
