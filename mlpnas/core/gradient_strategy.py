"""A differentiable search in the loop of all others: an epoch is a round, its choice a trial.

So it is kept in a folder, shown, stopped, taken up again and reported like any other. As with
all shared weights, the evaluator trains them as a round begins; the strategy reads the
architecture off. The score of a trial is that of the architecture with the mixture's weights;
what was expected of it, that of the mixture.
"""

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mlpnas.core.bars import bars
from mlpnas.core.evaluator import Evaluator
from mlpnas.core.gradient_search import GradientSearch
from mlpnas.core.search_space import Architecture
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.core.trial import Evaluation, Trial


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
        """There is nothing to learn from scores: the gradient has done it."""

    def sample(self, n: int) -> list[Architecture]:
        """The architecture to take."""
        chosen = self._search.chosen
        return [] if chosen is None else [chosen.architecture] * n

    def predict(self, architecture: Architecture) -> float | None:
        """The score of the mixture from which it was cut."""
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
        """See `GradientEvaluator`, which keeps what was learned."""


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
