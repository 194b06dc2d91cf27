"""Surrogates: cheap models of the score that also say how promising a candidate is.

A Gaussian process, whose promise is the expected improvement, and an ensemble of trees, whose
promise is a draw from what its members expect (Thompson sampling, one independent draw per
candidate).

Sources: Jones, Schonlau and Welch, "Efficient global optimization of expensive black-box
functions", 1998 (expected improvement); White, Neiswanger and Savani, "BANANAS", AAAI 2021
(independent Thompson sampling; their ensemble is of networks, which take a hundred times
longer to fit than trees).
"""

from functools import cache
from typing import Protocol

import numpy as np
from scipy.stats import norm
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from threadpoolctl import ThreadpoolController


class Surrogate(Protocol):
    """Learns scores from features and says how promising candidates are."""

    def acquire(
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

    Examples:
        >>> import numpy as np
        >>> from mlpnas import GaussianProcess
        >>> known, scores = np.array([[0.0], [1.0], [2.0]]), np.array([0.1, 0.5, 0.9])
        >>> asked = np.array([[0.5], [2.1]])
        >>> acquisition, mean = GaussianProcess().acquire(known, scores, asked, seed=0)
        >>> int(acquisition.argmax())  # the second promises the larger improvement
        1
    """

    def __init__(self, cap: int = 200):
        self._cap = cap

    def acquire(
        self, known: np.ndarray, scores: np.ndarray, asked: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = capped(scores, self._cap)
        centre, spread = known[rows].mean(axis=0), known[rows].std(axis=0)
        scale = np.where(spread > 0, spread, 1.0) * np.sqrt(known.shape[1])
        with linear_algebra().limit(limits=1):
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


@cache
def linear_algebra() -> ThreadpoolController:
    """Says how many threads the libraries for matrices use.

    Matrices as small as these gain nothing from several. Where children train beside them, the
    threads wait for one another: an ask took six times as long. And one thread rounds alike
    however many there could be.
    """
    return ThreadpoolController()


class TreeEnsemble:
    """Independent Thompson sampling over extremely randomised trees.

    Args:
        members: trees, each fitted to its own bootstrap sample.
        cap: most samples to fit, see `GaussianProcess`.
    """

    def __init__(self, members: int = 20, cap: int = 1000):
        self._members, self._cap = members, cap

    def acquire(
        self, known: np.ndarray, scores: np.ndarray, asked: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = capped(scores, self._cap)
        model = ExtraTreesRegressor(self._members, bootstrap=True, random_state=seed)
        model.fit(known[rows], scores[rows])
        each = np.array([tree.predict(asked) for tree in model.estimators_])
        mean, deviation = each.mean(axis=0), each.std(axis=0)
        return np.random.default_rng(seed).normal(mean, deviation), mean


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
