"""Stand-ins that answer at once, so that tests of the loop train nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mlpnas.core.run import clock
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.trial import Trial
from mlpnas.testing.fakes import (
    FakeEvaluator,
    FakeSupernet,
    evaluation_of,
    token_score,
    trials_of,
)

__all__ = [
    "FakeEvaluator", "FakePolicy", "FakeSupernet", "FakeTime", "PowerCut", "evaluation_of",
    "in_this_process", "token_score", "trials_of",
]  # fmt: skip


class PowerCut(BaseException):
    """Nobody catches this one."""


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
