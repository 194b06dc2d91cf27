"""policy.jsonl: what a strategy's policy was after each round, for whoever draws it later.

Nothing depends on this file. Rounds that a resumed search is told again are noted again, with
the same content; the last line of a round counts, and lines torn by a kill are passed over.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from mlpnas.core.search_space import SearchSpace

Probabilities = Sequence[Sequence[float] | np.ndarray]  # of each decision, of each option


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
        with suppress(ValueError, KeyError, TypeError):
            record = json.loads(line)
            found = [np.array(of_decision, float) for of_decision in record["probabilities"]]
            if [f.shape for f in found] == [(len(d.options),) for d in space.decisions]:
                noted[int(record["told"])] = found
    return [noted[told] for told in sorted(noted)]
