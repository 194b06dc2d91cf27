"""The rule that picks the winner among the finalists.

Of those whose score is within one standard error of the best the smallest is taken (Breiman,
Friedman, Olshen and Stone, "Classification and regression trees", 1984). Among the finalists is
a plain network of one layer: where a search has found nothing better, the user should get that.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from mlpnas.core.trainer.base import Outcome, Recipe


class Estimate(NamedTuple):
    """How good a finalist is.

    Attributes:
        score: mean over the parts; by a measure of its own, where one is asked for, of the
            networks as they were at their best, which flatters all of them alike.
        error: its standard error.
        epochs: after how many of them the mean is best.
        parameters: of the network.
    """

    score: float
    error: float
    epochs: int
    parameters: int

    @classmethod
    def of(cls, score: float, outcome: Outcome) -> "Estimate":
        """What a single training says, whose error is not known."""
        return cls(score, 0.0, len(outcome.curve), outcome.parameters)

    def recipe(self, recipe: Recipe) -> Recipe:
        """The recipe for so many epochs, without a look at the validation rows."""
        return replace(recipe, epochs=self.epochs, patience=None, best="last")


def choose(estimates: Mapping[int, Estimate]) -> int:
    """The smallest network within one standard error of the best, of equals the better."""
    best = max(estimates.values(), key=lambda estimate: estimate.score)
    near = [i for i, e in estimates.items() if e.score >= best.score - best.error]
    return min(near, key=lambda i: (estimates[i].parameters, -estimates[i].score))
