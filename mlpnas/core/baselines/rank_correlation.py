"""Rank correlation: whether two scores put the same architectures in the same order.

Over few architectures Kendall's tau is an accident: two are in the same order every second
time, whatever they are scored by, and over six one pair of unrelated scores in fifteen reaches
.6. So tau is kept with the number of architectures, and shown from ten on.
"""

import math
from collections.abc import Sequence

from scipy.stats import kendalltau

FEWEST = 10


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Kendall's tau between two scores of the same architectures.

    1 means the same order, 0 that one says nothing of the other; None where a score cannot
    tell any two of them apart.

    Raises:
        ValueError: if the lengths differ.
    """
    if len(one) != len(other):
        raise ValueError(f"{len(one)} and {len(other)} scores of the same architectures")
    tau = float(kendalltau(one, other).statistic) if len(one) > 1 else math.nan
    return None if math.isnan(tau) else tau


def told(tau: float | None, architectures: int) -> str | None:
    """Format tau as it is shown; return None if it is of too few architectures.

    Args:
        tau: see `rank_correlation`.
        architectures: how many it is of.
    """
    if architectures < FEWEST:
        return None
    return "undefined, as a score is the same for all" if tau is None else f"{tau:+.2f}"
