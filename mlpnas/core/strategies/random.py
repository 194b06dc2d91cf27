"""RandomStrategy: the baseline that every other strategy has to beat."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Proposals, Strategy, usable_scores
from mlpnas.core.trial import Trial


class RandomStrategy(Strategy):
    """Independent draws without replacement; learns nothing.

    Args:
        space: where to draw.
        seed: equal seeds, equal draws.
        uniform_over: `"decisions"` makes every legal option equally likely at each step;
            `"architectures"` makes every architecture equally likely, which in a chain
            space means the deepest ones nearly always.

    Examples:
        >>> from mlpnas import History, RandomStrategy, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = RandomStrategy(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        uniform_over: Literal["decisions", "architectures"] = "decisions",
    ):
        if uniform_over not in ("decisions", "architectures"):
            raise ValueError(
                f"uniform_over is {uniform_over!r}; expected 'decisions' or 'architectures'"
            )
        self.space = space
        over_decisions = uniform_over == "decisions"
        self._draw = space.sample_walk if over_decisions else space.sample_architecture
        self._seed = seed
        self._proposals = Proposals(space)

    def ask(self, n: int) -> list[Architecture]:
        rng = self._rng(0)
        return self._proposals.draw(n, lambda k: [self._draw(rng) for _ in range(k)], rng)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Nothing to learn; trials of another space are refused as everywhere."""
        usable_scores(self.space, trials)

    def sample(self, n: int) -> list[Architecture]:
        rng = self._rng(1)
        return [self._draw(rng) for _ in range(n)]

    def state(self) -> dict[str, np.ndarray]:
        return self._proposals.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)

    def _rng(self, purpose: int) -> np.random.Generator:
        # The count of proposals stands in for a generator's state: nothing more to save.
        return np.random.default_rng([self._seed, len(self._proposals.proposed), purpose])
