"""policy.jsonl: what a strategy's policy was after each round, for whoever draws it later.

Nothing depends on this file. Rounds that a resumed search is told again are noted again, with
the same content; the last line of a round counts, and lines torn by a kill are passed over.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from mlpnas.core.errors import InputError
from mlpnas.core.run.schema import Count, parse
from mlpnas.core.space.search_space import SearchSpace

Probabilities = Sequence[Sequence[float] | np.ndarray]  # of each decision, of each option


@dataclass(frozen=True)
class _Round:
    """A line."""

    told: Count
    probabilities: tuple[tuple[Annotated[float, Field(ge=0, le=1)], ...], ...]


def note_policy(path: Path, told: int, probabilities: Probabilities) -> None:
    """Append a line.

    Args:
        told: how many trials the strategy has been told.
        probabilities: see `Strategy.probabilities`.
    """
    rounded = [np.round(of_decision, 3).tolist() for of_decision in probabilities]
    with path.open("a") as file:
        # The line break comes first: what a kill tore before stays on a line of its own.
        file.write("\n" + json.dumps({"told": told, "probabilities": rounded}))


def read_policy(path: Path, space: SearchSpace) -> list[Probabilities]:
    """The noted probabilities, round by round; none if there is no file."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    noted: dict[int, Probabilities] = {}
    for line in lines:
        with suppress(InputError):
            round_ = parse(_Round, line)
            if [len(p) for p in round_.probabilities] == [
                len(d.options) for d in space.decisions
            ]:
                noted[round_.told] = [np.array(p) for p in round_.probabilities]
    return [noted[told] for told in sorted(noted)]
