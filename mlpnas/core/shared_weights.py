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

from mlpnas.core.errors import InputError

Arrays = tuple[np.ndarray, ...]
Weights = dict[str, Arrays]


class Entry(NamedTuple):
    """Stored arrays and the score of the child that they come from."""

    score: float
    arrays: Arrays


class SharedWeights:
    """Key -> arrays, with the score that earned the place.

    Examples:
        >>> import numpy as np
        >>> from mlpnas import SharedWeights
        >>> store = SharedWeights()
        >>> store.merge(0.8, {"input-8_relu": (np.ones(2),)})
        >>> store.merge(0.7, {"input-8_relu": (np.zeros(2),)})  # worse: it is not kept
        >>> store.lookup({"input-8_relu": [(2,)], "8_relu-3_softmax": [(3,)]})
        {'input-8_relu': (array([1., 1.]),)}
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def lookup(self, shapes: Mapping[str, Iterable[tuple[int, ...]]]) -> Weights:
        """Return copies of the stored arrays for those of the keys that are known.

        Args:
            shapes: key -> shapes of the arrays that the child expects under it.

        Raises:
            InputError: if stored arrays have other shapes than expected: the store is another
                run's, or the generator gives two different places the same key.
        """
        found: Weights = {}
        for key, expected in shapes.items():
            if key in self._entries:
                arrays = self._entries[key].arrays
                stored = [array.shape for array in arrays]
                if stored != list(expected):
                    raise InputError(
                        f"shared weights {key!r}: stored shapes {stored}, expected "
                        f"{list(expected)}; they are of another run: put its own state back"
                    )
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
        scores = {f"{k}:score": np.asarray(entry.score) for k, entry in self._entries.items()}
        return scores | to_arrays({key: entry.arrays for key, entry in self._entries.items()})

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`."""
        arrays = from_arrays({n: a for n, a in state.items() if not n.endswith(":score")})
        self._entries = {
            key: Entry(float(state[f"{key}:score"]), found) for key, found in arrays.items()
        }


def to_arrays(weights: Mapping[str, Arrays]) -> dict[str, np.ndarray]:
    """Flat arrays for an `.npz` file."""
    return {f"{key}:{i}": a for key, arrays in weights.items() for i, a in enumerate(arrays)}


def from_arrays(flat: Mapping[str, np.ndarray]) -> Weights:
    """Inverse of `to_arrays`."""
    parts: dict[str, dict[str, np.ndarray]] = {}
    for name in flat:
        key, _, i = name.rpartition(":")
        parts.setdefault(key, {})[i] = np.asarray(flat[name])
    return {
        key: tuple(found[str(i)] for i in range(len(found))) for key, found in parts.items()
    }
