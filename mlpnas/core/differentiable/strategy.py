"""A differentiable search in the loop of all others: an epoch is a round, its choice a trial.

So it is kept in a folder, shown, stopped, taken up again and reported like any other. As with
all shared weights, the evaluator trains them as a round begins; the strategy reads the
architecture off. The score of a trial is that of the architecture with the mixture's weights;
what was expected of it, that of the mixture.
"""

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.trial import Evaluation, Trial

LEVELS = " ▁▂▃▄▅▆▇█"


class GradientStrategy(Strategy):
    """Asks for the architecture of the epoch that was trained last, whether it is new or not;
    for none when the search is over. It has nothing of its own to keep.

    Args:
        search: which a `GradientEvaluator` advances.
    """

    def __init__(self, search: GradientSearch):
        self._search, self.space = search, search.space

    def ask(self, n: int) -> list[Architecture]:
        latest = self._search.latest
        return [] if latest is None else [latest.architecture]

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn nothing from scores: the gradient has done it."""

    def sample(self, n: int) -> list[Architecture]:
        """Return n times the architecture that the search would end with now."""
        chosen = self._search.chosen
        return [] if chosen is None else [chosen.architecture] * n

    def predict(self, architecture: Architecture) -> float | None:
        """Return the score of the mixture from which it was cut."""
        for epoch in reversed(self._search.epochs):
            if epoch.architecture == architecture:
                return epoch.mixed
        return None

    def picture(self) -> str:
        supernet = self._search.supernet
        return bars(supernet.tables(), supernet.operations, supernet.edges)

    def state(self) -> dict[str, np.ndarray]:
        return {}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore nothing: `GradientEvaluator` keeps what was learned."""


class GradientEvaluator(Evaluator):
    """Trains an epoch as a round begins, and measures the architecture that is read off.

    Args:
        search: the one that the strategy reads.
    """

    whole_rounds = True

    def __init__(self, search: GradientSearch):
        self._search, self._began = search, time.perf_counter()

    def begin_round(self, strategy: Strategy) -> None:
        self._began = time.perf_counter()
        self._search.advance()

    def evaluate(
        self, architectures: Sequence[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        for architecture in architectures:
            [score] = self._search.validate([architecture])
            yield Evaluation(
                architecture,
                score=score,
                parameters=self._search.parameters(architecture),
                seconds=time.perf_counter() - self._began,
                inherited=1.0,
            )

    def state(self) -> dict[str, np.ndarray]:
        return self._search.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._search.restore(state)


def bars(
    tables: Mapping[str, np.ndarray],
    operations: Sequence[str],
    edges: Sequence[tuple[int, int]],
) -> str:
    """A block per table: a line per operation, a bar per edge, a gap before each node.

    A bar is as high as the edge's weight is to the largest of the table.

    Args:
        tables: by name, `(edges, operations)`, none negative.
        operations: what the columns are.
        edges: `(state, node)` of the rows; all edges into a node stand together.
    """
    return "\n".join(_block(name, table, operations, edges) for name, table in tables.items())


def _block(
    name: str, table: np.ndarray, operations: Sequence[str], edges: Sequence[tuple[int, int]]
) -> str:
    heights = np.round((len(LEVELS) - 1) * table / max(float(table.max()), 1e-12)).astype(int)
    nodes = sorted({node for _, node in edges})
    into = [[row for row, (_, end) in enumerate(edges) if end == node] for node in nodes]
    width = max(map(len, (name, *operations)))

    def line(title: str, parts: Sequence[str]) -> str:
        return f"{title:>{width}}  " + " ".join(parts)

    header = [f"{node:<{len(rows)}}" for node, rows in zip(nodes, into, strict=True)]
    lines = [
        line(operation, ["".join(LEVELS[heights[row, k]] for row in rows) for rows in into])
        for k, operation in enumerate(operations)
    ]
    return "\n".join([line(name, header), *lines])
