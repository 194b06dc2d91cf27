"""What turns an architecture into a Trial: generator, trainer, evaluator.

A generator builds the network, a trainer fits it, an evaluator decides from which weights
it starts, what its score is, and what becomes of its weights. A strategy sees none of this.

The same role serves the two other ways to search. A supernet's evaluator owns weights that
all architectures share: it trains them in `begin_round`, on architectures that it draws from
the strategy, and `evaluate_all` is a pass over validation rows. A differentiable search
chooses without a strategy; what it finds is an `Architecture` that the same trainer retrains.
"""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from mlpnas.core.search_space import Architecture, SearchSpace
from mlpnas.core.shared_weights import SharedWeights, Weights
from mlpnas.core.task import Task
from mlpnas.core.trial import Trial

if TYPE_CHECKING:  # the loop gives it; nothing here needs it at run time
    import keras

    from mlpnas.core.strategies.strategy import Strategy

Shapes = Mapping[str, Sequence[tuple[int, ...]]]


class Generator(ABC):
    """Decodes architectures of one space into Keras models."""

    space: SearchSpace

    @abstractmethod
    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> "keras.Model":
        """An ordinary, freshly initialised, uncompiled Keras model.

        Every layer that has weights is named by its weight key. Equal seeds give equal
        initial weights and dropout masks.
        """

    @abstractmethod
    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        """Weight key -> shapes of its arrays, in layer order, without building a model."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the training rows, at most.
        patience: epochs without a lower validation loss before training stops; None never
            stops early. The weights of the best epoch are the ones kept.
        batch_size: rows per step; the last batch of an epoch may be smaller.
        learning_rate: Adam's.
    """

    epochs: int = 10
    patience: int | None = 3
    batch_size: int = 32
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class Job:
    """All that a worker needs to train one child, beside what it holds already.

    Attributes:
        architecture: what to train.
        seed: fixes initial weights, dropout masks and the order of the rows.
        weights: inherited arrays by weight key; places not named start fresh.
    """

    architecture: Architecture
    seed: int
    weights: Weights = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What training gave.

    Attributes:
        curve: validation metric after each epoch that ran (accuracy, or R² as it is).
        losses: `(training loss, validation loss)` after each epoch.
        weights: the arrays of the best epoch, by weight key.
        parameters: trainable parameters.
        seconds: wall-clock time.
        reason: why it failed; None if it did not.
    """

    curve: tuple[float, ...] = ()
    losses: tuple[tuple[float, float], ...] = ()
    weights: Weights = field(default_factory=dict)
    parameters: int = 0
    seconds: float = 0.0
    reason: str | None = None


class Trainer(Protocol):
    """Fits one network on the training fold and follows it on the validation fold."""

    def train(self, job: Job) -> Outcome:
        """Train the job's architecture; the same job gives the same outcome on a CPU."""
        ...
