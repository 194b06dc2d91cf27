"""ProgressiveSearch: from small to large, a beam of the best at every size.

All of the smallest architectures are evaluated. Then, level by level, the best are grown by
one piece in every possible way, a surrogate says which of the grown ones look best, and only
those are evaluated. The surrogate has never seen an architecture as large as those that it
judges; so beside the space's features it reads how often each option occurs, averaged over
the pieces, which means the same at every size.

Source: Liu et al., "Progressive neural architecture search" (PNAS), ECCV 2018. Their
surrogate is an ensemble of networks; here it is one of ridge regressions, each fitted, as
theirs are, to another four fifths of what is known.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, SearchSpace, Tokens
from mlpnas.core.strategies.base import Proposals, Strategy
from mlpnas.core.strategies.observations import Observations
from mlpnas.core.strategies.surrogates import linear_algebra
from mlpnas.core.trial import Trial


class ProgressiveSearch(Strategy):
    """Beam search over sizes, for spaces whose walks may stop early.

    A piece is what lies between two places where a walk may stop: a layer of a chain, a
    block of a cell.

    Args:
        space: where to search; some of its decisions must have a `stop`.
        seed: equal seeds and scores, equal proposals.
        beam: K, architectures per level, of those that the surrogate likes best.
        members: of the surrogate's ensemble.

    Raises:
        InputError: if all architectures of the space are of one size.

    Examples:
        >>> from mlpnas import History, ProgressiveSearch, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = ProgressiveSearch(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
    """

    def __init__(self, space: SearchSpace, seed: int = 0, beam: int = 20, members: int = 5):
        if all(decision.stop is None for decision in space.decisions[:-1]):
            raise InputError(
                f"all architectures of {space.name} are of one size, and a progressive "
                "search goes from small to large; choose another strategy"
            )
        self.space, self._seed, self._beam, self._members = space, seed, beam, members
        self._proposals = Proposals(space)
        self._observations = Observations(space, lambda a: scale_free_features(space, a))
        self._level = 1
        self._begun = np.zeros(2, int)  # proposals, and scores, when the level began
        self._ranked: list[Architecture] | None = None  # the level's candidates, best first
        self._expected: dict[Tokens, float] = {}
        self._sizes: list[int] = []  # of what is in the memory, each worked out once

    def ask(self, n: int) -> list[Architecture]:
        """n, or what is left of the level: what comes next depends on its scores."""
        if not self._left() and any(self._grown(self._level, len(self._observations))):
            self._advance()
        n = min(n, self._left() or n)
        rng = np.random.default_rng([self._seed, len(self._proposals.proposed), 0])
        # Beyond the last beam the level's other candidates follow in the surrogate's order.
        return self._proposals.draw(
            n, lambda k: self._anywhere(k, rng), rng, self._candidates()
        )

    def tell(self, trials: Sequence[Trial]) -> None:
        self._observations.tell(trials)

    def sample(self, n: int) -> list[Architecture]:
        rng = np.random.default_rng([self._seed, len(self._proposals.proposed), 1])
        best = self._observations.best(self._beam)
        if not best:
            return self._anywhere(n, rng)
        return [best[i] for i in rng.integers(len(best), size=n)]

    def predict(self, architecture: Architecture) -> float | None:
        return self._expected.get(architecture.tokens)

    def _left(self) -> int:
        """Count the candidates of this level, or of its beam, not yet proposed."""
        quota = len(self._candidates())
        if self._level > 1:
            quota = min(quota, self._beam)
        return max(0, quota - (len(self._proposals.proposed) - int(self._begun[0])))

    def _advance(self) -> None:
        """Begin the next level."""
        self._level += 1
        self._begun = np.array([len(self._proposals.proposed), len(self._observations)])
        self._ranked = None

    def _candidates(self) -> list[Architecture]:
        """All of the level, the most promising first; made once per level."""
        if self._ranked is None:
            if self._level == 1:
                first = list(
                    dict.fromkeys(map(self.space.canonical, _extended(self.space, ())))
                )
                order = np.random.default_rng([self._seed, 0]).permutation(len(first))
                self._ranked, self._expected = [first[i] for i in order], {}
            else:
                known = int(self._begun[1])
                grown = dict.fromkeys(self._grown(self._level - 1, known))
                self._ranked = self._rank(list(grown), known)
        return self._ranked

    def _grown(self, level: int, known: int) -> Iterator[Architecture]:
        """The best of a level, by their scores, with one more piece."""
        self._sizes += map(self._size, self._observations.architectures[len(self._sizes) :])
        rows = [row for row in range(known) if self._sizes[row] == level]
        rows.sort(key=lambda row: -self._observations.scores[row])
        for row in rows[: self._beam]:
            *prefix, last = self._observations.architectures[row].tokens
            for token in self.space.legal(tuple(prefix)):
                if last == self.space.decisions[len(prefix)].stop != token:
                    yield from map(
                        self.space.canonical, _extended(self.space, (*prefix, token))
                    )

    def _rank(self, candidates: list[Architecture], known: int) -> list[Architecture]:
        if known < 2:  # one score says nothing about others
            return candidates
        x, y = (
            self._observations.features()[:known],
            np.array(self._observations.scores[:known]),
        )
        asked = np.array([self._observations.encode(a) for a in candidates])
        with linear_algebra().limit(limits=1):
            expected = np.mean([m.predict(asked) for m in self._ensemble(x, y)], axis=0)
        clipped = np.clip(expected, y.min(), y.max())
        self._expected = {a.tokens: float(e) for a, e in zip(candidates, clipped, strict=True)}
        return [candidates[i] for i in np.argsort(-expected, kind="stable")]

    def _ensemble(self, x: np.ndarray, y: np.ndarray) -> list[Pipeline]:
        """Members, each fitted without its own share of the samples if there are enough."""
        fold = np.random.default_rng([self._seed, len(y), 2]).permutation(len(y))
        fold %= self._members
        models = []
        for member in range(self._members):
            kept = (fold != member) | (len(y) < 2 * self._members)
            model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 3, 6)))
            models.append(model.fit(x[kept], y[kept]))
        return models

    def _size(self, architecture: Architecture) -> int:
        """In pieces: how often the walk could have stopped, or had to."""
        tokens, decisions = architecture.tokens, self.space.decisions
        stops = [decisions[i].stop in self.space.legal(tokens[:i]) for i in range(len(tokens))]
        return sum(stops) + (not stops[-1])

    def _anywhere(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        return [self.space.sample_walk(rng) for _ in range(n)]

    def state(self) -> dict[str, np.ndarray]:
        return {
            **self._proposals.state(),
            **self._observations.state(),
            "level": np.array(self._level),
            "begun": self._begun,
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)
        self._observations.restore(state)
        self._level, self._begun = int(state["level"]), np.array(state["begun"])
        self._ranked, self._sizes = None, []


def _extended(space: SearchSpace, prefix: Tokens) -> Iterator[Architecture]:
    """Every walk that begins so and stops at its first opportunity."""
    open_ids = space.legal(prefix)
    stop = space.decisions[len(prefix)].stop if open_ids else None
    if not open_ids:
        yield space.architecture(prefix)
    elif stop in open_ids and prefix:
        yield space.architecture((*prefix, stop))
    else:
        for token in open_ids:
            yield from _extended(space, (*prefix, token))


def scale_free_features(space: SearchSpace, architecture: Architecture) -> np.ndarray:
    """The space's features, and how often each option occurs on average.

    Decisions of one kind and group share their options, so their counts are added; divided
    by the length of the walk they mean the same in small architectures and in large ones.
    """
    counts: dict[tuple[str, str], np.ndarray] = {}
    for decision in space.decisions:
        key = (decision.kind, decision.group)
        size = max(len(decision.options), len(counts.get(key, ())))
        counts[key] = np.zeros(size)
    for decision, token in zip(space.decisions, architecture.tokens, strict=False):
        counts[decision.kind, decision.group][token] += 1 / len(architecture.tokens)
    return np.concatenate([space.features(architecture), *counts.values()])
