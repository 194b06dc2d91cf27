"""Budget: how long a search is. One plan for all searches, with shared weights and without."""

import math
from dataclasses import dataclass

from mlpnas.core.errors import InputError


@dataclass(frozen=True)
class Budget:
    """How long a search is.

    Attributes:
        trials: how many architectures to score.
        per_round: how many the strategy chooses at a time.
        epochs: passes over the training data: of the shared weights, or of every child.
    """

    trials: int
    per_round: int
    epochs: int


def plan(
    budget: Budget,
    trials: int | None,
    epochs: int | None,
    per_round: int | None = None,
    by_epoch: bool = False,
) -> dict[str, int]:
    """How long a search is, as settings.

    Args:
        budget: what the preset says.
        trials, epochs, per_round: what was asked for; None leaves it to the preset.
        by_epoch: whether a trial is an epoch, as in a differentiable search.

    Returns:
        `trials`, `per_round`, `epochs`, and `rounds_per_pass`: how many rounds of scores lie
        between two passes of the shared weights. There are never more passes than planned:
        the learning rate would begin anew.

    Raises:
        InputError: if a trial is an epoch, and another number of each was asked for.
    """
    if by_epoch:
        trials = epochs = _equal(trials, epochs)
    trials = budget.trials if trials is None else trials
    epochs = budget.epochs if epochs is None else epochs
    per_round = budget.per_round if per_round is None else per_round
    rounds = math.ceil(trials / max(1, per_round))
    return {
        "trials": trials,
        "per_round": per_round,
        "epochs": epochs,
        "rounds_per_pass": max(1, math.ceil(rounds / max(1, epochs))),
    }


def _equal(trials: int | None, epochs: int | None) -> int | None:
    if None not in (trials, epochs) and trials != epochs:
        raise InputError(
            f"--trials is {trials} and --epochs is {epochs}; in a differentiable search a "
            "trial is an epoch: expected one of them"
        )
    return epochs if trials is None else trials
