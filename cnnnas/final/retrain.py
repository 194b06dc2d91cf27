"""After the search: networks trained at length, tested once, the first delivered.

Beside them, by the same recipe, a plain network with as many parameters as the first.
"""

import math
from collections.abc import Callable, Mapping

import keras

from cnnnas.baselines import STAGES, PlainCNN, plain_cnn
from cnnnas.data.images import Images
from cnnnas.final.export import export
from cnnnas.generator.stem import check_image
from mlpnas.core.errors import InputError
from mlpnas.core.generator import Generator
from mlpnas.core.run.record import Result, Retrained
from mlpnas.core.run.run import Run
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Outcome
from mlpnas.core.trainer.keras_trainer import set_weights
from mlpnas.core.trainer.retraining import Plan

PLAIN = "plain network"


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
    recipe, task = run.settings.sizes.final, run.data.task
    final = run.final_generator()
    planned = {name: Plan(a, final, recipe) for name, a in architectures.items()}
    builders = dict.fromkeys(architectures, run.generator)
    if plain := _plain(run, next(iter(architectures.values())), told):
        planned[PLAIN] = Plan(plain.architecture, plain, recipe)
        builders[PLAIN] = plain
    told(f"training {len(planned)} networks at length")
    planned, outcomes = run.train_at_length(planned)
    networks = {
        name: _network(run, builders[name], plan, outcomes[name])
        for name, plan in planned.items()
    }
    results = [
        _tested(task, name, planned[name], outcomes[name], network)
        for name, network in networks.items()
    ]
    first = next(iter(networks.values()))
    return Retrained(results, export(first, run.data, run.folder.model))


def _plain(
    run: Run[Images], architecture: Architecture, told: Callable[[str], None]
) -> PlainCNN | None:
    """The plain network with as many parameters; None where images are too small for one."""
    task = run.data.task
    try:
        check_image(task.input_shape, halvings=STAGES - 1)
    except InputError as error:
        told(f"no plain network beside it: {error}")
        return None
    return plain_cnn(run.generator.parameters(architecture, task), task)


def _network(
    run: Run[Images], generator: Generator, plan: Plan, outcome: Outcome
) -> keras.Model:
    """The trained network, without what only helped in training."""
    model = generator.build(plan.architecture, run.data.task, seed=run.seed_of(2))
    kept = {layer.name for layer in model.layers}
    set_weights(model, {k: w for k, w in outcome.weights.items() if k in kept})
    return model


def _tested(task: Task, name: str, plan: Plan, outcome: Outcome, model: keras.Model) -> Result:
    valid, test = (
        task.score(fold.y, model.predict(fold.x, batch_size=512, verbose=0))
        for fold in (task.valid, task.test)
    )
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return Result(
        name, str(plan.architecture), parameters, valid, test, outcome.seconds, outcome.curve,
        len(outcome.curve),
    )  # fmt: skip
