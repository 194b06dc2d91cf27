"""Stand-ins that answer at once, and tiny data, so that a battery trains next to nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.task import Fold, Kind, Task
from mlpnas.core.trial import Evaluation, Trial

Score = Callable[[Architecture], float | None]


def token_score(architecture: Architecture) -> float:
    """A score in (0, 1) that differs between most architectures."""
    weighted = sum((i + 1) * token for i, token in enumerate(architecture.tokens))
    return 0.1 + 0.8 * (weighted % 97) / 97


def evaluation_of(architecture: Architecture, score: float | None) -> Evaluation:
    """An evaluation with this score; a failed one where it is None."""
    if score is None:
        return Evaluation(architecture, reason="made to fail")
    return Evaluation(architecture, score, curve=(score,))


def trials_of(
    architectures: Sequence[Architecture], score: Score = token_score, first_id: int = 0
) -> list[Trial]:
    """A trial per architecture; a failed one where the score is None."""
    return [
        Trial.of(evaluation_of(architecture, score(architecture)), i, 0, None)
        for i, architecture in enumerate(architectures, start=first_id)
    ]


class FakeEvaluator(Evaluator):
    """Scores by a function, and records its calls.

    Attributes:
        calls: `"begin"`, the numbers of the trials, `"end"`, and so on.
    """

    def __init__(self, score: Score = token_score):
        self._score = score
        self.calls: list = []

    def begin_round(self, strategy: Strategy) -> None:
        self.calls.append("begin")

    def evaluate(
        self, architectures: Sequence[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        for i, architecture in enumerate(architectures, start=first_id):
            self.calls.append(i)
            yield evaluation_of(architecture, self._score(architecture))

    def end_round(self) -> None:
        self.calls.append("end")


class FakeSupernet:
    """Scores by a function of the architecture, less a little for what its first operation was
    trained and for the batch; counts training steps by that operation."""

    steps = 4

    def __init__(
        self,
        space: SearchSpace,
        worth: Callable[[Architecture], float] = token_score,
        loss: float = 1.0,
    ):
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


def tiny_task(kind: Kind, seed: int = 0) -> Task:
    """60 rows of 4 inputs that a small network can learn; 36 + 12 + 12 in the folds."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 4)).astype(np.float32)
    total = x[:, 0] + x[:, 1]
    classes: tuple[str, ...] = ()
    if kind == "regression":
        y = ((total - total.mean()) / total.std())[:, None]
    else:
        classes = ("no", "yes") if kind == "binary" else ("low", "mid", "high")
        y = (np.argsort(np.argsort(total)) * len(classes) // len(x)).astype(np.int32)
    train, valid, test = (
        Fold(x[cut], y[cut]) for cut in (slice(36), slice(36, 48), slice(48, 60))
    )
    return Task(f"tiny-{kind}", kind, train, valid, test, classes=classes)
