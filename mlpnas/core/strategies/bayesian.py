"""BayesianOptimization: a surrogate model of the score says which candidates are worth it.

Candidates are the neighbours of the best architectures and some random ones; those that the
surrogate finds most promising are evaluated. With a `TreeEnsemble` that reads a space's
`paths` this is close to BANANAS.

Source: White, Neiswanger and Savani, "BANANAS: Bayesian optimization with neural
architectures for neural architecture search", AAAI 2021 (neighbours of the best as
candidates, path encoding).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Proposals, Strategy
from mlpnas.core.strategies.observations import Observations
from mlpnas.core.strategies.surrogates import GaussianProcess, Surrogate
from mlpnas.core.trial import Trial


class BayesianOptimization(Strategy):
    """Evaluates the candidates that a surrogate finds most promising.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals.
        surrogate: a `GaussianProcess` unless another is given.
        initial: random successful trials before the surrogate is used.
        parents: how many of the best have their neighbours considered.
        candidates: at most this many neighbours, and a fifth as many random ones.
        encode: features for the surrogate; the space's own if None; `space.paths` as
            in BANANAS.

    Examples:
        >>> from mlpnas import BayesianOptimization, History, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = BayesianOptimization(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
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
        self._proposals, self._observations = Proposals(space), Observations(space, encode)
        self._expected: dict[tuple[int, ...], float] = {}

    def ask(self, n: int) -> list[Architecture]:
        rng = self._rng(0)
        self._expected = {}
        promising = self._promising(rng) if self._is_ready() else []
        return self._proposals.draw(n, lambda k: self._anywhere(k, rng), rng, promising)

    def tell(self, trials: Sequence[Trial]) -> None:
        self._observations.tell(trials)

    def sample(self, n: int) -> list[Architecture]:
        """The best so far and their neighbours, evenly."""
        rng = self._rng(1)
        best = self._observations.best(self._parents)
        if not best:
            return self._anywhere(n, rng)
        near = best + [a for parent in best for a in self.space.neighbours(parent)]
        return [near[i] for i in rng.integers(len(near), size=n)]

    def predict(self, architecture: Architecture) -> float | None:
        return self._expected.get(architecture.tokens)

    def _is_ready(self) -> bool:
        return len(self._observations) >= max(self._initial, 2)

    def _promising(self, rng: np.random.Generator) -> list[Architecture]:
        """New candidates, the most promising first."""
        candidates = self._new_candidates(rng)
        if not candidates:
            return []
        acquire, expected = self._surrogate.acquire(
            self._observations.features(),
            np.array(self._observations.scores),
            np.array([self._observations.encode(a) for a in candidates]),
            int(rng.integers(2**31)),
        )
        pairs = zip(candidates, expected, strict=True)
        low, high = min(self._observations.scores), max(self._observations.scores)
        self._expected = {a.tokens: float(np.clip(e, low, high)) for a, e in pairs}
        return [candidates[i] for i in np.argsort(-acquire, kind="stable")]

    def _new_candidates(self, rng: np.random.Generator) -> list[Architecture]:
        best = self._observations.best(self._parents)
        near = [a for parent in best for a in self.space.neighbours(parent)]
        chosen = rng.permutation(len(near))[: self._candidates]
        anywhere = self._anywhere(self._candidates // 5, rng)
        return self._proposals.news([*(near[i] for i in chosen), *anywhere])

    def _anywhere(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        return [self.space.sample_walk(rng) for _ in range(n)]

    def state(self) -> dict[str, np.ndarray]:
        return {**self._proposals.state(), **self._observations.state()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)
        self._observations.restore(state)

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, len(self._proposals.proposed), purpose])
