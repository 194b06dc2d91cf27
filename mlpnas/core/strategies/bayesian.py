"""BayesianOptimization: a surrogate model of the score says which candidates are worth it.

Candidates are the neighbours of the best architectures and some random ones; those that the
surrogate makes most promising are evaluated. Two surrogates: a Gaussian process, whose
promise is the expected improvement, and an ensemble of trees, whose promise is a draw from
what its members expect (Thompson sampling, one independent draw per candidate).

Sources: Jones, Schonlau and Welch, "Efficient global optimization of expensive black-box
functions", 1998 (expected improvement); White, Neiswanger and Savani, "BANANAS: Bayesian
optimization with neural architectures for neural architecture search", AAAI 2021
(independent Thompson sampling over mutations of the best; their ensemble is of networks,
which take a hundred times longer to fit than trees).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from scipy.stats import norm
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from mlpnas.core.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.memory import Memory
from mlpnas.core.strategies.strategy import Novelty, Strategy
from mlpnas.core.trial import Trial


class Surrogate(Protocol):
    """Learns scores from features and says how promising candidates are."""

    def promise(
        self, known: np.ndarray, scores: np.ndarray, asked: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Promise (its order counts) and expected score of candidates.

        Args:
            known: features `(n, d)` of evaluated architectures, in order of evaluation.
            scores: theirs, `(n,)`, n at least 2.
            asked: features `(m, d)` of the candidates.
            seed: of whatever is random; equal seeds, equal answers.

        Returns:
            Two arrays `(m,)`.
        """
        ...


