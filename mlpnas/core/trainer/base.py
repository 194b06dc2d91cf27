"""Trainer: fits one network. What it is given is a Job, what comes of it an Outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.shared_weights import Weights
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task

R = TypeVar("R")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the training rows, at most.
        patience: epochs without a better one before training stops; None never stops early.
        batch_size: rows per step; the last batch of an epoch may be smaller.
        learning_rate: Adam's.
        best: the epoch whose weights are kept: that of the lowest validation `"loss"`, of
            the best `"metric"`, of equals the last, or in any case the `"last"`. The loss
            often rises again, since the network grows too sure of itself, while the accuracy
            still improves.

    Examples:
        >>> from mlpnas import Recipe
        >>> Recipe(best="loss").best_epoch(curve=[0.5, 0.7, 0.8], losses=[0.9, 0.6, 0.7])
        1
    """

    epochs: int = 10
    patience: int | None = 3
    batch_size: int = 32
    learning_rate: float = 1e-3
    best: Literal["loss", "metric", "last"] = "loss"

    def best_epoch(self, curve: Sequence[float], losses: Sequence[float]) -> int:
        """Return the number, from 0, of the epoch whose weights are kept.

        Args:
            curve: validation metric after each epoch.
            losses: validation loss after each epoch.
        """
        if self.best == "last":
            return len(curve) - 1
        if self.best == "loss":
            return int(np.argmin(losses))
        return len(curve) - 1 - int(np.argmax(curve[::-1]))


@dataclass(frozen=True)
class Job:
    """All that a worker needs to train one child, beside what it holds already.

    Attributes:
        architecture: what to train.
        seed: fixes initial weights, dropout masks and the order of the rows.
        weights: inherited arrays by weight key; places not named start fresh.
        recipe: how to train this one, a `Recipe` or what else its trainer takes; None for the
            trainer's own, which is for trials.
        part: number of a part of a cross-validation and how many there are, see `Task.part`;
            None for the task's own folds.

    Examples:
        >>> from mlpnas import Job, MLPSpace, Recipe
        >>> architecture = MLPSpace((3, "softmax")).parse("(8, 'relu'), (3, 'softmax')")
        >>> Job(architecture, seed=1).recipe_or(Recipe(epochs=5)).epochs
        5
    """

    architecture: Architecture
    seed: int
    weights: Weights = field(default_factory=dict)
    recipe: Any = None
    part: tuple[int, int] | None = None

    def folds(self, task: Task) -> Task:
        """Return the task with the folds that this job is about."""
        return task if self.part is None else task.part(*self.part)

    def recipe_or(self, own: R) -> R:
        """Return the job's recipe, else the trainer's own.

        Raises:
            InputError: if the job's recipe is not of the trainer's kind.
        """
        if self.recipe is None:
            return own
        if type(self.recipe) is not type(own):
            raise InputError(
                f"the job's recipe is {self.recipe!r}; expected a {type(own).__name__}, which "
                "its trainer takes"
            )
        return self.recipe

    def refuse(self, why: str, *fields: str) -> None:
        """Raise InputError if the job asks for what its trainer cannot give.

        Args:
            why: as the end of a sentence.
            fields: of the job, that must be as they are by default.
        """
        for name in fields:
            if given := getattr(self, name):
                shown = list(given) if name == "weights" else given
                raise InputError(f"the job's {name} is {shown!r}; expected none: {why}")


@dataclass(frozen=True)
class Outcome:
    """The result of training one network.

    Attributes:
        curve: validation metric after each epoch that ran (accuracy, or R² as it is).
        losses: `(training loss, validation loss)` after each epoch.
        weights: the arrays of the best epoch, by weight key.
        parameters: trainable parameters.
        seconds: wall-clock time.
        reason: why it failed; None if it did not.
        score: for trainers that judge the weights by another measure than the task's metric,
            higher is better; None leaves the judgement to the curve.

    Examples:
        >>> from mlpnas import Outcome
        >>> outcome = Outcome(curve=(0.5, 0.7), losses=((1.0, 1.1), (0.8, 0.9)), seconds=0.2)
        >>> outcome.reason is None  # it did not fail
        True
    """

    curve: tuple[float, ...] = ()
    losses: tuple[tuple[float, float], ...] = ()
    weights: Weights = field(default_factory=dict)
    parameters: int = 0
    seconds: float = 0.0
    reason: str | None = None
    score: float | None = None


class Trainer(Protocol):
    """Fits one network on the training fold and follows it on the validation fold.

    Examples:
        >>> from mlpnas import Job, MLPSpace, Outcome
        >>> class Guesser:
        ...     def train(self, job):
        ...         job.refuse("it guesses", "recipe", "weights", "part")
        ...         return Outcome(curve=(1 / len(job.architecture.tokens),))
        >>> architecture = MLPSpace((3, "softmax")).parse("(8, 'relu'), (3, 'softmax')")
        >>> Guesser().train(Job(architecture, seed=0)).curve
        (0.5,)
    """

    def train(self, job: Job) -> Outcome:
        """Train the job's architecture; the same job gives the same outcome on a CPU.

        Raises:
            InputError: for what the job asks and the trainer cannot do. Nothing that a job
                says is passed over.
        """
        ...
