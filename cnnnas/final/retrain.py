"""After the search: the networks trained at length, tested once, the first delivered."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import keras

from cnnnas.data.images import Images
from cnnnas.final.export import export
from mlpnas.core.run.record import Result, Retrained
from mlpnas.core.run.run import Run
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Outcome
from mlpnas.core.trainer.keras_trainer import set_weights
from mlpnas.core.trainer.retraining import persistent, slower


def retrain(
    run: Run[Images], architectures: Mapping[str, Architecture], told: Callable[[str], None]
) -> Retrained:
    """Train each at length from fresh weights, and read the test rows, once for each.

    Args:
        architectures: by where they came from; the first is the one to keep.
        told: of every step.

    Raises:
        InputError: see `retraining.persistent` and `delivery.deliver`.
    """
    told(f"training {len(architectures)} networks at length")
    recipe = run.settings.sizes.final
    planned = {n: Job(a, run.seed_of(2), recipe=recipe) for n, a in architectures.items()}
    trainer = run.training.trainer(run.final_generator(), recipe)
    with run.hire(trainer, run.workers) as executor:
        planned, outcomes = persistent(
            lambda jobs: dict(zip(jobs, executor.run(jobs.values()), strict=True)),
            planned,
            lambda job: replace(job, recipe=slower(job.recipe)),
        )
    networks = {name: _network(run, job, outcomes[name]) for name, job in planned.items()}
    results = [
        _tested(run.data.task, name, planned[name], outcomes[name], network)
        for name, network in networks.items()
    ]
    first = next(iter(networks.values()))
    return Retrained(results, export(first, run.data, run.folder.model))


def _network(run: Run[Images], job: Job, outcome: Outcome) -> keras.Model:
    """The trained network, without what only helped in training."""
    model = run.generator.build(job.architecture, run.data.task, seed=job.seed)
    kept = {layer.name for layer in model.layers}
    set_weights(model, {k: w for k, w in outcome.weights.items() if k in kept})
    return model


def _tested(task: Task, name: str, job: Job, outcome: Outcome, model: keras.Model) -> Result:
    valid, test = (
        task.score(fold.y, model.predict(fold.x, batch_size=512, verbose=0))
        for fold in (task.valid, task.test)
    )
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return Result(
        name, str(job.architecture), parameters, valid, test, outcome.seconds, outcome.curve,
        job.recipe.epochs,
    )  # fmt: skip
