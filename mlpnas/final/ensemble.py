"""The finish: one architecture trained on several folds, and the average of these networks.

Each network learns from all but one part of the training and validation rows together, and is
stopped by that part; so no row is spent on choosing alone, and networks that have seen other
rows, from other first weights, err apart (Parmanto, Munro and Doyle, "Improving committee
diagnosis with resampling techniques", NIPS 1995).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import keras
import numpy as np

from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Outcome, Recipe
from mlpnas.final.cross_validation import Execute, fold_jobs, kept_score
from mlpnas.generator import MLPGenerator
from mlpnas.trainer.mlp_trainer import to_model

log = logging.getLogger(__name__)


class Ensemble(NamedTuple):
    """Networks of one architecture, averaged.

    Attributes:
        model: gives the mean of their outputs.
        size: how many they are.
        score: mean of their validation scores, each on the part it has not learned from. The
            average itself has no rows left to be validated on.
    """

    model: keras.Model
    size: int
    score: float


def train_ensemble(
    generator: MLPGenerator,
    task: Task,
    architecture: Architecture,
    size: int,
    seed: int,
    recipe: Recipe,
    run: Execute,
    on_step: Callable[[str], None],
) -> Ensemble | None:
    """Train a network for each part and average them; None if one of them fails, or if there
    are fewer than two rows for each.

    Args:
        size: how many parts, at least 2.
        seed: of the run.
        recipe: how each is trained; its part says which epoch is the best.
        run: where, see `Executor.run`.
        on_step: told what begins.
    """

    if len(task.train) + len(task.valid) < 2 * size:
        return None

    def jobs() -> Iterator[Job]:
        for place, job in enumerate(fold_jobs(architecture, size, seed, recipe), start=1):
            on_step(f"training network {place} of {size} for the average")
            yield job

    return combine(generator, task, architecture, list(run(jobs())), recipe)


def combine(
    generator: MLPGenerator,
    task: Task,
    architecture: Architecture,
    outcomes: Sequence[Outcome],
    recipe: Recipe,
) -> Ensemble | None:
    """The average of the networks that `fold_jobs` trains, in its order; None if one failed."""
    for reason in {outcome.reason for outcome in outcomes if outcome.reason}:
        log.warning("no average of networks: one of them failed: %s", reason)
        return None
    size = len(outcomes)
    parts = [task.part(part, size) for part in range(size)]
    models = [
        to_model(generator, architecture, part, outcome.weights)
        for part, outcome in zip(parts, outcomes, strict=True)
    ]
    scores = [kept_score(outcome, recipe) for outcome in outcomes]
    return Ensemble(average(models), size, float(np.mean(scores)))


def average(models: Sequence[keras.Model]) -> keras.Model:
    """One model that gives the mean of other models' outputs."""
    rows = keras.Input(models[0].input_shape[1:], name="rows")
    # Names of their own, since models that share a name cannot be parts of one.
    members = [
        keras.Model(model.input, model.output, name=f"network_{i}")
        for i, model in enumerate(models)
    ]
    mean = keras.layers.Average(name="mean")([member(rows) for member in members])
    return keras.Model(rows, mean, name="average")
