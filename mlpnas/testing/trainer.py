"""What every trainer does with its job: follows all of it, or refuses it with an error."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Outcome, Trainer
from mlpnas.testing.promises import refused, require


@dataclass(frozen=True)
class ForeignRecipe:
    """A recipe that no trainer takes."""

    epochs: int = 1


@dataclass(frozen=True)
class TrainerCase:
    """A trainer, and what it can be asked for.

    Attributes:
        make: makes it for a task, with a recipe of its own.
        task: tiny data.
        architecture: of two layers with weights at least.
        recipe: of two epochs, a dataclass with a `learning_rate`; without early stopping, and
            the last epoch's weights are kept.
        epochs: name of the recipe's field with the number of epochs.
        refuses: fields of jobs that it does not follow: `recipe`, `weights`, `part`.
        seeded: whether another seed gives another outcome.
        moving: whether an array moves even without a learning rate, as the statistics of a
            normalisation do, given its weight key.

    Examples:
        >>> from mlpnas import KerasTrainer, MLPGenerator, MLPSpace, Recipe
        >>> from mlpnas.testing import TrainerCase
        >>> from mlpnas.testing.fakes import tiny_task
        >>> space = MLPSpace((3, "softmax"), widths=(4,))
        >>> case = TrainerCase(
        ...     make=lambda task, recipe: KerasTrainer(task, MLPGenerator(space), recipe),
        ...     task=tiny_task("multiclass"),
        ...     architecture=space.parse("(4, 'relu'), (3, 'softmax')"),
        ...     recipe=Recipe(epochs=2, patience=None, best="last"),
        ... )
    """

    make: Callable[[Task, Any], Trainer]
    task: Task
    architecture: Architecture
    recipe: Any
    epochs: str = "epochs"
    refuses: frozenset[str] = frozenset()
    seeded: bool = True
    moving: Callable[[str], bool] = lambda key: False

    def job(self, seed: int = 0, **more: Any) -> Job:
        """A job for the architecture, with further fields."""
        return Job(self.architecture, seed, **more)

    def short(self, learning_rate: float) -> Any:
        """The recipe with one epoch at another learning rate."""
        return replace(self.recipe, **{self.epochs: 1}, learning_rate=learning_rate)

    def train(self, job: Job, recipe: Any = None) -> Outcome:
        """The outcome of a job from a fresh trainer, whose own recipe may be another."""
        return self.make(self.task, self.recipe if recipe is None else recipe).train(job)


def equal(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes are the same but for the time they took."""
    told = [(o.curve, o.losses, o.parameters, o.reason, o.score) for o in (one, other)]
    if told[0] != told[1] or list(one.weights) != list(other.weights):
        return False
    return all(
        np.array_equal(a, b)
        for key in one.weights
        for a, b in zip(one.weights[key], other.weights[key], strict=True)
    )


def the_same_job_gives_the_same_outcome_whatever_was_trained_before(case: TrainerCase) -> None:
    trainer = case.make(case.task, case.recipe)
    once = trainer.train(case.job(seed=3))
    require(once.reason is None, f"a plain job failed: {once.reason}")
    epochs = len(once.curve)
    require(epochs == 2, f"the curve has {epochs} epochs; the case's recipe has 2")
    other = trainer.train(case.job(seed=4))
    again = trainer.train(case.job(seed=3))
    require(equal(once, again), "a job has another outcome after another job")
    fresh = case.train(case.job(seed=3))
    require(equal(once, fresh), "a job has another outcome from a fresh trainer")
    wanted = "another" if case.seeded else "the same"
    require(equal(once, other) != case.seeded, f"expected {wanted} outcome from another seed")


def the_job_s_recipe_counts_before_the_trainer_s_own(case: TrainerCase) -> None:
    asked = case.short(learning_rate=0.01)
    if "recipe" in case.refuses:
        with refused(InputError, "a job with a recipe", "recipe"):
            case.train(case.job(recipe=asked))
        return
    by_job = case.train(case.job(recipe=asked))
    epochs = len(by_job.curve)
    require(epochs == 1, f"{epochs} epochs were trained; the job's recipe has 1")
    own = case.make(case.task, asked).train(case.job())
    require(equal(by_job, own), "a recipe trains otherwise as a job's than as a trainer's own")


def a_recipe_of_another_kind_is_refused(case: TrainerCase) -> None:
    with refused(InputError, "a job with a recipe of another kind", "recipe"):
        case.train(case.job(recipe=ForeignRecipe()))


def inherited_weights_are_where_training_starts_and_others_are_fresh(case: TrainerCase) -> None:
    if "weights" in case.refuses:
        with refused(InputError, "a job with weights", "weights"):
            case.train(case.job(weights={"layer": (np.zeros(1),)}))
        return
    still = case.short(learning_rate=0.0)  # so that what is kept is what it began with
    donor = case.train(case.job(seed=1), case.short(case.recipe.learning_rate))
    first, *others = donor.weights
    require(others, f"the outcome has the weights {[first]}; expected two layers at least")
    fresh = case.train(case.job(seed=2), still)
    heir = case.train(case.job(seed=2, weights={first: donor.weights[first]}), still)
    for key in filter(lambda key: not case.moving(key), donor.weights):
        expected = donor if key == first else fresh
        for a, b in zip(heir.weights[key], expected.weights[key], strict=True):
            origin = "inherited ones" if key == first else "those of its seed"
            require(np.array_equal(a, b), f"weights {key!r} did not start from {origin}")


def a_part_of_a_cross_validation_is_what_is_learned_and_scored(case: TrainerCase) -> None:
    if "part" in case.refuses:
        with refused(InputError, "a job for a part", "part"):
            case.train(case.job(part=(0, 3)))
        return
    first, second = (case.train(case.job(part=(number, 3))) for number in (0, 1))
    require(not equal(first, second), "two parts of a cross-validation have equal outcomes")
    apart = case.make(case.task.part(1, 3), case.recipe).train(case.job())
    require(equal(second, apart), "a part is not what `Task.part` says it is")


def what_diverges_is_a_failed_outcome_with_its_reason(case: TrainerCase) -> None:
    outcome = case.train(case.job(), case.short(learning_rate=math.nan))
    require("diverged" in (outcome.reason or ""), f"its reason is {outcome.reason!r}")
    require(outcome.score is None, f"a training that diverged has the score {outcome.score}")


PROMISES: tuple[Callable[[TrainerCase], None], ...] = (
    the_same_job_gives_the_same_outcome_whatever_was_trained_before,
    the_job_s_recipe_counts_before_the_trainer_s_own,
    a_recipe_of_another_kind_is_refused,
    inherited_weights_are_where_training_starts_and_others_are_fresh,
    a_part_of_a_cross_validation_is_what_is_learned_and_scored,
    what_diverges_is_a_failed_outcome_with_its_reason,
)


def check_trainer(case: TrainerCase) -> None:
    """Hold a trainer to its contract; it trains some twenty times for an epoch or two.

    Raises:
        ContractError: at the first promise that is broken.
    """
    for promise in PROMISES:
        promise(case)
