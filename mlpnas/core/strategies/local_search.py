"""LocalSearch: climb from neighbour to better neighbour, restart at the top.

Sources: White, Nolen and Savani, "Exploring the loss landscape in neural architecture
search", UAI 2021; Ottelander et al., "Local search is a remarkably strong baseline for
neural architecture search", EMO 2021.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Proposals, Strategy
from mlpnas.core.strategies.observations import Observations
from mlpnas.core.trial import Trial


class LocalSearch(Strategy):
    """Hill climbing over the space's neighbours, in random order.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals.
        starts: random architectures before the first climb, which begins at the best.
        move: `"first"` moves to the first better neighbour, `"best"` evaluates the whole
            neighbourhood and moves to the best.

    Examples:
        >>> from mlpnas import History, LocalSearch, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = LocalSearch(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        starts: int = 10,
        move: Literal["first", "best"] = "first",
    ):
        self.space, self._seed, self._starts = space, seed, starts
        self._first = move == "first"
        self._proposals, self._observations = Proposals(space), Observations(space)
        self._here: Architecture | None = None  # None: looking for a place to begin
        self._around: list[Architecture] = []  # its neighbours
        self._since = 0  # scores told before the present start was looked for

    def ask(self, n: int) -> list[Architecture]:
        rng = self._rng(0)
        fresh = self._proposals.news(self._around)
        given = [fresh[i] for i in rng.permutation(len(fresh))]
        # A batch larger than what is left of the neighbourhood is filled with new starts.
        return self._proposals.draw(n, lambda k: self._anywhere(k, rng), rng, given)

    def tell(self, trials: Sequence[Trial]) -> None:
        told = self._observations.tell(trials)
        if self._here is None:
            self._begin()
        elif self._first:
            better = (a for a in told if self._score(a) > self._score(self._here))
            self._move(next(better, self._here))
        self._climb()

    def sample(self, n: int) -> list[Architecture]:
        rng = self._rng(1)
        places = [self._here, *self._around] if self._here else []
        if not places:
            return self._anywhere(n, rng)
        return [places[i] for i in rng.integers(len(places), size=n)]

    def _begin(self) -> None:
        """Stand on the best start, once there are enough: several at first, then one."""
        starts = self._observations.architectures[self._since :]
        if len(starts) >= (self._starts if self._since == 0 else 1):
            self._move(max(starts, key=self._score))

    def _climb(self) -> None:
        """Move as long as something better is known; a peak is left for a new start."""
        while self._here is not None:
            fresh = self._proposals.news(self._around)
            # What is new first: along known ways every climb would end on the same peak.
            better = None if fresh else self._best_around()
            if better is not None:  # strictly better, so this ends
                self._move(better)
            elif fresh:
                return
            else:
                self._move(None)

    def _best_around(self) -> Architecture | None:
        """The best neighbour known to be better than here; None if none is."""
        known = [a for a in self._around if self._score(a) > self._score(self._here)]
        return max(known, key=self._score, default=None)

    def _move(self, to: Architecture | None) -> None:
        if to is None:
            self._since = len(self._observations)
        if to != self._here:
            self._here, self._around = to, self.space.neighbours(to) if to else []

    def _score(self, architecture: Architecture | None) -> float:
        score = None if architecture is None else self._observations.score(architecture)
        return -np.inf if score is None else score

    def _anywhere(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        return [self.space.sample_walk(rng) for _ in range(n)]

    def state(self) -> dict[str, np.ndarray]:
        here = () if self._here is None else self._here.tokens
        return {
            **self._proposals.state(),
            **self._observations.state(),
            "here": np.array(here, np.int32),
            "since": np.array(self._since),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)
        self._observations.restore(state)
        tokens = state["here"].tolist()
        self._here, self._around = None, []
        self._move(self.space.architecture(tokens) if tokens else None)
        self._since = int(state["since"])

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, len(self._proposals.proposed), purpose])
