"""DepthSchedule: a controller that begins with shallow networks and goes on to deeper ones.

A controller writes networks of one depth at a time. Its weights are the same at every depth,
so the policy moves on with all it has learned; each added layer is at first written as those
before it are.

Source: Zoph and Le, "Neural architecture search with reinforcement learning", ICLR 2017: from
6 layers, by two more every 1,600 networks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cnnnas.space.zoph_space import ZophSpace
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.core.trial import Trial


class DepthSchedule(Strategy):
    """Moves from each depth of a space to the next after a number of trials.

    Rounds must be told in full, since a policy learns only from networks of its depth.

    Args:
        space: with the depths.
        every: so many trials are made at each depth; the last one has all that follow.
        make: a controller with its strategy, for a space of one depth.
    """

    def __init__(
        self, space: ZophSpace, every: int, make: Callable[[SearchSpace], ReinforceStrategy]
    ):
        self.space: ZophSpace = space
        self._every, self._make, self._told = every, make, 0
        self._within = space.at(space.depths[0])
        self._policy = make(self._within)

    def ask(self, n: int) -> list[Architecture]:
        return self._here(self._policy.ask(n))

    def sample(self, n: int) -> list[Architecture]:
        return self._here(self._policy.sample(n))

    def _here(self, architectures: Sequence[Architecture]) -> list[Architecture]:
        """The same networks as members of the whole space."""
        return [self.space.parse(str(architecture)) for architecture in architectures]

    def probabilities(self) -> list[np.ndarray]:
        """Estimated from 200 draws, as the controller's own."""
        return self.space.shares(self.sample(200))

    def tell(self, trials: Sequence[Trial]) -> None:
        self._policy.tell(
            [replace(t, architecture=self._within.parse(str(t.architecture))) for t in trials]
        )
        self._told += len(trials)
        self._grow()

    def _grow(self) -> None:
        """Move the policy to the depth that is due."""
        stage = min(self._told // self._every, len(self.space.depths) - 1)
        within = self.space.at(self.space.depths[stage])
        if within != self._within:
            deeper = self._make(within)
            deeper.follow(self._policy)
            self._within, self._policy = within, deeper

    def state(self) -> dict[str, np.ndarray]:
        return {**self._policy.state(), "told": np.array(self._told)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._told = int(state["told"])
        self._grow()
        self._policy.restore({name: a for name, a in state.items() if name != "told"})
