"""Pool: many architectures at once, with their features as one matrix."""

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace, Tokens

Encode = Callable[[Architecture], np.ndarray]  # features of a canonical form

# A space up to this size is searched by looking at all of it.
ENUMERABLE = 100_000


class Pool:
    """Canonical forms of some architectures, each once, in order.

    Attributes:
        architectures: the forms.
        features: `(len(self), features)`.
    """

    def __init__(
        self, space: SearchSpace, architectures: Iterable[Architecture], encode: Encode
    ):
        self.architectures = list(dict.fromkeys(map(space.canonical, architectures)))
        self.features = np.array([encode(a) for a in self.architectures])
        self._rows = {a.tokens: row for row, a in enumerate(self.architectures)}

    def __len__(self) -> int:
        return len(self.architectures)

    def row(self, form: Tokens) -> int | None:
        """Where the canonical form with these tokens is; None if it is not here."""
        return self._rows.get(form)


@lru_cache(maxsize=2)
def whole(space: SearchSpace, encode: Encode) -> Pool:
    """All of a space of at most `ENUMERABLE` architectures; made once for all searches."""
    return Pool(space, space, encode)
