"""Search with one set of weights for all architectures: train them, score with them, derive.

A supernet holds the weights of every operation at every place; an architecture is a path
through it. Training alternates: a pass over the training rows, with another architecture
drawn from the strategy for each batch, then rounds in which the strategy learns from scores
on validation batches while the weights stand still. A score here belongs to the weights of
the moment and to one batch; what a network is worth is known when it was retrained.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.trial import Evaluation


class SharedScores(Protocol):
    """Weights that all architectures of a space share, however they were learned."""

    @property
    def space(self) -> SearchSpace:
        """Whose architectures are its paths."""
        ...

    def validate(self, architectures: Sequence[Architecture]) -> list[float]:
        """Return the reward of each on validation rows that are always the same."""
        ...


class Supernet(SharedScores, Protocol):
    """Shared weights with the data they learn from.

    Attributes:
        steps: training batches in one pass over the data.
    """

    steps: int

    def train(self, architectures: Sequence[Architecture]) -> float:
        """Take one training step for each, on the next batch; return their mean loss."""
        ...

    def score(self, architectures: Sequence[Architecture], batch: int) -> list[float]:
        """Return the reward of each on validation batch number `batch`, higher is better.

        The rows are shuffled anew each time the numbers have used all of them; the same
        number means the same rows.
        """
        ...

    def parameters(self, architecture: Architecture) -> int:
        """Count the shared weights that the architecture uses."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """Return weights, optimizer and place in the data, as arrays."""
        ...

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Put a `state` back, into a supernet made with the same arguments."""
        ...


class SupernetEvaluator(Evaluator):
    """Scores architectures with shared weights, each on a validation batch of its own.

    Args:
        supernet: the weights; trained here and nowhere else.
        rounds_per_pass: rounds of scores between two passes over the training rows.

    Examples:
        >>> from mlpnas import History, MLPSpace, RandomStrategy, SupernetEvaluator, search
        >>> from mlpnas.testing.fakes import FakeSupernet
        >>> space = MLPSpace((3, "softmax"))
        >>> evaluator = SupernetEvaluator(FakeSupernet(space), rounds_per_pass=2)
        >>> history = search(RandomStrategy(space), evaluator, History(), trials=40)
        >>> evaluator.supernet.passes  # training steps of every second round
        [4, 4]
    """

    def __init__(self, supernet: Supernet, rounds_per_pass: int = 1):
        self.supernet, self._rounds_per_pass = supernet, rounds_per_pass
        self._round = 0

    def begin_round(self, strategy: Strategy) -> None:
        """Train the weights for a pass, if one is due, on draws from the strategy.

        Raises:
            InputError: if the loss is not finite any more: no later score would mean anything.
        """
        if self._round % self._rounds_per_pass:
            return
        loss = self.supernet.train(strategy.sample(self.supernet.steps))
        if not math.isfinite(loss):
            raise InputError(
                f"the shared weights diverged: their mean loss is {loss} in round "
                f"{self._round}; expected a finite number: choose a lower learning rate"
            )

    def evaluate(
        self, architectures: Sequence[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        for i, architecture in enumerate(architectures, start=first_id):
            start = time.perf_counter()
            # The batch follows from the trial's number, so a resumed search uses it again.
            [score] = self.supernet.score([architecture], batch=i)
            yield Evaluation(
                architecture,
                score=score,
                parameters=self.supernet.parameters(architecture),
                seconds=time.perf_counter() - start,
                inherited=1.0,
            )

    def end_round(self) -> None:
        self._round += 1

    def state(self) -> dict[str, np.ndarray]:
        return {**self.supernet.state(), "rounds": np.array(self._round)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self.supernet.restore({k: v for k, v in state.items() if k != "rounds"})
        self._round = int(state["rounds"])


def derive(
    strategy: Strategy, supernet: SharedScores, n: int
) -> list[tuple[Architecture, float]]:
    """Rank the distinct ones of n draws from the strategy by their scores on the fixed
    validation slice, best first; equal scores in the order drawn.

    Examples:
        >>> from mlpnas import MLPSpace, RandomStrategy, derive
        >>> from mlpnas.testing.fakes import FakeSupernet
        >>> space = MLPSpace((3, "softmax"), widths=(8,), max_layers=2)
        >>> ranked = derive(RandomStrategy(space), FakeSupernet(space), n=30)
        >>> len(ranked), ranked[0][1] == max(score for _, score in ranked)
        (4, True)
    """
    different: dict[Architecture, Architecture] = {}
    for drawn in strategy.sample(n):
        different.setdefault(supernet.space.canonical(drawn), drawn)
    architectures = list(different.values())
    scores = supernet.validate(architectures)
    ranked = np.argsort(-np.asarray(scores), kind="stable")
    return [(architectures[i], scores[i]) for i in ranked]
