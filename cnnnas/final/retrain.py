"""After the search: choose, train random children beside it, retrain both, test once."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import keras

from cnnnas.run.record import Result
from cnnnas.run.run import Run
from cnnnas.run.settings import ALONE
from mlpnas.core.baselines.comparison import (
    compare_with_random,
    equal_budget,
    random_search,
    select_architecture,
)
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trainer.base import Job, Outcome
from mlpnas.core.trainer.keras_trainer import set_weights
from mlpnas.core.trainer.retraining import persistent, slower
from mlpnas.core.trial import History, Trial

FOUND, RANDOM = "found by the search", "best random"


def found(run: Run, history: History) -> Architecture:
    """The architecture that the search found, see `comparison.select_architecture`."""
    draws = run.settings.sizes.draws
    return select_architecture(history, run.session.strategy, run.supernet, draws)


def random_children(run: Run, history: History, on_trial: Callable[[Trial], None]) -> History:
    """As many training steps as the search took, on children drawn uniformly.

    They are kept in rivals.jsonl, so that a resumed run goes on with them.
    """
    s = run.settings
    budget = equal_budget(
        len(history), s.epochs, s.one_shot, s.sizes.baselines, s.per_round * s.rounds_per_pass
    )
    path, strategy = run.folder.path / "rivals.jsonl", RandomStrategy(run.space, run.seed_of(0))
    with run.baselines(budget.epochs) as evaluator:
        return random_search(path, strategy, evaluator, budget.children, on_trial)


def against_random(history: History, baselines: History) -> dict[str, Any]:
    """The search's best children against the random ones, see `comparison.compare_with_random`;
    their scores
    are cubes of accuracies."""
    return compare_with_random(history, baselines, ALONE)


def retrain(
    run: Run, architectures: Mapping[str, Architecture]
) -> tuple[list[Result], keras.Model]:
    """Train each at length from fresh weights, and read the test rows, once for each.

    Args:
        architectures: by where they came from; the first is the one to keep.

    Returns:
        The results, and the first's model, which takes standardised images.

    Raises:
        InputError: see `retraining.persistent`.
    """
    final = run.settings.sizes.final
    planned = {name: Job(a, run.seed_of(2), recipe=final) for name, a in architectures.items()}
    with run.finalists() as executor:
        planned, outcomes = persistent(
            lambda jobs: dict(zip(jobs, executor.run(jobs.values()), strict=True)),
            planned,
            lambda job: replace(job, recipe=slower(job.recipe)),
        )
    results, models = [], []
    for name, job in planned.items():
        outcome = outcomes[name]
        model = run.generator.build(job.architecture, run.images.task, seed=job.seed)
        kept = {layer.name for layer in model.layers}  # not what only helped in training
        set_weights(model, {k: w for k, w in outcome.weights.items() if k in kept})
        results.append(_tested(run, name, job.architecture, model, outcome))
        models.append(model)
    return results, models[0]


def _tested(
    run: Run, name: str, architecture: Architecture, model: keras.Model, outcome: Outcome
) -> Result:
    task = run.images.task
    valid, test = (
        task.score(fold.y, model.predict(fold.x, batch_size=512, verbose=0))
        for fold in (task.valid, task.test)
    )
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return Result(
        name, str(architecture), parameters, valid, test, outcome.seconds, outcome.curve
    )


def record(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Plain values for run.json."""
    return [asdict(result) for result in results]
