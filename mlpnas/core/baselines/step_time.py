"""How long training steps of several networks take, measured side by side."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Step = Callable[[], Any]


def seconds_per_step(steps: Sequence[Step], repeats: int = 15) -> list[float]:
    """Median time of each, once compiled.

    They take turns, so that what else the machine does slows all of them down alike.

    Args:
        steps: each makes one training step of its network.
        repeats: how many are timed, after two that compile.
    """
    taken = [[_seconds(step) for step in steps] for _ in range(repeats + 2)]
    return np.median(taken[2:], axis=0).tolist()


def _seconds(step: Step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
