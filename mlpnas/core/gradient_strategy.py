"""A differentiable search in the loop of all others: an epoch is a round, its choice a trial.

So it is kept in a folder, shown, stopped, taken up again and reported like any other. The
score of a trial is that of the architecture with the mixture's weights; what was expected of
it, that of the mixture.
"""

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mlpnas.core.bars import bars
from mlpnas.core.evaluator import Evaluator
from mlpnas.core.gradient_search import GradientSearch
from mlpnas.core.search_space import Architecture
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.core.trial import Trial


class GradientStrategy(Strategy):
    """Asks for the architecture of the next epoch, whether it is new or not; for none when
    the search is over.

    Args:
        search: trains an epoch whenever it is asked.
    """

    def __init__(self, search: GradientSearch):
        self._search, self.space = search, search.space

    def ask(self, n: int) -> list[Architecture]:
        epochs = [epoch for _ in range(n) if (epoch := self._search.advance()) is not None]
        return [epoch.architecture for epoch in epochs]

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
        return self._search.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._search.restore(state)


class GradientEvaluator(Evaluator):
    """Hands over what the search has measured of its epochs.

    Args:
        search: the one that the strategy asks.
    """

    def __init__(self, search: GradientSearch):
        self._search, self._asked = search, time.perf_counter()

    def evaluate(self, architectures: Sequence[Architecture], first_id: int) -> Iterator[Trial]:
        for number, architecture in enumerate(architectures, start=first_id):
            now = time.perf_counter()
            seconds, self._asked = now - self._asked, now
            yield Trial(
                id=number,
                round=0,  # the loop knows the round
                architecture=architecture,
                status="ok",
                score=self._search.epochs[number].discrete,
                parameters=self._search.parameters(architecture),
                seconds=seconds,
                inherited=1.0,
            )
