"""What a space promises of all of its members, where these are few enough to look at."""

import math
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.testing.promises import require

FEW = 1000  # members of a space that is looked at whole
# Every one of the K members of a space is expected to be drawn 40 times. A count is binomial
# and lies 5 standard deviations off with probability 4e-6 (the exact tail; it is skewed, so
# more than the normal 6e-7). With K <= 128 a sound sampler fails under a fresh seed once in
# 2,000 runs of a check.
DRAWS, LIMIT, DRAWN = 40, 5.0, 128


def the_size_counts_what_enumeration_gives(space: SearchSpace, seed: int) -> None:
    everything = list(space)
    count = len(everything)
    require(count == space.size(), f"size() is {space.size()}; {count} can be enumerated")
    require(len(set(everything)) == count, "enumeration gives an architecture twice")


def features_tell_all_architectures_apart(space: SearchSpace, seed: int) -> None:
    rows: dict[tuple, Architecture] = {}
    for architecture in space:
        other = rows.setdefault(tuple(space.features(architecture)), architecture)
        require(other == architecture, f"{architecture} has the features of {other}")


def neighbourhood_is_mutual_and_leads_everywhere(space: SearchSpace, seed: int) -> None:
    around = {architecture: set(space.neighbours(architecture)) for architecture in space}
    for architecture, neighbours in around.items():
        for neighbour in neighbours:
            back = architecture in around[neighbour]
            require(back, f"{neighbour} is a neighbour of {architecture}, but not vice versa")
    first = next(iter(around))
    reached, border = {first}, [first]
    while border:
        new = around[border.pop()] - reached
        reached |= new
        border += new
    far = len(around) - len(reached)
    require(not far, f"{far} architectures cannot be reached from {first} over neighbours")


ENUMERATED: tuple[Callable[[SearchSpace, int], None], ...] = (
    the_size_counts_what_enumeration_gives,
    features_tell_all_architectures_apart,
    neighbourhood_is_mutual_and_leads_everywhere,
)


def sample_architecture_makes_every_architecture_equally_likely(
    space: SearchSpace, seed: int
) -> None:
    chances = dict.fromkeys(space, 1 / space.size())
    _require_frequencies(space.sample_architecture, chances, seed)


def sample_walk_makes_every_legal_option_equally_likely_at_each_step(
    space: SearchSpace, seed: int
) -> None:
    chances = {}
    for architecture in space:
        steps = (architecture.tokens[:i] for i in range(len(architecture.tokens)))
        chances[architecture] = math.prod(1 / len(space.legal(prefix)) for prefix in steps)
    _require_frequencies(space.sample_walk, chances, seed)


def _require_frequencies(
    draw: Callable[[np.random.Generator], Architecture],
    chances: Mapping[Architecture, float],
    seed: int,
) -> None:
    """Require that no member is drawn LIMIT standard deviations too often or too rarely."""
    rng, draws = np.random.default_rng(seed), DRAWS * len(chances)
    counts = Counter(draw(rng) for _ in range(draws))
    for architecture, p in chances.items():
        deviation = abs(counts[architecture] - draws * p)
        usual = math.sqrt(draws * p * (1 - p))
        require(
            deviation <= LIMIT * usual,
            f"{architecture} was drawn {counts[architecture]} times of {draws}; expected "
            f"{draws * p:.0f} ± {usual:.0f}",
        )


SAMPLED: tuple[Callable[[SearchSpace, int], None], ...] = (
    sample_architecture_makes_every_architecture_equally_likely,
    sample_walk_makes_every_legal_option_equally_likely_at_each_step,
)
