"""OnPolicyStrategy: a controller for weights that all architectures share.

Every draw of the policy is evaluated, repeats included: a score belongs to the shared weights
of the moment and to one validation batch, so there is no record to look an old one up in. The
reward is the score and a little entropy, the baseline an average of earlier rewards; where
the space has skip bits, a divergence holds their share near a target.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the two programs that its authors released, whose settings differ from the paper's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy, usable_scores
from mlpnas.core.strategies.controller import policy_gradient as pg
from mlpnas.core.strategies.controller.controller import Controller, Walks
from mlpnas.core.strategies.controller.learner import ReinforceLearner, load, saved
from mlpnas.core.strategies.controller.options import PLAIN, ControllerOptions
from mlpnas.core.trial import Trial


@dataclass(frozen=True)
class Policy:
    """How the controller is made and how it learns; a published setting is one value.

    Attributes:
        controller: its form.
        units: of its LSTM.
        learning_rate, beta_1, epsilon: Adam's.
        entropy: weight, per nat, of the entropy that is added to the reward. It has no
            gradient of its own, and counts every decision in full, where some of the
            authors' programs count the sampled term alone.
        decay: of the baseline, from one architecture to the next.
        baseline: its first value; None takes the first rewards as they come.
        skip_rate, skip_weight: target share of connected bits, and the weight of the
            divergence from it. It is summed over a layer's bits and averaged over layers.
        skip_scale: factor on the log-odds that the divergence sees: 1 for the probability
            that is sampled with, 0.5 for the authors' program.
    """

    controller: ControllerOptions = PLAIN
    units: int = 64
    learning_rate: float = 1e-3
    beta_1: float = 0.0
    epsilon: float = 1e-3
    entropy: float = 1e-4
    decay: float = 0.99
    baseline: float | None = None
    skip_rate: float = 0.4
    skip_weight: float = 0.8
    skip_scale: float = 1.0


class OnPolicyStrategy(Strategy):
    """REINFORCE on scores that shared weights give.

    Unlike other strategies it may ask for an architecture again, and never exhausts a space.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals (on a CPU).
        policy: how the controller is made and learns.

    Examples:
        >>> from mlpnas import OnPolicyStrategy
        >>> from mlpnas.nasbench.macro import NASBenchMacroSpace
        >>> from mlpnas.testing.fakes import trials_of
        >>> strategy = OnPolicyStrategy(NASBenchMacroSpace(), seed=0)
        >>> strategy.tell(trials_of(strategy.ask(5)))
    """

    def __init__(self, space: SearchSpace, seed: int = 0, policy: Policy = Policy()):
        self.space, self._seed, self._policy = space, seed, policy
        self.controller = Controller(space, policy.units, seed=seed, options=policy.controller)
        self._learner = ReinforceLearner(
            self.controller, policy.learning_rate, 0.0, self._optimizer, self._penalty()
        )
        self._baseline = pg.MovingAverage(policy.decay, policy.baseline)
        self._round = 0
        # Of the last batch the tokens, entropies and log-probabilities.
        self._asked = np.zeros((0, 0), np.int32), np.zeros(0), np.zeros(0)

    def ask(self, n: int) -> list[Architecture]:
        """n draws from the policy, repeats included."""
        walks = self._draw(n, purpose=0)
        self._asked = walks.tokens.numpy(), walks.entropies.numpy(), walks.log_probs.numpy()
        return self._architectures(walks)

    def sample(self, n: int) -> list[Architecture]:
        return self._architectures(self._draw(n, purpose=1))

    def probabilities(self) -> list[np.ndarray]:
        """Estimated from 200 draws: within .07 of the truth, nineteen times out of twenty."""
        return self.space.shares(self.sample(200))

    def tell(self, trials: Sequence[Trial]) -> None:
        scores = np.array(usable_scores(self.space, trials), np.float64)  # None becomes NaN
        rows = np.flatnonzero(np.isfinite(scores))
        if len(rows):
            tokens, entropies, sampled = (part[rows] for part in self._asked)
            advantages = self._advantages(scores[rows] + self._policy.entropy * entropies)
            coefficients = (advantages / len(rows)).astype(np.float32)
            self._learner.step(tokens, coefficients, sampled)
        self._round += 1

    def _advantages(self, rewards: np.ndarray) -> np.ndarray:
        """Each reward against the baseline as it was before that reward was counted."""
        advantages = []
        for reward in rewards[:, None]:
            advantages.append(reward[0] - self._baseline.before(reward))
            self._baseline.update(reward)
        return np.array(advantages)

    def _draw(self, n: int, purpose: int) -> Walks:
        sequence = np.random.SeedSequence([self._seed, self._round, purpose])
        seed = (sequence.generate_state(2) >> 1).astype(np.int32)
        return self.controller.sample(tf.constant(n), tf.constant(seed))[0]

    def _architectures(self, walks: Walks) -> list[Architecture]:
        rows = zip(walks.tokens.numpy(), walks.lengths.numpy(), strict=True)
        return [self.space.architecture(tokens[:length]) for tokens, length in rows]

    def _optimizer(self, learning_rate: float) -> keras.optimizers.Optimizer:
        p = self._policy
        return keras.optimizers.Adam(learning_rate, beta_1=p.beta_1, epsilon=p.epsilon)

    def _penalty(self):
        """The skip penalty of a batch of walks; None in a space without bits."""
        layers = len({d.node for d in self.space.decisions if d.kind == "bit"})
        p = self._policy
        if not layers or not p.skip_weight:
            return None

        def penalty(walks: Walks) -> tf.Tensor:
            divergence = pg.skip_divergence(p.skip_scale * walks.bits, p.skip_rate)
            return p.skip_weight * tf.reduce_mean(tf.reduce_sum(divergence, axis=1)) / layers

        return penalty

    def state(self) -> dict[str, np.ndarray]:
        average = self._baseline.value
        return {
            **saved([*self.controller.variables, *self._learner.variables]),
            "baseline": np.array(np.nan if average is None else average),
            "round": np.array(self._round),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        load([*self.controller.variables, *self._learner.variables], state)
        average = float(state["baseline"])
        self._baseline.value = None if np.isnan(average) else average
        self._round = int(state["round"])
