"""A differentiable search in the loop of all others: an epoch is a round, its genotype a trial.

So it is kept in a folder, shown, stopped, taken up again and reported like any other. The
score of a trial is the accuracy of its genotype with the mixture's weights; what was expected
of it, the accuracy of the mixture. What lies between them is lost when a mixture becomes a
network: much of it foretells a bad retraining.
"""

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cnnnas.cell_space import CellSpace
from cnnnas.darts_epoch import Epoch
from cnnnas.darts_search import DartsSearch
from mlpnas.core.evaluator import Evaluator
from mlpnas.core.search_space import Architecture
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.core.trial import Trial


class DartsStrategy(Strategy):
    """Asks for the genotype of the next epoch, whether it is new or not; for none when the
    search is over.

    Args:
        search: trains an epoch whenever it is asked.
    """

    space: CellSpace

    def __init__(self, search: DartsSearch):
        self._search, self.space = search, search.space

    def ask(self, n: int) -> list[Architecture]:
        epochs = [epoch for _ in range(n) if (epoch := self._search.advance()) is not None]
        return [self.space.from_cells(epoch.cells) for epoch in epochs]

    def tell(self, trials: Sequence[Trial]) -> None:
        """There is nothing to learn from scores: the gradient has done it."""

    def sample(self, n: int) -> list[Architecture]:
        """The genotype to take."""
        chosen = self._search.chosen
        return [] if chosen is None else [self.space.from_cells(chosen.cells)] * n

    def predict(self, architecture: Architecture) -> float | None:
        """The accuracy of the mixture from which it was cut."""
        for epoch in reversed(self._search.epochs):
            if self.space.from_cells(epoch.cells) == architecture:
                return epoch.accuracy
        return None

    def state(self) -> dict[str, np.ndarray]:
        return self._search.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._search.restore(state)


class DartsEvaluator(Evaluator):
    """Hands over what the search has measured of its epochs.

    Args:
        search: the one that the strategy asks.
    """

    def __init__(self, search: DartsSearch):
        self._search, self._asked = search, time.perf_counter()

    def evaluate(self, architectures: Sequence[Architecture], first_id: int) -> Iterator[Trial]:
        for number, architecture in enumerate(architectures, start=first_id):
            epoch: Epoch = self._search.epochs[number]
            now = time.perf_counter()
            seconds, self._asked = now - self._asked, now
            yield Trial(
                id=number,
                round=0,  # the loop knows the round
                architecture=architecture,
                status="ok",
                score=epoch.discrete_accuracy,
                parameters=self._search.parameters(architecture),
                seconds=seconds,
                inherited=1.0,
            )
