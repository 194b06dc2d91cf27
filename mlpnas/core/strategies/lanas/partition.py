"""Partition: a tree that cuts a space into regions, better ones to the left.

Each inner node fits a linear model f to the scores of the samples in its region and sends
what f expects above the region's mean to the left. So a leaf is an intersection of
half-spaces, and whether an architecture lies in it can be said without training it.

Nodes are numbered as in a heap: 0 is the root, 2 j + 1 and 2 j + 2 are the children of j.

Source: Wang, Xie, Li, Fonseca and Tian, "Sample-efficient neural architecture search by
learning action space" (LaNAS), 2019.
"""

from pathlib import Path

import numpy as np

from mlpnas.core.strategies.linear import ridge, upper_bound


class Partition:
    """The regions learned from samples, and how often each was visited.

    Args:
        features: `(n, d)`, of the samples.
        scores: `(n,)`.
        levels: of nodes, so that there are 2 ** (levels - 1) leaves.
        by_score: whether samples go left by their own score rather than by the model's.

    Attributes:
        visits: `(nodes,)`, samples in each region.
        sums: `(nodes,)`, of their scores.
        samples: per node, which of the given samples fell into it.
        low, high: the least and the greatest score.
    """

    def __init__(
        self, features: np.ndarray, scores: np.ndarray, levels: int = 5, by_score: bool = False
    ):
        self.leaves = range(2 ** (levels - 1) - 1, 2**levels - 1)
        self._centre, spread = features.mean(axis=0), features.std(axis=0)
        self._scale = np.where(spread > 0, spread, 1.0)
        self._slopes = np.zeros((self.leaves.start, features.shape[1]))
        self._offsets = np.zeros(self.leaves.start)  # of f - mean, so that left is > 0
        self.splits = np.zeros(self.leaves.start, bool)
        self.samples: list[np.ndarray] = [np.arange(len(scores))] * (self.leaves.stop)
        self._grow(self._scaled(features), scores, by_score)
        self.visits = np.array([len(rows) for rows in self.samples], float)
        self.sums = np.array([scores[rows].sum() for rows in self.samples])
        self.low, self.high = float(scores.min()), float(scores.max())

    def _grow(self, x: np.ndarray, scores: np.ndarray, by_score: bool) -> None:
        for node in range(self.leaves.start):
            rows = self.samples[node]
            left = self._fit(node, x[rows], scores[rows])
            if by_score and self.splits[node]:
                left = scores[rows] > scores[rows].mean()
            self.samples[2 * node + 1] = rows[left]
            self.samples[2 * node + 2] = rows[~left]

    def _fit(self, node: int, x: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Fit the node's model; return which go left. A model that does not separate better
        from worse is not used: everything goes left."""
        everything = np.ones(len(scores), bool)
        if len(scores) < 2 or np.ptp(scores) == 0:
            return everything
        centre = x.mean(axis=0)
        slope = ridge(x - centre, scores - scores.mean())
        left = (x - centre) @ slope > 0
        if left.all() or not left.any() or scores[left].mean() < scores[~left].mean():
            return everything
        self.splits[node] = True
        self._slopes[node], self._offsets[node] = slope, -centre @ slope
        return self._goes_left(x, np.full(len(x), node))

    def leaf(self, features: np.ndarray) -> np.ndarray:
        """The leaf in which each architecture lies, `(n, d)` to int `(n,)`."""
        x, nodes = self._scaled(features), np.zeros(len(features), int)
        while nodes.size and nodes[0] < self.leaves.start:  # all are on one level
            nodes = 2 * nodes + np.where(self._goes_left(x, nodes), 1, 2)
        return nodes

    def _goes_left(self, x: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """Whether each row of x lies in the better half of its node."""
        margins = np.einsum("ij,ij->i", x, self._slopes[nodes]) + self._offsets[nodes]
        return (margins > 0) | ~self.splits[nodes]

    def add(self, leaf: int, score: float) -> None:
        """Count a sample from the leaf up to the root; the regions stay as they are."""
        self.low, self.high = min(self.low, score), max(self.high, score)
        for node in path(leaf):
            self.visits[node] += 1
            self.sums[node] += score

    def select(
        self,
        exploration: float,
        is_open: np.ndarray,
        pending: np.ndarray,
        rng: np.random.Generator,
    ) -> int:
        """Walk from the root to a leaf, to the child with the greater upper bound.

        Args:
            exploration: c, see `upper_bound`.
            is_open: bool `(nodes,)`, where there is something to sample; the root is open.
            pending: `(nodes,)`, visits whose score is not known yet; they count as visits.
            rng: decides between equal bounds.
        """
        node, counts, means = 0, self.visits + pending, self.means()
        while node < self.leaves.start:
            children = [child for child in (2 * node + 1, 2 * node + 2) if is_open[child]]
            bounds = np.array(
                [upper_bound(means[i], counts[i], counts[node], exploration) for i in children]
            )
            node = children[int(rng.choice(np.flatnonzero(bounds == bounds.max())))]
        return node

    def means(self) -> np.ndarray:
        """Mean score of each region, `(nodes,)`; a region without samples has its parent's."""
        means = self.sums / np.maximum(self.visits, 1.0)
        for node in np.flatnonzero(self.visits == 0):  # in rising order: parents come first
            means[node] = means[(node - 1) // 2]
        return means

    def __str__(self) -> str:
        """The tree, a line per node that holds something, children indented."""
        means = self.means()
        lines = []
        for node in _depth_first(len(self.visits)):
            depth = len(path(node)) - 1
            side = "root" if node == 0 else ("better" if node % 2 else "worse")
            if self.visits[node]:
                figures = f"{int(self.visits[node])} samples, mean {means[node]:.4f}"
                lines.append(f"{'  ' * depth}{side} {node}: {figures}")
        return "\n".join(lines)

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        return (features - self._centre) / self._scale


def path(node: int) -> list[int]:
    """The nodes from this one up to the root."""
    nodes = [node]
    while nodes[-1]:
        nodes.append((nodes[-1] - 1) // 2)
    return nodes


def _depth_first(count: int) -> list[int]:
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += [child for child in (2 * node + 2, 2 * node + 1) if child < count]
    return order


def draw(partition: Partition, file: Path) -> None:
    """Draws the tree: a disc per region, its size the samples, its colour their mean.

    Args:
        partition: at least one sample.
        file: a .png or .svg to write.
    """
    from matplotlib.figure import Figure  # slow to import, and searches draw nothing

    nodes = np.flatnonzero(partition.visits)
    levels = np.array([len(path(int(node))) - 1 for node in nodes])
    # In a heap, level k begins at node 2^k - 1 and has 2^k places side by side.
    places = (nodes + 1 - 2**levels + 0.5) / 2**levels
    figure = Figure(figsize=(9, 5), layout="constrained")
    axis = figure.add_subplot()
    for node, level, x in zip(nodes[1:], levels[1:], places[1:], strict=True):
        parent = int(np.flatnonzero(nodes == (node - 1) // 2)[0])
        axis.plot([places[parent], x], [1 - level, -level], color="0.8", zorder=1)
    sizes = 40 + 600 * partition.visits[nodes] / partition.visits[0]
    discs = axis.scatter(places, -levels, sizes, partition.means()[nodes], zorder=2)
    figure.colorbar(discs, label="mean score")
    axis.set(xticks=[], yticks=[], title="regions, the better half to the left")
    figure.savefig(file)
