"""QLearning: a table of values, one for every decision in the light of the one before it.

An architecture is written token by token: with probability epsilon a random legal token,
otherwise the one of greatest value. Its score is the reward at the end of the walk and
travels backwards through the table as finished walks are replayed.

Source: Baker, Gupta, Naik and Raskar, "Designing neural network architectures using
reinforcement learning" (MetaQNN), ICLR 2017.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace, Tokens
from mlpnas.core.strategies.base import Proposals, Strategy
from mlpnas.core.strategies.observations import Observations
from mlpnas.core.trial import Trial

# Epsilon, and the share of the search until which it holds: as published, 1,500 of 2,700
# networks at random, 100 each at 0.9 to 0.7, 150 each at 0.6 to 0.1.
_EXPLORE = [(1.0, 1500 / 2700)]
_EXPLORE += [(0.9 - 0.1 * i, (1600 + 100 * i) / 2700) for i in range(3)]
_EXPLORE += [(0.6 - 0.1 * i, (1950 + 150 * i) / 2700) for i in range(6)]


class QLearning(Strategy):
    """Q(s, a) <- (1 - alpha) Q(s, a) + alpha (r + max Q(s', .)), r = 0 until the end.

    The state s is the position and the token before it.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals.
        trials: planned length of the search, over which epsilon falls from 1 to 0.1.
        learning_rate: alpha.
        replays: walks replayed for every new one.
        start: value of what was never tried.

    Examples:
        >>> from mlpnas import History, QLearning, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = QLearning(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        trials: int = 100,
        learning_rate: float = 0.01,
        replays: int = 128,
        start: float = 0.5,
    ):
        self.space, self._seed, self._trials = space, seed, trials
        self._rate, self._replays = learning_rate, replays
        self._proposals, self._observations = Proposals(space), Observations(space)
        options = max(len(decision.options) for decision in space.decisions)
        # Row 0 of the second axis: no token before.
        self.values = np.full((len(space.decisions), options + 1, options), start)

    def ask(self, n: int) -> list[Architecture]:
        rng = self._rng(0)
        return self._proposals.draw(n, lambda k: self._draw(k, rng), rng)

    def sample(self, n: int) -> list[Architecture]:
        return self._draw(n, self._rng(1))

    def tell(self, trials: Sequence[Trial]) -> None:
        told = self._observations.tell(trials)
        rng = np.random.default_rng([self._seed, len(self._observations), 2])
        for row in rng.integers(len(self._observations) or 1, size=self._replays * len(told)):
            self._replay(
                self._observations.architectures[row].tokens, self._observations.scores[row]
            )

    def epsilon(self) -> float:
        """The share of random decisions now."""
        done = len(self._proposals.proposed) / self._trials
        return next((epsilon for epsilon, until in _EXPLORE if done < until), 0.1)

    def _draw(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        epsilon = self.epsilon()
        return [self._walk(epsilon, rng) for _ in range(n)]

    def _walk(self, epsilon: float, rng: np.random.Generator) -> Architecture:
        prefix: Tokens = ()
        while open_ids := self.space.legal(prefix):
            values = self._values_after(prefix)[list(open_ids)]
            if rng.random() < epsilon:
                values = np.zeros(len(open_ids))
            best = np.flatnonzero(values == values.max())
            prefix = (*prefix, open_ids[int(rng.choice(best))])
        return self.space.architecture(prefix)

    def _replay(self, tokens: Tokens, score: float) -> None:
        """One pass over a walk, last decision first, so that the reward arrives at once."""
        target = score
        for i in reversed(range(len(tokens))):
            values = self._values_after(tokens[:i])
            values[tokens[i]] += self._rate * (target - values[tokens[i]])
            target = float(values[list(self.space.legal(tokens[:i]))].max())

    def _values_after(self, prefix: Tokens) -> np.ndarray:
        return self.values[len(prefix), prefix[-1] + 1 if prefix else 0]

    def state(self) -> dict[str, np.ndarray]:
        return {
            **self._proposals.state(),
            **self._observations.state(),
            "values": self.values.copy(),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)
        self._observations.restore(state)
        self.values = np.array(state["values"])

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, len(self._proposals.proposed), purpose])
