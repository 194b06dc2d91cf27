"""ReinforceStrategy: a controller rewarded for the scores of what it writes.

A round: draw from the policy, have the new ones trained, look up the repeats, shape the
rewards, take one policy step and a few predictor steps, see `adversarial_predictor`.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from scipy.stats import spearmanr

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Proposals, Strategy, usable_scores
from mlpnas.core.strategies.controller import policy_gradient as pg
from mlpnas.core.strategies.controller.adversarial_predictor import (
    PredictionLearner,
    Predictor,
    Prescreen,
)
from mlpnas.core.strategies.controller.controller import Controller, padded
from mlpnas.core.strategies.controller.learner import (
    PolicyLearner,
    ReinforceLearner,
    load,
    saved,
)
from mlpnas.core.trial import Trial

# Tokens of an architecture -> the score that each accuracy head expects, (members,).
Expectations = dict[tuple[int, ...], np.ndarray]


USUAL = Predictor()


class Draw(NamedTuple):
    """A draw from the policy, to be learned from once its score is known.

    Attributes:
        architecture: what was drawn.
        log_prob: its log-probability under the policy that drew it.
        uniform: whether it was picked for training whatever the predictor expected.
    """

    architecture: Architecture
    log_prob: float
    uniform: bool = False


class ReinforceStrategy(Strategy):
    """Policy gradients with a moving-average baseline, entropy bonus and accuracy predictor.

    The policy learns from rewards in units of what they are on average. So the weight of the
    entropy means the same for accuracies, for their cubes and for c / perplexity ** 2, of
    which a good one may be a hundredth.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals (on a CPU).
        trials: number of scores over which the surprise fades. Not the length of the search:
            one that is extended later must not differ from one that was long from the start.
        units: size of the controller's LSTM.
        learner: what takes the policy's steps, made for the controller: `ReinforceLearner`,
            `PPOLearner`, or one of them with other settings by `functools.partial`.
        predictor: None for plain policy gradients.
        prescreen: needs a predictor.

    Examples:
        >>> from mlpnas import History, ReinforceStrategy, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = ReinforceStrategy(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        trials: int = 100,
        units: int = 128,
        learner: Callable[[Controller], PolicyLearner] = ReinforceLearner,
        predictor: Predictor | None = USUAL,
        prescreen: Prescreen | None = None,
    ):
        if prescreen and predictor is None:
            raise ValueError("a prescreen needs a predictor to rank candidates; give both")
        self.space, self._seed, self._trials = space, seed, trials
        self._predictor, self._prescreen = predictor, prescreen
        self._members = prescreen.members if prescreen else 1
        self.controller = Controller(space, units, self._members, seed)
        used = predictor or Predictor()
        self._policy = learner(self.controller)
        self._prediction = PredictionLearner(
            self.controller, used.learning_rate, used.routing, used.weight, used.decay
        )
        self._baseline, self._scale = pg.MovingAverage(), pg.MovingAverage()
        self._proposals = Proposals(space)
        self._scores: dict[tuple[int, ...], float] = {}
        self._asks = self._round = 0  # batches asked for, and told
        self._awaited: set[tuple[int, ...]] = set()  # proposed and not told yet
        self._drawn: list[Draw] = []  # not learned from yet
        self._expected: Expectations = {}  # predictions for them
        self._checks = np.zeros((0, 2))  # expected and true score of uniform picks

    # --- asking -------------------------------------------------------------------------

    def ask(self, n: int) -> list[Architecture]:
        screening = self._screening()
        rng = np.random.default_rng([self._seed, self._asks])
        # Repeats stay in the batch: a policy conditioned on novelty would not be the policy.
        drawn, expected = self._sample(n * screening.candidates if screening else n, purpose=0)
        picks = n if screening is None else max(1, round(screening.uniform * n))
        picked = set(rng.permutation(len(drawn))[:picks].tolist())
        drawn = [draw._replace(uniform=i in picked) for i, draw in enumerate(drawn)]
        wanted = [draw.architecture for draw in drawn if draw.uniform]
        if screening:
            wanted += _recommended(drawn, expected, screening.optimism)
        purposes = itertools.count(1)
        new = self._proposals.draw(
            n, lambda k: _architectures(self._sample(k, next(purposes))[0]), rng, given=wanted
        )
        waiting = {a.tokens: self._expected[a.tokens] for a in _architectures(self._drawn)}
        others = [a for a in new if a.tokens not in expected]
        self._expected = waiting | expected | self._expect(others)
        self._drawn += drawn
        self._awaited |= {self._key(a) for a in new}
        self._asks += 1
        return new

    def sample(self, n: int) -> list[Architecture]:
        return _architectures(self._sample(n, purpose=-1)[0])

    def probabilities(self) -> list[np.ndarray]:
        """Estimated from 200 draws: within .07 of the truth, nineteen times out of twenty."""
        return self.space.shares(self.sample(200))

    def predict(self, architecture: Architecture) -> float | None:
        if self._predictor is None or architecture.tokens not in self._expected:
            return None
        return float(self._expected[architecture.tokens].mean())

    def _sample(self, n: int, purpose: int) -> tuple[list[Draw], Expectations]:
        """n draws from the policy, and what the accuracy heads expect of them."""
        sequence = np.random.SeedSequence([self._seed, self._asks, purpose + 1])
        seed = (sequence.generate_state(2) >> 1).astype(np.int32)
        walks, expected = self.controller.sample(tf.constant(n), tf.constant(seed))
        parts = (walks.tokens, walks.lengths, walks.log_probs)
        drawn = [
            Draw(self.space.architecture(tokens[:length]), float(log_prob))
            for tokens, length, log_prob in zip(*(p.numpy() for p in parts), strict=True)
        ]
        pairs = zip(_architectures(drawn), expected.numpy(), strict=True)
        return drawn, {architecture.tokens: e for architecture, e in pairs}

    def _expect(self, architectures: list[Architecture]) -> Expectations:
        if not architectures:
            return {}
        expected = self.controller.expect(self._tokens(architectures)).numpy()
        return {a.tokens: e for a, e in zip(architectures, expected, strict=True)}

    def _screening(self) -> Prescreen | None:
        """The pre-screen, if there is one and it has earned trust."""
        screen = self._prescreen
        if screen is None or len(self._scores) < screen.min_labels:
            return None
        expected, true = self._checks[-screen.min_labels :].T
        if len(set(expected)) < 2 or len(set(true)) < 2:  # the correlation is undefined
            return None
        return screen if spearmanr(expected, true).statistic >= screen.min_correlation else None

    # --- being told ---------------------------------------------------------------------

    def tell(self, trials: Sequence[Trial]) -> None:
        for trial, score in zip(trials, usable_scores(self.space, trials), strict=True):
            key = self._key(trial.architecture)
            self._awaited.discard(key)
            if score is not None:
                self._scores[key] = score
        drawn = self._settled()
        if any(self._key(draw.architecture) in self._scores for draw in drawn):
            self._learn_policy(drawn)
        if self._predictor and self._scores:
            self._learn_prediction(self._predictor)
        self._round += 1

    def _settled(self) -> list[Draw]:
        """Take out the draws that wait for no trial any more."""
        waits = [self._key(draw.architecture) in self._awaited for draw in self._drawn]
        settled = [d for d, waiting in zip(self._drawn, waits, strict=True) if not waiting]
        self._drawn = [d for d, waiting in zip(self._drawn, waits, strict=True) if waiting]
        return settled

    def _learn_policy(self, drawn: list[Draw]) -> None:
        """One policy step on the batch; failed architectures are left out."""
        screened = not all(draw.uniform for draw in drawn)
        if not screened:
            drawn = [d for d in drawn if self._key(d.architecture) in self._scores]
        architectures = _architectures(drawn)
        scores = np.array([self._scores.get(self._key(a), np.nan) for a in architectures])
        uniform = np.array([d.uniform for d in drawn]) & np.isfinite(scores)
        rewards = scores if screened else self._shaped(architectures, scores)
        if uniform.any():
            baseline = self._baseline.before(rewards[uniform])
            coefficients = (rewards - baseline) / len(drawn)
            if screened:
                expected = np.array([self._expected[a.tokens].mean() for a in architectures])
                coefficients = pg.control_variate(scores, expected, uniform, baseline)
            coefficients = coefficients / pg.unit_of(rewards[uniform], baseline)
            sampled = np.array([draw.log_prob for draw in drawn], np.float32)
            tokens = self._tokens(architectures)
            self._policy.step(tokens, coefficients.astype(np.float32), sampled)
            self._baseline.update(rewards[uniform])
        self._note_checks([a for a, u in zip(architectures, uniform, strict=True) if u])

    def _shaped(self, drawn: list[Architecture], scores: np.ndarray) -> np.ndarray:
        """r + lambda_k * gate * surprise; ranking never sees this, the policy alone does.

        In screened rounds there is no bonus: there the predictor helps, it does not play.
        """
        if self._predictor is None:
            return scores
        p = self._predictor
        expected = np.array([self._expected[a.tokens].mean() for a in drawn], np.float64)
        errors = np.abs(scores - expected)
        surprise = pg.surprise(scores, expected, self._scale.before(errors), p.noise_floor)
        self._scale.update(errors)
        opened = pg.gate(scores, self._baseline.before(scores), p.temperature)
        fading = pg.linear_decay(p.surprise, len(self._scores) / self._trials)
        return scores + fading * opened * surprise

    def _note_checks(self, picks: list[Architecture]) -> None:
        if self._predictor and picks:
            expected = [self._expected[a.tokens].mean() for a in picks]
            true = [self._scores[self._key(a)] for a in picks]
            self._checks = np.concatenate([self._checks, np.stack([expected, true], axis=1)])

    def _learn_prediction(self, predictor: Predictor) -> None:
        """Steps on the replay buffer: all scores since the first round, 256 rows a step."""
        walks, scores = list(self._scores), np.array(list(self._scores.values()), np.float32)
        tokens = padded(walks, len(self.space.decisions))
        weights = np.ones((len(walks), self._members), np.float32)
        if self._members > 1:  # a row's bootstrap weight depends on its position alone
            rng = np.random.default_rng([self._seed, 2])
            weights = rng.poisson(1.0, weights.shape).astype(np.float32)
        rng = np.random.default_rng([self._seed, self._round, 1])
        for _ in range(predictor.steps):
            rows = rng.permutation(len(walks))[:256]
            self._prediction.step(tokens[rows], scores[rows], weights[rows])

    # --- being saved --------------------------------------------------------------------

    def follow(self, other: "ReinforceStrategy") -> None:
        """Go on with the policy that another strategy has learned in another space.

        That space must have the same groups and kinds of decisions, hence weights of the same
        shapes. Scores and proposals are left behind: they belong to the other space.
        """
        load(self._variables(), saved(other._variables()))
        self._baseline.value, self._scale.value = other._baseline.value, other._scale.value
        self._asks, self._round = other._asks, other._round  # no random draw is made twice

    def state(self) -> dict[str, np.ndarray]:
        averages = [self._baseline.value, self._scale.value]
        return {
            **self._proposals.state(),
            **saved(self._variables()),
            "scored_tokens": padded(list(self._scores), len(self.space.decisions)),
            "scored_lengths": np.array([len(walk) for walk in self._scores], np.int32),
            "scores": np.array(list(self._scores.values()), np.float64),
            "averages": np.array([np.nan if v is None else v for v in averages]),
            "checks": self._checks,
            "rounds": np.array([self._asks, self._round]),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)
        load(self._variables(), state)
        columns = (state["scored_tokens"], state["scored_lengths"], state["scores"])
        rows = zip(*columns, strict=True)
        self._scores = {tuple(t[:length].tolist()): float(r) for t, length, r in rows}
        values = [None if np.isnan(v) else float(v) for v in state["averages"]]
        self._baseline.value, self._scale.value = values
        self._checks = state["checks"]
        self._asks, self._round = state["rounds"].tolist()

    def _variables(self) -> list:
        learners = [self._policy, self._prediction]
        return self.controller.variables + [v for one in learners for v in one.variables]

    def _key(self, architecture: Architecture) -> tuple[int, ...]:
        """Equivalent architectures share their score, since only one of them is trained."""
        return self.space.canonical(architecture).tokens

    def _tokens(self, architectures: list[Architecture]) -> np.ndarray:
        return padded([a.tokens for a in architectures], len(self.space.decisions))


def _architectures(drawn: Sequence[Draw]) -> list[Architecture]:
    return [draw.architecture for draw in drawn]


def _recommended(
    drawn: list[Draw], expected: Expectations, optimism: float
) -> list[Architecture]:
    """The candidates, the most promising first."""
    heads = np.array([expected[draw.architecture.tokens] for draw in drawn])
    acquire = heads.mean(axis=1) + optimism * heads.std(axis=1)
    return [drawn[i].architecture for i in np.argsort(-acquire, kind="stable")]
