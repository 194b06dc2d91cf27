"""Training at length, after a search: what diverges is begun again with smaller steps."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from mlpnas.core.errors import InputError
from mlpnas.core.generator import Generator
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.trainer.base import Job, Outcome, Trainer

log = logging.getLogger(__name__)

P = TypeVar("P")
R = TypeVar("R")


class Plan(NamedTuple):
    """How one network is trained at length."""

    architecture: Architecture
    generator: Generator
    recipe: Any

    def slower(self) -> "Plan":
        """The same with smaller steps."""
        return self._replace(recipe=slower(self.recipe))


@dataclass(frozen=True)
class Assorted:
    """A trainer of jobs whose recipes each bring a generator with them.

    Args:
        make: from generator and recipe to what makes a trainer.
    """

    make: Callable[[Generator, Any], Callable[[], Trainer]]

    def train(self, job: Job) -> Outcome:
        """See `trainer.base.Trainer`."""
        generator, recipe = job.recipe
        return self.make(generator, recipe)().train(replace(job, recipe=None))


def persistent(
    train: Callable[[Mapping[str, P]], Mapping[str, Outcome]],
    planned: Mapping[str, P],
    slower: Callable[[P], P],
) -> tuple[dict[str, P], dict[str, Outcome]]:
    """Train each network; those that fail once more, by a slower plan.

    One network that overflows must not cost the results of a search.

    Args:
        train: gives the outcome of every plan, by the same names.
        planned: plans by where their architectures came from.
        slower: the same plan with smaller steps.

    Returns:
        The plans as they were followed, and their outcomes, in the order of `planned`.

    Raises:
        InputError: naming the network that failed twice.
    """
    outcomes = dict(train(planned))
    lost = {name: slower(plan) for name, plan in planned.items() if outcomes[name].reason}
    for name in lost:
        log.warning("%s: %s; trained again with smaller steps", name, outcomes[name].reason)
    if lost:
        outcomes.update(train(lost))
    for name, outcome in outcomes.items():
        if outcome.reason is not None:
            raise InputError(
                f"the network {name} could not be retrained, nor with smaller steps: "
                f"{outcome.reason}; expected a finite loss: choose another --preset or --seed"
            )
    return {**planned, **lost}, outcomes


def slower(recipe: R) -> R:
    """The recipe with a quarter of its learning rate."""
    plain: Any = recipe
    return replace(plain, learning_rate=plain.learning_rate / 4)
