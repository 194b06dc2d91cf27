"""The adversarial accuracy predictor: a controller's second head, and where its gradient goes.

The head foresees the score of what the controller writes. As an adversary it pays the policy
for children that are good and surprising, as a pre-screen it chooses which of many candidates
to train. The gradient of its prediction error reaches the accuracy head and, with routing
`"shared"`, the trunk, but never the policy heads. The error is always minimised: reversing its
gradient into the trunk would hide information instead of finding novel networks.
"""

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from mlpnas.core.strategies.controller import policy_gradient as pg
from mlpnas.core.strategies.controller.controller import Controller
from mlpnas.core.strategies.controller.learner import Descent, decayed

_TOKENS = tf.TensorSpec([None, None], tf.int32)
_ROW = tf.TensorSpec([None], tf.float32)
_TABLE = tf.TensorSpec([None, None], tf.float32)


@dataclass(frozen=True)
class Predictor:
    """The adversarial accuracy predictor: R = r + lambda_k * gate * surprise.

    Attributes:
        weight: factor w on the prediction error.
        surprise: lambda at the start of the search; falls linearly to 0, see `trials`.
        routing: see `PredictionLearner`.
        temperature: tau of the gate, in units of the score.
        noise_floor: nu, standard deviation of repeated evaluations; 0 if unknown.
        steps: gradient steps on the replay buffer per round. With shared routing each also
            moves the trunk on which the policy stands: at ten a round the policy learned
            half as fast as at three, and the predictions were hardly better.
        learning_rate: of these steps, at the first.
        decay: of this rate, see `learner.decayed`.

    Examples:
        >>> from mlpnas import MLPSpace, Predictor, ReinforceStrategy
        >>> detached = Predictor(routing="detached", surprise=0.2)
        >>> strategy = ReinforceStrategy(MLPSpace((3, "softmax")), units=8, predictor=detached)
        >>> 0 < strategy.predict(strategy.ask(1)[0]) < 1
        True
    """

    weight: float = 1.0
    surprise: float = 0.1
    routing: Literal["shared", "detached"] = "shared"
    temperature: float = 0.05
    noise_floor: float = 0.0
    steps: int = 3
    learning_rate: float = 0.01
    decay: float = 0.0


@dataclass(frozen=True)
class Prescreen:
    """Cooperative use of the predictor: train only the candidates that it recommends.

    Attributes:
        candidates: kappa, policy draws per architecture to train.
        uniform: rho, fraction of the trained ones that is drawn uniformly from all
            candidates, which keeps the gradient unbiased and the predictor honest.
        optimism: candidates are ranked by mean + optimism * standard deviation.
        members: accuracy heads in the ensemble.
        min_labels: scores to have seen before it is trusted.
        min_correlation: Spearman correlation it must reach on uniform picks.

    Examples:
        >>> from mlpnas import MLPSpace, Prescreen, ReinforceStrategy
        >>> screen = Prescreen(candidates=8, min_labels=20)
        >>> strategy = ReinforceStrategy(MLPSpace((3, "softmax")), units=8, prescreen=screen)
        >>> len(strategy.ask(5))
        5
    """

    candidates: int = 4
    uniform: float = 0.2
    optimism: float = 0.5
    members: int = 5
    min_labels: int = 50
    min_correlation: float = 0.4


class PredictionLearner:
    """Teaches a controller's accuracy head what to expect.

    Args:
        controller: what is trained.
        learning_rate: Adam's, at the first step.
        routing: `"shared"` lets the prediction error shape the trunk, `"detached"` does not.
        weight: factor w on the prediction error.
        decay: of the rate, see `decayed`.
    """

    def __init__(
        self,
        controller: Controller,
        learning_rate: float = 0.01,
        routing: Literal["shared", "detached"] = "shared",
        weight: float = 1.0,
        decay: float = 0.0,
    ):
        self.controller, self._weight = controller, weight
        self._detached = routing == "detached"
        trained = controller.accuracy_head_variables()
        if not self._detached:
            trained = trained + controller.trunk_variables()
        self._descent = Descent(trained, decayed(learning_rate, decay))
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
        """Compute the prediction error of a batch, see `policy_gradient.prediction_loss`."""
        summary = self.controller.teacher_force(tokens).summary
        if self._detached:
            summary = tf.stop_gradient(summary)
        predicted = self.controller.accuracy(summary)
        return self._weight * pg.prediction_loss(predicted, scores, weights)
