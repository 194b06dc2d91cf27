"""Strategy: the chooser. It asks for evaluations and is told their outcome.

    for architecture in strategy.ask(10): ...evaluate...
    strategy.tell(trials)

It knows nothing about training. What it may read of an architecture is its decisions, its
features, its neighbours and its canonical form; so every strategy works on every space.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from mlpnas.core.errors import ExhaustedError
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.trial import Trial

# Above this size a space is not enumerated to find its last few architectures.
_ENUMERABLE = 100_000


class Strategy(ABC):
    """Chooses architectures of one space; subclasses are final.

    Attributes:
        space: where it searches.

    Examples:
        >>> from mlpnas import MLPSpace, RandomStrategy
        >>> from mlpnas.testing.fakes import trials_of
        >>> strategy = RandomStrategy(MLPSpace((3, "softmax")), seed=0)
        >>> for _ in range(3):
        ...     architectures = strategy.ask(5)
        ...     strategy.tell(trials_of(architectures))  # scores, here made up
        >>> state = strategy.state()
    """

    space: SearchSpace

    @abstractmethod
    def ask(self, n: int) -> list[Architecture]:
        """Propose n architectures that are new in this search; fewer, but at least one, where
        a stage of the search ends, such as a level of a progressive one.

        Raises:
            ExhaustedError: if the space holds fewer than n new ones; its `left` says how
                many, and `ask(left)` gives them.
        """

    @abstractmethod
    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn from trials of proposals, failed ones included, in trial order: all of the
        last `ask` or, where nobody waits for the slowest, of earlier ones too."""

    @abstractmethod
    def sample(self, n: int) -> list[Architecture]:
        """Draw n architectures from the current belief, repeats allowed, recording nothing.

        A supernet trains its shared weights on these. Between two rounds equal calls give
        equal draws, so draw all that are needed at once.
        """

    def predict(self, architecture: Architecture) -> float | None:
        """Return the score expected of an architecture it proposed; None if it expects none."""
        return None

    def probabilities(self) -> list[np.ndarray] | None:
        """Return the probability of each option of every decision; None without a policy.

        Over whole walks: where some end earlier, a later decision's sum to less than 1.
        """
        return None

    def picture(self) -> str:
        """Draw what it is about to choose, in lines of text for a terminal; empty for nothing.

        May be called at any moment, from another thread.
        """
        return ""

    @abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """Return all that it has learned, as arrays, between a `tell` and the next `ask`."""

    @abstractmethod
    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Put a `state` back, into a strategy made with the same arguments."""


def usable_scores(space: SearchSpace, trials: Iterable[Trial]) -> list[float | None]:
    """Return each trial's score to learn from; None if it failed or is no finite number.

    Raises:
        InputError: if an architecture is of another space.

    Examples:
        >>> from mlpnas import MLPSpace, RandomStrategy, usable_scores
        >>> from mlpnas.testing.fakes import trials_of
        >>> space = MLPSpace((3, "softmax"))
        >>> trials = trials_of(RandomStrategy(space).ask(2), score=lambda architecture: None)
        >>> usable_scores(space, trials)  # both failed
        [None, None]
    """
    scores: list[float | None] = []
    for trial in trials:
        space.check(trial.architecture)
        known = trial.ok and trial.score is not None and math.isfinite(trial.score)
        scores.append(trial.score if known else None)
    return scores


class Proposals:
    """Remembers what was proposed and draws what was not, in a bounded number of attempts.

    Args:
        space: gives canonical forms, and the count that tells an exhausted space.
        attempts: draws per architecture wanted before giving up on a source.

    Attributes:
        proposed: every architecture remembered, in order.

    Examples:
        >>> import numpy as np
        >>> from mlpnas import MLPSpace, Proposals
        >>> space, rng = MLPSpace((3, "softmax")), np.random.default_rng(0)
        >>> proposals = Proposals(space)
        >>> drawn = proposals.draw(3, lambda n: [space.sample_walk(rng) for _ in range(n)], rng)
        >>> len(drawn), proposals.news(drawn)
        (3, [])
    """

    def __init__(self, space: SearchSpace, attempts: int = 20):
        self._space, self._attempts = space, attempts
        self.proposed: list[Architecture] = []
        self._keys: set[tuple[int, ...]] = set()

    def remember(self, architectures: Iterable[Architecture]) -> None:
        """Mark architectures as no longer new."""
        for architecture in architectures:
            self.proposed.append(architecture)
            self._keys.add(self._key(architecture))

    def news(self, architectures: Iterable[Architecture]) -> list[Architecture]:
        """Return those of which no equivalent form was proposed, each once, in order."""
        new: dict[tuple[int, ...], Architecture] = {}
        for architecture in architectures:
            new.setdefault(self._key(architecture), architecture)
        return [a for key, a in new.items() if key not in self._keys]

    def draw(
        self,
        n: int,
        source: Callable[[int], list[Architecture]],
        rng: np.random.Generator,
        given: Iterable[Architecture] = (),
    ) -> list[Architecture]:
        """Draw and remember n new architectures: from `given`, then from `source` as long as
        it has news, then from anywhere in the space.

        Raises:
            ExhaustedError: if there are fewer; nothing is remembered then.
        """
        found = self.news(given)[:n]
        for attempt_source in (source, self._anywhere(rng)):
            for _ in range(self._attempts):
                if len(found) < n:
                    found = self.news([*found, *attempt_source(n)])[:n]
        if len(found) < n and self._space.size() <= _ENUMERABLE:
            everything = list(self._space)
            shuffled = (everything[i] for i in rng.permutation(len(everything)))
            found = self.news([*found, *shuffled])[:n]
        if len(found) < n:
            raise ExhaustedError(n, len(found), self._space.name)
        self.remember(found)
        return found

    def state(self) -> dict[str, np.ndarray]:
        """Return the proposals as two int32 arrays: all tokens in a row, and walk lengths."""
        walks = [np.asarray(a.tokens, np.int32) for a in self.proposed]
        return {
            "proposed_tokens": np.concatenate([*walks, np.zeros(0, np.int32)]),
            "proposed_lengths": np.asarray([len(walk) for walk in walks], np.int32),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`."""
        self.proposed, self._keys = [], set()
        ends = np.cumsum(state["proposed_lengths"])
        for end, length in zip(ends, state["proposed_lengths"], strict=True):
            walk = state["proposed_tokens"][end - length : end]
            self.remember([self._space.architecture(walk.tolist())])

    def _anywhere(self, rng: np.random.Generator) -> Callable[[int], list[Architecture]]:
        return lambda n: [self._space.sample_architecture(rng) for _ in range(n)]

    def _key(self, architecture: Architecture) -> tuple[int, ...]:
        return self._space.canonical(architecture).tokens
