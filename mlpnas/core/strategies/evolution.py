"""RegularizedEvolution: the better of a few become parents, the oldest die.

A child is its parent with one edit. In an ageing population nobody lives longer than
`population` successful trials, so a lucky noisy score is forgotten unless its descendants
confirm it; without ageing the worst dies instead.

Sources: Real, Aggarwal, Huang and Le, "Regularized evolution for image classifier
architecture search", AAAI 2019; Real et al., "Large-scale evolution of image classifiers",
ICML 2017 (the tournament without ageing).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Proposals, Strategy
from mlpnas.core.strategies.observations import Observations
from mlpnas.core.trial import Trial


class RegularizedEvolution(Strategy):
    """Tournament evolution over the space's neighbours.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals.
        population: P, how many live; the first P successful trials are random.
        tournament: S, how many are drawn (with replacement), of which the best is parent.
        ageing: whether the oldest dies, or the worst.

    Examples:
        >>> from mlpnas import History, RegularizedEvolution, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = RegularizedEvolution(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        population: int = 20,
        tournament: int = 5,
        ageing: bool = True,
    ):
        self.space, self._seed = space, seed
        self._size, self._tournament, self._ageing = population, tournament, ageing
        self._proposals, self._observations = Proposals(space), Observations(space)

    def ask(self, n: int) -> list[Architecture]:
        rng = self._rng(0)
        population = self.population()
        return self._proposals.draw(n, lambda k: self._draw(population, k, rng), rng)

    def tell(self, trials: Sequence[Trial]) -> None:
        self._observations.tell(trials)

    def sample(self, n: int) -> list[Architecture]:
        return self._draw(self.population(), n, self._rng(1))

    def population(self) -> list[tuple[Architecture, float]]:
        """The living and their scores: the last P or, without ageing, the best P.

        Dropping the worst of P + 1 after every birth leaves the best P of all.
        """
        told = list(
            zip(self._observations.architectures, self._observations.scores, strict=True)
        )
        if self._ageing:
            return told[-self._size :]
        return sorted(told, key=lambda member: -member[1])[: self._size]

    def _draw(
        self, population: list[tuple[Architecture, float]], n: int, rng: np.random.Generator
    ) -> list[Architecture]:
        """Random ones until the population is complete, children afterwards."""
        if len(population) < self._size:
            return [self.space.sample_walk(rng) for _ in range(n)]
        return [self._child(population, rng) for _ in range(n)]

    def _child(
        self, population: list[tuple[Architecture, float]], rng: np.random.Generator
    ) -> Architecture:
        drawn = [population[i] for i in rng.integers(len(population), size=self._tournament)]
        parent, _ = max(drawn, key=lambda member: member[1])
        edits = self.space.neighbours(parent)
        return edits[rng.integers(len(edits))] if edits else parent

    def state(self) -> dict[str, np.ndarray]:
        return {**self._proposals.state(), **self._observations.state()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)
        self._observations.restore(state)

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, len(self._proposals.proposed), purpose])
