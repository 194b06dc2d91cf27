"""SharedWeights: the one-shot store, from which children inherit trained arrays.

A key names a place that occurs in many architectures (for multi-layer perceptrons the pair
of neighbouring layers, a bigram). A child starts from the arrays stored under its keys and
gives its own back. During a round every child reads the store as it stood when the round
began, and the results are merged afterwards in trial order; so what a child inherits does
not depend on how many workers there were or on which of them was quickest.

Update policy: under each key the arrays of the better score win, ties go to the later trial.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

Arrays = tuple[np.ndarray, ...]
Weights = dict[str, Arrays]


class Entry(NamedTuple):
    """Stored arrays and the score of the child that they come from."""

    score: float
    arrays: Arrays


class SharedWeights:
    """Key -> arrays, with the score that earned the place."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def lookup(self, shapes: Mapping[str, Iterable[tuple[int, ...]]]) -> Weights:
        """Copies of the stored arrays for those of the keys that are known.

        Args:
            shapes: key -> shapes of the arrays that the child expects under it.

        Raises:
            ValueError: if stored arrays have other shapes than expected: then two different
                places share a key, and the generator that made the keys is wrong.
        """
        found: Weights = {}
        for key, expected in shapes.items():
            if key in self._entries:
                arrays = self._entries[key].arrays
                stored = [array.shape for array in arrays]
                if stored != list(expected):
                    raise ValueError(f"{key!r}: stored shapes {stored}, expected {expected}")
                found[key] = tuple(array.copy() for array in arrays)
        return found

    def merge(self, score: float, weights: Weights) -> None:
        """Offer a finished child's arrays; under each key the better score stays."""
        for key, arrays in weights.items():
            held = self._entries.get(key)
            if held is None or score >= held.score:
                self._entries[key] = Entry(score, tuple(array.copy() for array in arrays))

    def state(self) -> dict[str, np.ndarray]:
        """Flat arrays for an `.npz` file."""
        flat: dict[str, np.ndarray] = {}
        for key, entry in self._entries.items():
            flat[f"{key}:score"] = np.asarray(entry.score)
            flat |= {f"{key}:{i}": array for i, array in enumerate(entry.arrays)}
        return flat

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`."""
        parts: dict[str, dict[str, np.ndarray]] = {}
        for name in state:
            key, _, part = name.rpartition(":")
            parts.setdefault(key, {})[part] = np.asarray(state[name])
        self._entries = {}
        for key, found in parts.items():
            score = float(found.pop("score"))
            arrays = tuple(found[str(i)] for i in range(len(found)))
            self._entries[key] = Entry(score, arrays)
