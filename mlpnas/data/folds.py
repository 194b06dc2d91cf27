"""The one split of a search: seeded, stratified, done before anything is fitted."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from mlpnas.core.errors import InputError


class Rows(NamedTuple):
    """Row positions of the three folds, disjoint, and shuffled with the classes interleaved."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


class Split(NamedTuple):
    """How to split, once for the whole search.

    Attributes:
        seed: 0 is a seed like any other.
        valid: validation rows among those that are not test rows, in (0, 0.5).
        test: test rows among all, in (0, 0.5).
    """

    seed: int = 0
    valid: float = 0.2
    test: float = 0.2

    def check(self) -> "Split":
        """Itself; raises InputError for fractions out of range or a negative seed."""
        for fraction in (self.valid, self.test):
            if not 0 < fraction < 0.5:
                raise InputError(
                    f"Fold fraction {fraction}; expected between 0 and 0.5: 0.2 is usual"
                )
        if self.seed < 0:
            raise InputError(f"Seed {self.seed}; expected 0 or a positive whole number: use 0")
        return self

    def rows(self, strata: np.ndarray, given_test: int = 0) -> Rows:
        """The folds; if the last `given_test` rows are the test fold already, so they stay."""
        rng = np.random.default_rng(self.seed)
        n = len(strata)
        if given_test:
            rest, held = np.arange(n - given_test), np.arange(n - given_test, n)
        else:
            rest, held = hold_out(strata, self.test, rng)
        train, checked = hold_out(strata[rest], self.valid, rng)
        return Rows(rest[train], rest[checked], held)


def hold_out(
    strata: np.ndarray, fraction: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Positions kept, and `ceil(fraction * rows)` positions held out.

    Each class's rows, shuffled, are spread evenly over [0, 1] from a random start; what lies
    lowest is held out. Every class so gives its share to within two rows, classes of two rows
    do not fail as they do in scikit-learn's `train_test_split`, and a class's last row is
    always kept.
    """
    order = rng.permutation(len(strata))
    shuffled = pd.Series(strata[order])
    groups = shuffled.groupby(shuffled)
    start = rng.random(int(strata.max()) + 1)[shuffled]
    size = groups.transform("size").to_numpy()
    place = (groups.cumcount().to_numpy() + start) / size
    place[size == 1] = 1.0
    order = order[np.argsort(place, kind="stable")]
    held = int(np.ceil(fraction * len(strata)))
    return order[held:], order[:held]
