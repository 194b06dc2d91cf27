"""Cross-validation: which finalist is best, and after how many epochs, where rows are few.

Of a hundred validation rows one is a hundredth of the accuracy, and the best of many epochs of
many networks has been lucky above all. So the finalists are trained on four fifths of the
training and validation rows together, five times over, and followed on the fifth left out. The
mean of the five curves says how good a network becomes, and when. What it says of epochs is
carried over to the training that counts.

Stone, "Cross-validatory choice and assessment of statistical predictions", 1974.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mlpnas.core.evaluator import Job, Outcome, Recipe
from mlpnas.core.search_space import Architecture

PARTS = 5
ENOUGH = 1000  # validation rows that say enough by themselves
WINDOW = 5  # epochs; a mean of five curves is still rough


class Estimate(NamedTuple):
    """What cross-validation says of one network.

    Attributes:
        score: mean over the parts.
        epochs: after how many of them the mean is best.
    """

    score: float
    epochs: int

    def recipe(self, recipe: Recipe) -> Recipe:
        """The recipe for so many epochs, without a look at the validation rows."""
        return replace(recipe, epochs=self.epochs, patience=None, best="last")


def parts(architecture: Architecture, seed: int, recipe: Recipe) -> Iterator[Job]:
    """One training per part, each of all epochs, so that their curves can be averaged."""
    whole = replace(recipe, patience=None)
    for part in range(PARTS):
        yield Job(architecture, seed, recipe=whole, part=(part, PARTS))


def estimate(outcomes: Sequence[Outcome], recipe: Recipe) -> Estimate:
    """The mean of the parts, none of which failed.

    Args:
        outcomes: of the jobs of `parts`.
        recipe: says whether the metric or the loss finds the best epoch.
    """
    mean = smooth(np.mean([_curve(outcome, recipe) for outcome in outcomes], axis=0))
    best = len(mean) - 1 - int(np.argmax(mean[::-1]))  # the last of equals, as in a Recipe
    scores = [outcome.score for outcome in outcomes if outcome.score is not None]
    return Estimate(float(np.mean(scores) if scores else mean[best]), best + 1)


def _curve(outcome: Outcome, recipe: Recipe) -> list[float]:
    """What is to be high: the metric after each epoch, or the negative validation loss."""
    if recipe.best == "loss":
        return [-valid for _, valid in outcome.losses]
    return list(outcome.curve)


def smooth(curve: np.ndarray) -> np.ndarray:
    """Mean over the epochs around each, fewer at the ends."""
    half = WINDOW // 2
    return np.array([curve[max(0, i - half) : i + half + 1].mean() for i in range(len(curve))])
