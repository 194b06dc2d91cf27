"""Learning rates as functions of the epochs done, a number that need not be whole."""

import math


def cosine_restarts(
    epoch: float, high: float, low: float, period: float = 10, factor: float = 2
) -> float:
    """From `high` down to `low` along half a cosine, then back to `high`, ever more slowly.

    The periods are `period`, `period * factor`, `period * factor ** 2`, ... epochs; with 10
    and 2 they end at 10 (2 ** k - 1): 10, 30, 70, 150, 310, 630. Source: Loshchilov and
    Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Args:
        epoch: epochs done, 0 or more.
        high, low: the rates at the beginning and at the end of each period.
        period: epochs of the first one.
        factor: how much longer each is than the one before, 1 or more.
    """
    while epoch >= period:
        epoch, period = epoch - period, period * factor
    return low + (high - low) * (1 + math.cos(math.pi * epoch / period)) / 2
