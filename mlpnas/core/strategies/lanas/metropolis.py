"""A random walk that stays within a region of a partition.

Sources: Metropolis et al., "Equation of state calculations by fast computing machines",
1953; Hastings, "Monte Carlo sampling methods using Markov chains", 1970.
"""

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.lanas.partition import Partition
from mlpnas.core.strategies.lanas.pool import Encode


def walk(
    space: SearchSpace,
    partition: Partition,
    start: Architecture,
    rng: np.random.Generator,
    encode: Encode | None = None,
    steps: int = 50,
) -> Architecture:
    """A random walk that stays in the leaf of `start`; in the long run uniform over it.

    A neighbour b of a is proposed with probability 1 / |N(a)|, so accepting it with
    min(1, |N(a)| / |N(b)|) makes the uniform distribution stationary (Metropolis, Hastings)
    also where architectures have different numbers of neighbours.
    """

    def leaf_of(architecture: Architecture) -> int:
        form = (encode or space.features)(space.canonical(architecture))
        return int(partition.leaf(form[None])[0])

    here, around, leaf = start, space.neighbours(start), leaf_of(start)
    for _ in range(steps if around else 0):
        there = around[rng.integers(len(around))]
        if leaf_of(there) == leaf:
            beyond = space.neighbours(there)
            if rng.random() * len(beyond) < len(around):
                here, around = there, beyond
    return here
