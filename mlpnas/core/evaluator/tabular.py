"""TabularEvaluator: looks scores up in a published table instead of training.

A table holds, for every architecture of a space, the metric that steers a search and,
apart from it, the metric that is reported in the end; a strategy never sees the latter. So
strategies can be compared over hundreds of seeds in seconds.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.trial import Evaluation, Trial


class Entry(NamedTuple):
    """What a table knows of one architecture.

    Attributes:
        score: the search metric, higher is better; NaN if the training failed.
        reported: the metric of the final report, in the table's own terms.
        seconds: what the training cost; 0 if the table does not say.
        parameters: of the network; 0 if the table does not say.

    Examples:
        >>> from mlpnas import Entry
        >>> Entry(score=0.91, reported=0.89, seconds=12.0)
        Entry(score=0.91, reported=0.89, seconds=12.0, parameters=0)
    """

    score: float
    reported: float
    seconds: float = 0.0
    parameters: int = 0


@dataclass(frozen=True)
class Table:
    """A space with the outcome of training its architectures.

    Attributes:
        name: of the benchmark and its data set.
        space: whose architectures were trained.
        entries: by the tokens of the canonical form, or by `key`.
        metric: what `Entry.score` is.
        reported_metric: what `Entry.reported` is.
        key: what the entries are known by, if not by the canonical form.

    Examples:
        >>> from mlpnas import Entry, MLPSpace, Table
        >>> space = MLPSpace((3, "softmax"), widths=(8, 16), max_layers=2)
        >>> entries = {a.tokens: Entry(score=i / 10, reported=0.0) for i, a in enumerate(space)}
        >>> table = Table("made up", space, entries, "validation accuracy", "test accuracy")
        >>> table.optimum, len(table.ranked)
        (0.7, 8)
    """

    name: str
    space: SearchSpace
    entries: Mapping[Any, Entry]
    metric: str
    reported_metric: str
    key: Callable[[Architecture], Hashable] | None = None

    def find(self, architecture: Architecture) -> Entry | None:
        """Look up an architecture or its equal; None if it was not trained."""
        if self.key is not None:
            return self.entries.get(self.key(architecture))
        return self.entries.get(self.space.canonical(architecture).tokens)

    @cached_property
    def ranked(self) -> np.ndarray:
        """Return the search metric of all that did not fail, best first."""
        scores = np.array([entry.score for entry in self.entries.values()])
        return np.sort(scores[np.isfinite(scores)])[::-1]

    @property
    def optimum(self) -> float:
        """Return the best value of the search metric."""
        return float(self.ranked[0])

    def random_regret(self, draws: Iterable[int]) -> np.ndarray:
        """Compute the expected regret of the best of n entries drawn without replacement.

        Of N values v_1 >= v_2 >= ..., the best of n is v_r with probability
        C(N - r, n - 1) / C(N, n); the ratios follow from one another:
        p_1 = n / N, p_{r+1} = p_r (N - r - n + 1) / (N - r).

        Args:
            draws: the n's, each from 1 to N.
        """
        gaps, count = self.optimum - self.ranked, len(self.ranked)
        ranks = np.arange(1, count)
        expected = []
        for n in draws:
            ratios = np.maximum(count - ranks - n + 1, 0) / (count - ranks)
            chances = n / count * np.concatenate([[1.0], np.cumprod(ratios)])
            expected.append(float(chances @ gaps))
        return np.array(expected)


class TabularEvaluator(Evaluator):
    """Looks evaluations up; their seconds are simulated.

    Examples:
        >>> from mlpnas import History, RegularizedEvolution, TabularEvaluator, load_mlp, search
        >>> table = load_mlp("digits")
        >>> strategy = RegularizedEvolution(table.space, seed=0)
        >>> history = search(strategy, TabularEvaluator(table), History(), trials=50)
        >>> 0 <= table.optimum - history.best().score < 0.01
        True
    """

    def __init__(self, table: Table):
        self.table = table

    def evaluate(
        self, architectures: Sequence[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        return map(self._evaluation, architectures)

    def _evaluation(self, architecture: Architecture) -> Evaluation:
        entry = self.table.find(architecture)
        if entry is None:
            return Evaluation(architecture, reason=f"not in the table {self.table.name}")
        found = Evaluation(
            architecture, entry.score, parameters=entry.parameters, seconds=entry.seconds
        )
        if math.isfinite(entry.score):
            return found
        reason = "its training failed when the table was made"
        return replace(found, score=None, reason=reason)

    def reported(self, trials: Iterable[Trial]) -> float | None:
        """Return the reported metric of the trial that the search metric prefers, if any."""
        ok = [trial for trial in trials if trial.score is not None]
        if not ok:
            return None
        best = max(ok, key=lambda trial: (trial.score, -trial.id))
        entry = self.table.find(best.architecture)
        return None if entry is None else entry.reported
