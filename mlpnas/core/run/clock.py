"""Clock: when a search has to stop.

The number of trials decides a reproducible run. A time limit is for budgets: how many trials
fit in depends on the machine, but each of them is the one a longer run would have had there,
and `resume` goes on to the number of trials.
"""

import time
from collections import deque
from collections.abc import Callable

import numpy as np
from scipy.stats import theilslopes

from mlpnas.core.space.search_space import Architecture
from mlpnas.core.trial import Trial


class Clock:
    """Says when to stop: when a child would overrun the time limit, or the user asked to.

    Args:
        limit: seconds from now; None for no limit.
        parameters: size of an architecture. A child's time is predicted as a + b * size from
            the last fifty; rows and epochs are the same for all, so they are in a and b. A
            round's beginning, in which shared weights are trained, takes as long as the
            longest of the last fifty.
    """

    def __init__(self, limit: float | None, parameters: Callable[[Architecture], int]):
        self._deadline = None if limit is None else time.monotonic() + limit
        self._parameters = parameters
        self._seen = deque[tuple[int, float]](maxlen=50)
        self._began: float | None = None  # when a round was about to begin, of late
        self._beginnings = deque[float](maxlen=50)
        self.interrupted = False
        self.out_of_time = False

    def note(self, trial: Trial) -> None:
        """Learn from a finished trial what children cost."""
        if trial.ok:
            self._seen.append((trial.parameters, trial.seconds))

    def should_stop(self, upcoming: Architecture | None) -> bool:
        """Whether to stop before this architecture (None: before another round)."""
        now = time.monotonic()
        if self._began is not None:
            self._beginnings.append(now - self._began)
        self._began = now if upcoming is None else None
        if self._deadline is not None:
            self.out_of_time = now + self._seconds(upcoming) >= self._deadline
        return self.interrupted or self.out_of_time

    def _seconds(self, upcoming: Architecture | None) -> float:
        if upcoming is not None:
            return self.predict(self._parameters(upcoming))
        first, *others = self._beginnings or [0.0]
        return max(others, default=first)  # the first waits for its graphs to be traced

    def predict(self, parameters: int) -> float:
        """Seconds that a child of this size will take; 0 while nothing is known.

        By the median slope between two children (Theil and Sen): a process's first children
        wait for their graphs to be traced, which says nothing of those that follow.
        """
        if not self._seen:
            return 0.0
        sizes, seconds = np.array(self._seen, float).T
        differ = len(set(sizes)) > 1
        # Whatever the medians say, a larger child is not a quicker one.
        slope = max(0.0, theilslopes(seconds, sizes).slope) if differ else 0.0
        return float(np.median(seconds - slope * sizes)) + slope * parameters
