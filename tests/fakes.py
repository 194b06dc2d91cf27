"""Stand-ins that answer at once, so that tests of the loop train nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mlpnas.core.run import clock
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.trial import Trial
from mlpnas.testing.fakes import FakeEvaluator, evaluation_of, token_score, trials_of

__all__ = [
    "FakeEvaluator", "FakePolicy", "FakeSupernet", "FakeTime", "PowerCut", "evaluation_of",
    "in_this_process", "token_score", "trials_of",
]  # fmt: skip


class PowerCut(BaseException):
    """Nobody catches this one."""


class FakeSupernet:
    """Scores by a function of the architecture, less a little for what its first operation was
    trained and for the batch; counts training steps by that operation."""

    steps = 4
    fails_at: int | None = None  # number of the batch at which the power is cut

    def __init__(self, space: SearchSpace, worth=token_score, loss: float = 1.0):
        self.space, self._worth, self._loss = space, worth, loss
        self.trained = np.zeros(len(space.decisions[0].options))
        self.passes: list[int] = []

    def train(self, architectures: Sequence[Architecture]) -> float:
        self.passes.append(len(architectures))
        for architecture in architectures:
            self.space.check(architecture)
            self.trained[architecture.tokens[0]] += 1
        return self._loss

    def score(self, architectures: Sequence[Architecture], batch: int) -> list[float]:
        if batch == self.fails_at:
            raise PowerCut
        worth = self.validate(architectures)
        less = [1e-4 * self.trained[a.tokens[0]] + 1e-5 * (batch % 7) for a in architectures]
        return [float(value - less) for value, less in zip(worth, less, strict=True)]

    def validate(self, architectures: Sequence[Architecture]) -> list[float]:
        for architecture in architectures:
            self.space.check(architecture)
        return [self._worth(architecture) for architecture in architectures]

    def parameters(self, architecture: Architecture) -> int:
        return 100 + 10 * architecture.tokens[0]

    def state(self) -> dict[str, np.ndarray]:
        return {"trained": self.trained.copy()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self.trained = state["trained"].copy()


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
