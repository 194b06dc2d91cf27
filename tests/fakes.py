"""Stand-ins that answer at once, so that tests of the loop train nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.run import clock
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.trial import Evaluation, Trial


def token_score(architecture: Architecture) -> float:
    """A score in (0, 1) that differs between most architectures."""
    weighted = sum((i + 1) * token for i, token in enumerate(architecture.tokens))
    return 0.1 + 0.8 * (weighted % 97) / 97


def trials_of(
    architectures: Sequence[Architecture],
    score: Callable[[Architecture], float | None] = token_score,
    first_id: int = 0,
) -> list[Trial]:
    """A trial per architecture; it has failed where the score is None."""
    return [
        Trial.of(evaluation_of(architecture, score(architecture)), i, 0, None)
        for i, architecture in enumerate(architectures, start=first_id)
    ]


def evaluation_of(architecture: Architecture, score: float | None) -> Evaluation:
    """It has failed where the score is None."""
    if score is None:
        return Evaluation(architecture, reason="as told")
    return Evaluation(architecture, score, curve=(score,))


class FakeEvaluator(Evaluator):
    """Scores by a function, and notes what it is called with."""

    def __init__(self, score: Callable[[Architecture], float | None] = token_score):
        self._score = score
        self.calls: list = []

    def begin_round(self, strategy) -> None:
        self.calls.append("begin")

    def evaluate(
        self, architectures: Sequence[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        for i, architecture in enumerate(architectures, start=first_id):
            self.calls.append(i)
            yield evaluation_of(architecture, self._score(architecture))

    def end_round(self) -> None:
        self.calls.append("end")


class FakeTime:
    """What a `Clock` reads instead of the machine's: it passes when told to."""

    def __init__(self, monkeypatch):
        self._now = 0.0
        monkeypatch.setattr(clock, "time", self)

    def monotonic(self) -> float:
        return self._now

    def spend(self, seconds: float) -> None:
        self._now += seconds


class FakePolicy:
    """Stands in for a controller's strategy: it draws at random, and what it has learned, the
    sum of all scores, decides what it draws next."""

    def __init__(self, space: SearchSpace, seed: int = 0):
        self.space, self._seed, self.asks, self.learned = space, seed, 0, 0.0

    def ask(self, n: int) -> list[Architecture]:
        self.asks += 1
        return self.sample(n)

    def sample(self, n: int) -> list[Architecture]:
        rng = np.random.default_rng([self._seed, self.asks, round(1e6 * self.learned)])
        return [self.space.sample_walk(rng) for _ in range(n)]

    def tell(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            self.space.check(trial.architecture)
            self.learned += trial.score or 0.0

    def follow(self, other: "FakePolicy") -> None:
        self.asks, self.learned = other.asks, other.learned

    def state(self) -> dict[str, np.ndarray]:
        return {"learned": np.array([self.asks, self.learned])}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self.asks, self.learned = int(state["learned"][0]), float(state["learned"][1])


def in_this_process(program, jobs: int = 2):
    """The program of tables, which trains here unless other jobs are asked for."""

    def make_run(settings, table, folder, workers):
        if workers.jobs == jobs:
            workers = replace(workers, executor="here")
        return program.make_run(settings, table, folder, workers)

    return replace(program, make_run=make_run)
