"""LaNAS: learn where the good architectures are, sample there.

A learning phase cuts the space into regions by what is known so far (`Partition`); then a
number of architectures are chosen, each by walking down the tree to the region with the
greatest upper bound and drawing from it; then the space is cut anew.

Source: Wang, Xie, Li, Fonseca and Tian, "Sample-efficient neural architecture search by
learning action space", 2019. Two departures: the linear models are fitted in closed form,
and the exploration constant is in units of the scores' range, so that it means the same for
accuracies that lie close together as for others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace, Tokens
from mlpnas.core.strategies.base import Proposals, Strategy
from mlpnas.core.strategies.lanas.metropolis import walk
from mlpnas.core.strategies.lanas.partition import Partition, path
from mlpnas.core.strategies.lanas.pool import ENUMERABLE, Encode, Pool, whole
from mlpnas.core.strategies.observations import Observations
from mlpnas.core.trial import Trial


@dataclass(frozen=True)
class Tree:
    """How the space is cut, and how a region is chosen.

    Attributes:
        levels: of nodes, the root and the leaves included.
        exploration: c of the upper bound; 0 always takes the better region.
        scaled: whether c counts in ranges of the scores seen, or in scores as they are.
        by_score: whether samples are routed by their own score, as the authors' released
            code does, or by the model, as their paper says.
    """

    levels: int = 5
    exploration: float = 0.05
    scaled: bool = True
    by_score: bool = False


class LaNAS(Strategy):
    """Monte Carlo tree search over learned regions.

    Args:
        space: where to search.
        seed: equal seeds and scores, equal proposals.
        initial: random successful trials before the first learning phase.
        selects: successful trials from one learning phase to the next.
        tree: see `Tree`.
        sampling: how a region is drawn from. `"pool"` routes the whole space, `"rejection"`
            some thousand random draws, and takes those that arrive; `"walk"` takes random
            steps inside the region. By default a pool where the space can be enumerated.
        transfer: a partition learned on another task of the same space; it stands in for
            random draws until the first learning phase.
        encode: features that the regions are cut by; the space's own if None.

    Examples:
        >>> from mlpnas import History, LaNAS, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = LaNAS(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=40)
        >>> history.best().score > 0.95  # the best of this table has 0.97
        True
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        initial: int = 20,
        selects: int = 10,
        tree: Tree = Tree(),  # frozen, hence safe to share
        sampling: Literal["pool", "rejection", "walk"] | None = None,
        transfer: Partition | None = None,
        encode: Encode | None = None,
    ):
        self.space, self._seed, self._tree = space, seed, tree
        self._initial, self._selects = initial, selects
        self._sampling = sampling or ("pool" if space.size() <= ENUMERABLE else "rejection")
        self._proposals, self._observations = Proposals(space), Observations(space, encode)
        self._encode = encode or space.features
        self.partition = transfer
        self._learned_on = 0  # trials that the last learning phase knew; 0 before the first
        self._places: tuple[Pool, np.ndarray] | None = None  # a pool, and the leaf of each
        self._forms: list[Tokens] = []  # canonical forms of the first proposals

    # --- learning -----------------------------------------------------------------------

    def tell(self, trials: Sequence[Trial]) -> None:
        told = self._observations.tell(trials)
        if self._learned_on:
            self._count(range(len(self._observations) - len(told), len(self._observations)))

    def _learn(self, known: int) -> None:
        """Cut the space by the first `known` trials."""
        scores = np.array(self._observations.scores[:known])
        self.partition = Partition(
            self._observations.features()[:known],
            scores,
            self._tree.levels,
            self._tree.by_score,
        )
        self._learned_on, self._places = known, None

    def _count(self, rows: range) -> None:
        """Back-propagate trials that were told since the last learning phase."""
        if self.partition is not None and len(rows):
            new = [
                self._observations.encode(self._observations.architectures[row]) for row in rows
            ]
            leaves = self.partition.leaf(np.array(new))
            for leaf, row in zip(leaves, rows, strict=True):
                self.partition.add(int(leaf), self._observations.scores[row])

    def predict(self, architecture: Architecture) -> float | None:
        """The mean score of its region."""
        if self.partition is None or not self._learned_on:
            return None
        form = self._observations.encode(architecture)
        return float(self.partition.means()[self.partition.leaf(form[None])[0]])

    # --- choosing -----------------------------------------------------------------------

    def ask(self, n: int) -> list[Architecture]:
        told = len(self._observations)
        if told >= self._initial and told - self._learned_on >= self._selects:
            self._learn(told)
        rng = self._rng(0)
        return self._proposals.draw(n, lambda k: self._draw(k, rng), rng)

    def sample(self, n: int) -> list[Architecture]:
        return self._draw(n, self._rng(1))

    def _draw(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        if self.partition is None:
            return [self.space.sample_walk(rng) for _ in range(n)]
        if self._sampling == "walk":
            return self._draw_by_walking(self.partition, n, rng)
        return self._draw_from_pool(self.partition, n, rng)

    def _draw_from_pool(
        self, partition: Partition, n: int, rng: np.random.Generator
    ) -> list[Architecture]:
        """Up to n architectures that were not proposed, each from its own walk down."""
        pool, leaves = self._pool(partition)
        unseen = np.ones(len(pool), bool)
        unseen[self._rows(pool)] = False
        room = np.zeros(len(partition.visits))
        for leaf, count in enumerate(np.bincount(leaves[unseen])):
            room[path(leaf)] += count
        pending = np.zeros(len(room))
        drawn: list[Architecture] = []
        while len(drawn) < n and room[0]:
            leaf = partition.select(self._exploration(partition), room > 0, pending, rng)
            row = int(rng.choice(np.flatnonzero(unseen & (leaves == leaf))))
            unseen[row] = False
            room[path(leaf)] -= 1
            pending[path(leaf)] += 1
            drawn.append(pool.architectures[row])
        return drawn or [self.space.sample_walk(rng) for _ in range(n)]

    def _draw_by_walking(
        self, partition: Partition, n: int, rng: np.random.Generator
    ) -> list[Architecture]:
        """Metropolis walks, each from a member of its region."""
        pending = np.zeros(len(partition.visits))
        drawn: list[Architecture] = []
        starts, leaves = self._starts(partition)
        occupied = np.zeros(len(partition.visits), bool)
        for leaf in set(leaves.tolist()):
            occupied[path(int(leaf))] = True
        while len(drawn) < n:
            leaf = partition.select(self._exploration(partition), occupied, pending, rng)
            start = int(rng.choice(np.flatnonzero(leaves == leaf)))
            pending[path(leaf)] += 1
            drawn.append(walk(self.space, partition, starts[start], rng, self._encode))
        return drawn

    def _starts(self, partition: Partition) -> tuple[list[Architecture], np.ndarray]:
        """What walks begin from, and the leaf of each: what was told; but random draws while
        the tree is another task's, which has nothing told in most of its regions."""
        if self._learned_on:
            return self._observations.architectures, partition.leaf(
                self._observations.features()
            )
        pool, leaves = self._pool(partition)
        return pool.architectures, leaves

    def _pool(self, partition: Partition) -> tuple[Pool, np.ndarray]:
        """What to draw from until the next learning phase, and the leaf of each."""
        if self._places is None:
            if self._sampling == "pool":
                pool = whole(self.space, self._encode)
            else:
                rng = np.random.default_rng([self._seed, self._learned_on, 2])
                drawn = (self.space.sample_walk(rng) for _ in range(2000))
                pool = Pool(self.space, drawn, self._encode)
            self._places = pool, partition.leaf(pool.features)
        return self._places

    def _rows(self, pool: Pool) -> list[int]:
        """Where in the pool the proposed architectures are."""
        new = self._proposals.proposed[len(self._forms) :]
        self._forms += [self.space.canonical(a).tokens for a in new]
        rows = (pool.row(form) for form in self._forms)
        return [row for row in rows if row is not None]

    def _exploration(self, partition: Partition) -> float:
        # In units of the scores that its means are of; those of a transferred tree are
        # another task's, and may lie elsewhere.
        scale = partition.high - partition.low if self._tree.scaled else 1.0
        return self._tree.exploration * scale

    # --- being saved --------------------------------------------------------------------

    def state(self) -> dict[str, np.ndarray]:
        return {
            **self._proposals.state(),
            **self._observations.state(),
            "learned_on": np.array(self._learned_on),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._proposals.restore(state)
        self._observations.restore(state)
        self._forms = []
        known = int(state["learned_on"])
        if known:  # the tree follows from what it was learned on
            self._learn(known)
            self._count(range(known, len(self._observations)))

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, len(self._proposals.proposed), purpose])
