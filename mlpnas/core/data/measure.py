"""Measure: what people judge networks by, and what a search score has to do with it.

Strategies take scores of which more is better, most of them in [0, 1]: an accuracy, the cube
of one, c / perplexity. People know the accuracy and the perplexity. Whatever is shown of a
search names the measure, and stands in its unit.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True)
class Measure:
    """A measure of networks.

    Attributes:
        name: `"accuracy"`, `"R²"`, `"perplexity"`, or a name of scikit-learn's.
        score: what a search score is, where that needs words: `"accuracy cubed"`.
        of_score: the measure's value, given a search score; None if the score is in its unit.
        rising: whether more of it is better.
        digits: after the point.
    """

    name: str
    score: str = ""
    of_score: Callable[[float], float] | None = None
    rising: bool = True
    digits: int = 4

    @property
    def score_name(self) -> str:
        """`search score (accuracy cubed)`."""
        return f"search score ({self.score or self.name})"

    @property
    def axis(self) -> str:
        """What an axis of values is called."""
        return self.name if self.rising else f"{self.name} (less is better)"

    def value(self, score: float) -> float:
        """The measure's value, given a search score."""
        return score if self.of_score is None else self.of_score(score)

    def written(self, score: float) -> str:
        """The value in digits."""
        return f"{self.value(score):.{self.digits}f}"

    def told(self, score: float) -> str:
        """`accuracy 0.8300`; where the score is in another unit, with it in brackets."""
        told = f"{self.name} {self.written(score)}"
        return told if self.of_score is None else f"{told} (score {score:.4f})"


def of_curve(name: str) -> Measure:
    """A measure whose search score is the epoch-weighted mean of its learning curve."""
    return Measure(name, f"{name}, later epochs weighing more")


def inverse_power(c: float, exponent: float) -> Callable[[float], float]:
    """The inverse of (c / value) ** exponent; infinite at 0."""
    return partial(_inverse_power, c, exponent)


def _inverse_power(c: float, exponent: float, score: float) -> float:
    return c / score ** (1 / exponent) if score > 0 else math.inf
