"""Observations: the architectures and scores that a strategy learns from.

Failed trials are remembered as tried and are never learned from; so are scores that are not
finite numbers.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace, Tokens
from mlpnas.core.strategies.base import usable_scores
from mlpnas.core.trial import Trial


class Observations:
    """Successful trials in the order of `tell`.

    Args:
        space: trials of another space are refused.
        encode: features of a canonical form; the space's own if None.

    Attributes:
        architectures: those that have a score.
        scores: their scores, floats.
    """

    def __init__(
        self,
        space: SearchSpace,
        encode: Callable[[Architecture], np.ndarray] | None = None,
    ):
        self._space, self._encode = space, encode or space.features
        self.architectures: list[Architecture] = []
        self.scores: list[float] = []
        self._by_form: dict[Tokens, float] = {}
        self._features: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self.scores)

    def tell(self, trials: Sequence[Trial]) -> list[Architecture]:
        """Remember the trials that have a score to learn from; these are returned."""
        told = zip(trials, usable_scores(self._space, trials), strict=True)
        good = [(trial.architecture, score) for trial, score in told if score is not None]
        for architecture, score in good:
            self._add(architecture, float(score))
        return [architecture for architecture, _ in good]

    def _add(self, architecture: Architecture, score: float) -> None:
        self.architectures.append(architecture)
        self.scores.append(score)
        self._by_form[self._form(architecture)] = score

    def score(self, architecture: Architecture) -> float | None:
        """The score of an architecture or of its equal; None if there is none."""
        return self._by_form.get(self._form(architecture))

    def best(self, n: int) -> list[Architecture]:
        """The n best, best first; the earliest of equals."""
        order = np.argsort(-np.asarray(self.scores), kind="stable")[:n]
        return [self.architectures[i] for i in order]

    def features(self) -> np.ndarray:
        """Features of all canonical forms, `(len(self), features)`; each is computed once."""
        self._features += map(self.encode, self.architectures[len(self._features) :])
        return np.array(self._features)

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Features of the canonical form."""
        return self._encode(self._space.canonical(architecture))

    def state(self) -> dict[str, np.ndarray]:
        """Tokens in a row, the walks' lengths, and the scores."""
        walks = [np.asarray(a.tokens, np.int32) for a in self.architectures]
        return {
            "told_tokens": np.concatenate([*walks, np.zeros(0, np.int32)]),
            "told_lengths": np.asarray([len(walk) for walk in walks], np.int32),
            "told_scores": np.asarray(self.scores, np.float64),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`."""
        self.architectures, self.scores, self._by_form, self._features = [], [], {}, []
        ends = np.cumsum(state["told_lengths"])
        columns = (ends, state["told_lengths"], state["told_scores"])
        for end, length, score in zip(*columns, strict=True):
            walk = state["told_tokens"][end - length : end].tolist()
            self._add(self._space.architecture(walk), float(score))

    def _form(self, architecture: Architecture) -> Tokens:
        return self._space.canonical(architecture).tokens
