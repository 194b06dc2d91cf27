"""MCTS: Monte Carlo tree search over the decisions in the order in which the space has them.

A node of the tree is a beginning of a walk. From the root the child with the greatest upper
bound is taken until one is met that was never tried; from there random walks go on to the
end, and a surrogate says which of them to evaluate. The score counts for every beginning of
the walk. `LaNAS` learns its tree instead: what the order of the decisions does to a search
shows when the two are compared.

Source: Wang, Zhao, Jinnai, Tian and Fonseca, "AlphaX: exploring neural architectures with
deep neural networks and Monte Carlo tree search", 2019. Here the surrogate is linear and
chooses among roll-outs; there it is a network that adds its forecasts to the node's value.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace, Tokens
from mlpnas.core.strategies.base import Proposals, Strategy
from mlpnas.core.strategies.linear import ridge, upper_bound
from mlpnas.core.strategies.observations import Observations
from mlpnas.core.trial import Trial


class MCTS(Strategy):
    """Upper confidence bounds on the beginnings of walks.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals.
        exploration: c of the bound, in ranges of the scores seen.
        rollouts: random walks to the end, of which the surrogate takes one; 1 does without.

    Examples:
        >>> from mlpnas import History, MCTS, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = MCTS(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
    """

    def __init__(
        self, space: SearchSpace, seed: int = 0, exploration: float = 0.1, rollouts: int = 10
    ):
        self.space, self._seed = space, seed
        self._exploration, self._rollouts = exploration, rollouts
        self._proposals, self._observations = Proposals(space), Observations(space)
        self._visits: Counter[Tokens] = Counter()  # proposals that begin so
        self._told: Counter[Tokens] = Counter()  # of these, the ones with a score
        self._sums: defaultdict[Tokens, float] = defaultdict(float)

    def ask(self, n: int) -> list[Architecture]:
        rng = self._rng(0)
        asked = self._proposals.draw(n, lambda k: self._draw(k, rng), rng)
        self._visit(asked)
        return asked

    def tell(self, trials: Sequence[Trial]) -> None:
        told = self._observations.tell(trials)
        self._score(range(len(self._observations) - len(told), len(self._observations)))

    def sample(self, n: int) -> list[Architecture]:
        return self._draw(n, self._rng(1))

    def _draw(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """One walk, or as many as the batch needs: each counts as a visit for the next."""
        kept, slope = self._visits.copy(), self._slope()
        drawn: list[Architecture] = []
        for _ in range(n):
            drawn.append(self._roll_out(self._select(rng), slope, rng))
            self._visit(drawn[-1:])
        self._visits = kept
        return drawn

    def _select(self, rng: np.random.Generator) -> Tokens:
        """Down to the first beginning that nobody tried, or to the end of a walk."""
        prefix: Tokens = ()
        while self._visits[prefix] and (open_ids := self.space.legal(prefix)):
            children = [(*prefix, token) for token in open_ids]
            # What was tried to the last architecture is closed, unless everything was.
            open_children = [c for c in children if not self._is_exhausted(c)] or children
            bounds = np.array([self._bound(child, prefix) for child in open_children])
            best = np.flatnonzero(bounds == bounds.max())
            prefix = open_children[int(rng.choice(best))]
        return prefix

    def _is_exhausted(self, prefix: Tokens) -> bool:
        visits = self._visits[prefix]
        return visits > 0 and visits >= self.space.completions(prefix)

    def _bound(self, child: Tokens, parent: Tokens) -> float:
        scale = float(np.ptp(self._observations.scores)) if len(self._observations) else 1.0
        return upper_bound(
            self._mean(child),
            self._visits[child],
            self._visits[parent],
            self._exploration * scale,
        )

    def _mean(self, prefix: Tokens) -> float:
        """Mean score; where none is known yet, that of the nearest beginning that has one."""
        while prefix and not self._told[prefix]:
            prefix = prefix[:-1]
        return self._sums[prefix] / max(self._told[prefix], 1)

    def _roll_out(
        self, prefix: Tokens, slope: np.ndarray | None, rng: np.random.Generator
    ) -> Architecture:
        if slope is None:
            return self._complete(prefix, rng)
        ends = [self._complete(prefix, rng) for _ in range(self._rollouts)]
        return ends[int(np.argmax([self._observations.encode(a) @ slope for a in ends]))]

    def _complete(self, prefix: Tokens, rng: np.random.Generator) -> Architecture:
        while open_ids := self.space.legal(prefix):
            prefix = (*prefix, int(rng.choice(open_ids)))
        return self.space.architecture(prefix)

    def _slope(self) -> np.ndarray | None:
        """Of the linear surrogate; None while there is nothing to learn from."""
        if self._rollouts == 1 or len(self._observations) < 2:
            return None
        features, scores = self._observations.features(), np.array(self._observations.scores)
        return ridge(features - features.mean(axis=0), scores - scores.mean())

    def _visit(self, architectures: list[Architecture]) -> None:
        for architecture in architectures:
            self._visits.update(_beginnings(architecture.tokens))

    def _score(self, rows: range) -> None:
        for row in rows:
            beginnings = _beginnings(self._observations.architectures[row].tokens)
            self._told.update(beginnings)
            for beginning in beginnings:
                self._sums[beginning] += self._observations.scores[row]

    def state(self) -> dict[str, np.ndarray]:
        return {**self._proposals.state(), **self._observations.state()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)
        self._observations.restore(state)
        self._visits, self._told, self._sums = Counter(), Counter(), defaultdict(float)
        self._visit(self._proposals.proposed)
        self._score(range(len(self._observations)))

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, len(self._proposals.proposed), purpose])


def _beginnings(tokens: Tokens) -> list[Tokens]:
    return [tokens[:i] for i in range(len(tokens) + 1)]
