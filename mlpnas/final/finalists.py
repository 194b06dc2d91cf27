"""Finalists: who takes part in the last choice, the best trials and a plain network.

The plain network has one layer of about a hundred units. It was no trial; a user should have
it where the search has found nothing better.
"""

from collections.abc import Sequence

from mlpnas.core.trial import Trial
from mlpnas.space import MLPSpace

FINALISTS = 5  # best search scores that are retrained
PLAIN = -1  # stands for the number of the plain network


def with_plain(space: MLPSpace, finalists: Sequence[Trial]) -> list[Trial]:
    """The finalists, and the plain network unless it is one, or has a single rival, which
    leaves nothing to choose."""
    plain = space.plain()
    if len(finalists) < 2 or any(trial.architecture == plain for trial in finalists):
        return list(finalists)
    return [*finalists, Trial(PLAIN, PLAIN, plain, "ok")]


def name_of(number: int) -> str:
    """What people are told of the trial with this number."""
    return "a plain network of one layer" if number == PLAIN else f"trial {number}"