class GaussianProcess:
    """Expected improvement under a Gaussian process with a Matern 5/2 kernel and noise.

    Its cost grows with the cube of the samples, so beyond `cap` it reads the better half of
    the cap from the best and the other half from the latest.

    Args:
        cap: most samples to fit.
    """

    def __init__(self, cap: int = 200):
        self._cap = cap

    def promise(
        self, known: np.ndarray, scores: np.ndarray, asked: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = capped(scores, self._cap)
        centre, spread = known[rows].mean(axis=0), known[rows].std(axis=0)
        scale = np.where(spread > 0, spread, 1.0) * np.sqrt(known.shape[1])
        model = self._fit((known[rows] - centre) / scale, scores[rows])
        mean, deviation = model.predict((asked - centre) / scale, return_std=True)
        return expected_improvement(mean, deviation, scores.max()), mean

    def _fit(self, x: np.ndarray, scores: np.ndarray) -> GaussianProcessRegressor:
        # The likeliest of a few: optimising on every ask would cost ten times as much. Length
        # scales are in units of the typical distance between architectures.
        candidates = [
            GaussianProcessRegressor(
                ConstantKernel(1.0) * Matern(length, nu=2.5) + WhiteKernel(noise),
                optimizer=None,
                normalize_y=bool(np.ptp(scores)),
            ).fit(x, scores)
            for length in (0.5, 1.0, 2.0)
            for noise in (1e-3, 1e-1)
        ]
        return max(candidates, key=lambda model: model.log_marginal_likelihood_value_)


class TreeEnsemble:
    """Independent Thompson sampling over extremely randomised trees.

    Args:
        members: trees, each fitted to its own bootstrap sample.
        cap: most samples to fit, see `GaussianProcess`.
    """

    def __init__(self, members: int = 20, cap: int = 1000):
        self._members, self._cap = members, cap

    def promise(
        self, known: np.ndarray, scores: np.ndarray, asked: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = capped(scores, self._cap)
        model = ExtraTreesRegressor(self._members, bootstrap=True, random_state=seed)
        model.fit(known[rows], scores[rows])
        each = np.array([tree.predict(asked) for tree in model.estimators_])
        mean, deviation = each.mean(axis=0), each.std(axis=0)
        return np.random.default_rng(seed).normal(mean, deviation), mean


class BayesianOptimization(Strategy):
    """Evaluates the candidates that a surrogate finds most promising.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals.
        surrogate: a `GaussianProcess` unless another is given.
        initial: random successful trials before the surrogate is asked.
        parents: how many of the best have their neighbours considered.
        candidates: at most this many neighbours, and a fifth as many random ones.
        encode: features for the surrogate; the space's own if None.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        surrogate: Surrogate | None = None,
        initial: int = 10,
        parents: int = 5,
        candidates: int = 200,
        encode: Callable[[Architecture], np.ndarray] | None = None,
    ):
        self.space, self._seed = space, seed
        self._surrogate = surrogate or GaussianProcess()
        self._initial, self._parents, self._candidates = initial, parents, candidates
        self._novelty, self._memory = Novelty(space), Memory(space, encode)
        self._expected: dict[tuple[int, ...], float] = {}

    def ask(self, n: int) -> list[Architecture]:
        rng = self._rng(0)
        self._expected = {}
        promising = self._promising(rng) if self._is_ready() else []
        return self._novelty.draw(n, lambda k: self._anywhere(k, rng), rng, promising)

    def tell(self, trials: Sequence[Trial]) -> None:
        self._memory.tell(trials)

    def sample(self, n: int) -> list[Architecture]:
        """The best so far and their neighbours, evenly."""
        rng = self._rng(1)
        best = self._memory.best(self._parents)
        if not best:
            return self._anywhere(n, rng)
        near = best + [a for parent in best for a in self.space.neighbours(parent)]
        return [near[i] for i in rng.integers(len(near), size=n)]

    def predict(self, architecture: Architecture) -> float | None:
        return self._expected.get(architecture.tokens)

    def _is_ready(self) -> bool:
        return len(self._memory) >= max(self._initial, 2)

    def _promising(self, rng: np.random.Generator) -> list[Architecture]:
        """New candidates, the most promising first."""
        candidates = self._new_candidates(rng)
        if not candidates:
            return []
        promise, expected = self._surrogate.promise(
            self._memory.features(),
            np.array(self._memory.scores),
            np.array([self._memory.encode(a) for a in candidates]),
            int(rng.integers(2**31)),
        )
        pairs = zip(candidates, expected, strict=True)
        low, high = min(self._memory.scores), max(self._memory.scores)
        self._expected = {a.tokens: float(np.clip(e, low, high)) for a, e in pairs}
        return [candidates[i] for i in np.argsort(-promise, kind="stable")]

    def _new_candidates(self, rng: np.random.Generator) -> list[Architecture]:
        best = self._memory.best(self._parents)
        near = [a for parent in best for a in self.space.neighbours(parent)]
        chosen = rng.permutation(len(near))[: self._candidates]
        anywhere = self._anywhere(self._candidates // 5, rng)
        return self._novelty.news([*(near[i] for i in chosen), *anywhere])

    def _anywhere(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        return [self.space.sample_walk(rng) for _ in range(n)]

    def state(self) -> dict[str, np.ndarray]:
        return {**self._novelty.state(), **self._memory.state()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._novelty.restore(state)
        self._memory.restore(state)

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, len(self._novelty.proposed), purpose])


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """E[max(f - best, 0)] = (m - best) Phi(z) + s phi(z), z = (m - best) / s, f ~ N(m, s^2).

    Args:
        mean, deviation: `(m,)`.
        best: the highest score so far.
    """
    gain, s = mean - best, np.maximum(deviation, 1e-12)
    return gain * norm.cdf(gain / s) + s * norm.pdf(gain / s)


def capped(scores: np.ndarray, cap: int) -> np.ndarray:
    """Rows to learn from: all or, beyond `cap`, the best half of it and the latest."""
    if len(scores) <= cap:
        return np.arange(len(scores))
    best = np.argsort(-scores, kind="stable")[: cap // 2]
    latest = np.setdiff1d(np.arange(len(scores)), best)[-(cap - len(best)) :]
    return np.sort(np.concatenate([best, latest]))
