"""SearchSpace: an architecture is the outcome of a sequence of decisions.

Everything that searches works through this one view: sampling walks the decisions, the
controller has a head per kind of decision, evolution changes one of them, surrogates read
them as a vector. A space is a value; two spaces with equal parameters are equal.

    >>> from mlpnas.space import MLPSpace
    >>> space = MLPSpace(head=(10, "softmax"))
    >>> architecture = space.parse("(256, 'elu'), (10, 'softmax')")
    >>> architecture.tokens
    (23, 29)
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from mlpnas.core.errors import InputError

Tokens = tuple[int, ...]


@dataclass(frozen=True)
class Decision:
    """One step of the walk that makes an architecture; its outcome, a token, is an option id.

    Attributes:
        name: what is decided, unique in the space: `"layer 3"`, `"node 4 input"`.
        options: what the ids 0, 1, ... stand for. For a pointer, the earlier nodes that may
            be pointed at; for a bit, `(0, 1)`.
        kind: `"choice"` (one of the options), `"pointer"` (one of the earlier nodes) or
            `"bit"` (is the earlier node `about` connected).
        group: decisions of one group share the controller's embedding and head, so they
            must have equal options. Pointers and bits share theirs by kind.
        legal: the ids open at this position; None means all of them.
        stop: the id that ends the walk early, if there is one.
        node: the node being described; when the walk leaves it, the controller's state
            becomes the anchor that pointers and bits compare with.
        about: for a bit, the earlier node it asks about.

    Examples:
        >>> from mlpnas import Decision
        >>> Decision("activation", ("relu", "tanh", "elu")).open_ids()
        (0, 1, 2)
    """

    name: str
    options: tuple[Any, ...]
    kind: Literal["choice", "pointer", "bit"] = "choice"
    group: str = ""
    legal: Tokens | None = None
    stop: int | None = None
    node: int = 0
    about: int | None = None

    def open_ids(self) -> Tokens:
        """Return the ids that may be taken here, in rising order."""
        return tuple(range(len(self.options))) if self.legal is None else self.legal


@dataclass(frozen=True)
class Architecture:
    """One candidate: a plain value, hashable, comparable, JSON-able.

    Attributes:
        space: name of the space it belongs to.
        tokens: the option id taken at every decision of its walk.
        text: how people write it; `SearchSpace.parse` reads it back.

    Examples:
        >>> from mlpnas import MLPSpace
        >>> space = MLPSpace((3, "softmax"))
        >>> architecture = space.parse("(64, 'relu'), 'dropout', (3, 'softmax')")
        >>> architecture.tokens, str(architecture)
        ((14, 28, 29), "(64, 'relu'), 'dropout', (3, 'softmax')")
        >>> space.architecture([14, 28, 29]) == architecture
        True
    """

    space: str
    tokens: Tokens
    text: str = field(compare=False)

    def __str__(self) -> str:
        return self.text


class SearchSpace(ABC):
    """What may be built, as decisions. Subclasses are frozen dataclasses.

    A subclass gives `name`, `decisions`, `describe` and `parse`; where a walk may stop it
    overrides `completions`, where legality depends on more than the position, `legal` and
    `state` too, and where it knows better neighbours, equivalent forms or features, those.

    Examples:
        >>> import numpy as np
        >>> from mlpnas import MLPSpace
        >>> space = MLPSpace((3, "softmax"), widths=(8, 16), max_layers=3)
        >>> space.size(), space.legal((0,))
        (80, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
        >>> print(space.sample_walk(np.random.default_rng(0)))
        (16, 'tanh'), (8, 'relu'), (3, 'softmax')
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Names the space and all its parameters: equal names, equal spaces."""

    @property
    @abstractmethod
    def decisions(self) -> tuple[Decision, ...]:
        """The longest walk."""

    @abstractmethod
    def describe(self, tokens: Tokens) -> str:
        """Write the architecture as people do."""

    @abstractmethod
    def parse(self, text: str) -> Architecture:
        """Read what `describe` writes.

        Raises:
            InputError: naming the part that is not in the space, and why.
        """

    def legal(self, prefix: Tokens) -> Tokens:
        """Return the option ids open after `prefix`; none when the walk is complete."""
        if len(prefix) == len(self.decisions):
            return ()
        if prefix and prefix[-1] == self.decisions[len(prefix) - 1].stop:
            return ()
        return self.decisions[len(prefix)].open_ids()

    def state(self, prefix: Tokens) -> Hashable:
        """Return what of an incomplete `prefix` decides which options open from here on.

        Prefixes of one length in equal states are open to the same continuations. Here
        nothing matters but the length.
        """
        return None

    def completions(self, prefix: Tokens) -> int:
        """Count exactly the architectures whose tokens begin with the legal `prefix`."""
        return math.prod(len(d.open_ids()) for d in self.decisions[len(prefix) :])

    def size(self) -> int:
        """Count the architectures (distinct token sequences) exactly."""
        return self.completions(())

    def architecture(self, tokens: Sequence[int]) -> Architecture:
        """Make the architecture with these tokens.

        Raises:
            InputError: if the walk is illegal or incomplete; names the first wrong token.
        """
        walk = tuple(int(token) for token in tokens)
        self._check(walk)
        return Architecture(self.name, walk, self.describe(walk))

    def check(self, architecture: Architecture) -> None:
        """Raise InputError unless `architecture` belongs to this space."""
        if architecture.space != self.name:
            raise InputError(
                f"architecture {architecture} belongs to the space {architecture.space!r}, "
                f"not to {self.name!r}; build it with this space's parse() or architecture()"
            )
        self._check(architecture.tokens)

    def _check(self, walk: Tokens) -> None:
        for position, token in enumerate(walk):
            open_ids = self.legal(walk[:position])
            if token not in open_ids:
                raise InputError(
                    f"token {token} at position {position} of {walk} is not legal there; "
                    f"expected one of {open_ids or 'none: the walk was complete'}"
                )
        if self.legal(walk):
            raise InputError(
                f"tokens {walk} stop too early; expected one of {self.legal(walk)} next"
            )

    def sample_architecture(self, rng: np.random.Generator) -> Architecture:
        """Draw uniformly over architectures: each has probability 1 / size().

        In a chain space nearly all architectures have the greatest depth, so nearly all
        draws do too; `sample_walk` favours shallow ones.
        """
        return self._walk(rng, lambda prefix: self.completions(prefix))

    def sample_walk(self, rng: np.random.Generator) -> Architecture:
        """Draw uniformly over decisions: at each step every legal option is equally likely."""
        return self._walk(rng, lambda prefix: 1)

    def _walk(self, rng: np.random.Generator, weight: Any) -> Architecture:
        prefix: Tokens = ()
        while open_ids := self.legal(prefix):
            weights = [weight((*prefix, token)) for token in open_ids]
            # Counts may exceed 2**64, hence true division of Python integers, not numpy's.
            total = sum(weights)
            chances = [w / total for w in weights]
            prefix = (*prefix, int(rng.choice(open_ids, p=np.divide(chances, sum(chances)))))
        return Architecture(self.name, prefix, self.describe(prefix))

    def __iter__(self) -> Iterator[Architecture]:
        """Yield every architecture, depth first; for small spaces and tests."""
        yield from self._below(())

    def _below(self, prefix: Tokens) -> Iterator[Architecture]:
        open_ids = self.legal(prefix)
        if not open_ids:
            yield Architecture(self.name, prefix, self.describe(prefix))
        for token in open_ids:
            yield from self._below((*prefix, token))

    def features(self, architecture: Architecture) -> np.ndarray:
        """Encode for surrogate models: `(features,)` float64, equal length for all.

        The general form is a one-hot code per decision, zeros where the walk has ended.
        """
        codes = [np.zeros(len(decision.options)) for decision in self.decisions]
        for code, token in zip(codes, architecture.tokens, strict=False):
            code[token] = 1.0
        return np.concatenate(codes)

    def paths(self, architecture: Architecture) -> np.ndarray:
        """Encode the paths through the network as zeros and ones, equal length for all.

        Surrogates may read them in place of `features`, which they are where a space does
        not tell paths.
        """
        return self.features(architecture)

    def neighbours(self, architecture: Architecture) -> list[Architecture]:
        """List the architectures one edit away, without repeats, in a fixed order.

        The general edit changes one token and keeps the others.
        """
        tokens = architecture.tokens
        edits = (
            (*tokens[:position], token, *tokens[position + 1 :])
            for position in range(len(tokens))
            for token in self.legal(tokens[:position])
            if token != tokens[position]
        )
        return self._legal_only(edits)

    def _legal_only(self, walks: Iterator[Tokens]) -> list[Architecture]:
        found = []
        for walk in dict.fromkeys(walks):
            try:
                found.append(self.architecture(walk))
            except InputError:
                continue
        return found

    def shares(self, architectures: Sequence[Architecture]) -> list[np.ndarray]:
        """Return, for each decision, the share of architectures that take each option.

        Where some walks have ended earlier, a decision's shares sum to less than 1.
        """
        counts = [np.zeros(len(decision.options)) for decision in self.decisions]
        for architecture in architectures:
            for count, token in zip(counts, architecture.tokens, strict=False):
                count[token] += 1
        return [count / len(architectures) for count in counts]

    def canonical(self, architecture: Architecture) -> Architecture:
        """Return the representative of all architectures that build the same network."""
        return architecture
