"""Checkpoint: what a search has learned by the end of a round, on the disk.

    state/round.npz       strategy, one-shot store, how many trials were told: one file, so
                          that no kill can mix two rounds
    state/pending/7.npz   what trial 7 trained, from before its line in the journal until the
                          round's checkpoint has it

Plain arrays: nothing is unpickled. File names come from trial numbers, never from content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from mlpnas.core.data.arrays import read_arrays
from mlpnas.core.errors import InputError
from mlpnas.core.run.files import replacing
from mlpnas.core.run.schema import Count, parse
from mlpnas.core.shared_weights import Weights, from_arrays, to_arrays

REMEDY = "put the file back as it was, or start a new run"
SAVING_SHARE = 0.05  # of the time may be spent on saving

Arrays = Mapping[str, np.ndarray]


class Saved(NamedTuple):
    """A checkpoint's content.

    Attributes:
        told: how many trials the strategy had been told.
        settings: what the run was configured with.
        strategy, store: their states.
    """

    told: int
    settings: dict[str, Any]
    strategy: dict[str, np.ndarray]
    store: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Header:
    told: Count
    settings: dict[str, Any]


class Checkpoint:
    """The folder `state` of a run.

    Args:
        folder: made when it is first written to.
    """

    def __init__(self, folder: Path):
        self._file, self._pending = folder / "round.npz", folder / "pending"
        self._next = 0.0

    def is_due(self) -> bool:
        """Whether to save at the end of this round.

        A large store takes a second to write. Rounds that are not saved lose nothing: they
        are told again from the journal and the weights pending since.
        """
        return monotonic() >= self._next

    def save(self, saved: Saved) -> None:
        """Replace the checkpoint; the weights that were pending are part of it now.

        Raises:
            OSError: if it cannot be written; the former checkpoint then still stands.
        """
        begin = monotonic()
        header = {"told": saved.told, "settings": saved.settings}
        arrays = {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)}
        arrays |= {f"strategy/{name}": array for name, array in saved.strategy.items()}
        arrays |= {f"store/{name}": array for name, array in saved.store.items()}
        _write(self._file, arrays)
        for path in self._pending.glob("*.npz"):
            # Later ones are needed still if rounds are being told again from the journal.
            if path.stem.isdecimal() and int(path.stem) < saved.told:
                path.unlink()
        self._next = monotonic() + (monotonic() - begin) / SAVING_SHARE

    def load(self) -> Saved | None:
        """The last checkpoint; None before the first.

        Raises:
            InputError: if the file is damaged.
        """
        if not self._file.exists():
            return None
        arrays = read_arrays(self._file, remedy=REMEDY)
        try:
            header = parse(_Header, arrays["header"].tobytes())
        except (KeyError, InputError) as error:
            raise _damaged(self._file, f"no readable header ({error})") from None
        parts = (_part(arrays, "strategy/"), _part(arrays, "store/"))
        return Saved(header.told, header.settings, *parts)

    def keep(self, trial_id: int, weights: Weights) -> None:
        """Put what a trial trained on the disk, until the next checkpoint has it."""
        _write(self._pending / f"{trial_id}.npz", to_arrays(weights))

    def kept(self, trial_id: int) -> Weights:
        """What a finished trial trained.

        Raises:
            InputError: if it is missing or damaged.
        """
        path = self._pending / f"{trial_id}.npz"
        if not path.exists():
            raise InputError(
                f"{path} is missing; expected the weights of trial {trial_id}, which finished "
                "after the last checkpoint: put back the folder 'state' as it was, or start a "
                "new run"
            )
        arrays = read_arrays(path, remedy=REMEDY)
        try:
            return from_arrays(arrays)
        except (KeyError, ValueError) as error:
            raise _damaged(path, str(error)) from None


def _write(path: Path, arrays: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        np.savez(file, **arrays)


def _part(arrays: Arrays, prefix: str) -> dict[str, np.ndarray]:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is damaged: {why}; expected arrays as the search wrote them: {REMEDY}"
    )
