"""After the search: cells trained at length beside LSTM and GRU, tested, the first delivered.

LSTM and GRU get as many units as give them the same number of parameters as the cell found,
and as many epochs as take the same time.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np

from mlpnas.core.baselines.step_time import seconds_per_step
from mlpnas.core.run.delivery import Probe, deliver
from mlpnas.core.run.record import Result, Retrained
from mlpnas.core.run.run import Run
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.trainer.base import Outcome
from mlpnas.core.trainer.keras_trainer import set_weights
from mlpnas.core.trainer.retraining import Plan
from rnncell.data.text import Text, windows
from rnncell.final.export import raw_model
from rnncell.generator.networks import BASELINES, baseline, sized
from rnncell.recipes import TextRecipe
from rnncell.trainer.text_trainer import compile_model, perplexity


def retrain(
    run: Run[Text], architectures: Mapping[str, Architecture], told: Callable[[str], None]
) -> Retrained:
    """Train each at length from fresh weights, and read the test fold, once for each.

    Args:
        architectures: by where they came from; the first is the one to keep.
        told: of every step.

    Returns:
        The results, and the file of the first, which takes any number of raw sequences.

    Raises:
        InputError: see `retraining.persistent` and `delivery.deliver`.
    """
    told("measuring the baselines")
    planned = plans(run, architectures)
    told(f"training {len(planned)} networks at length")
    planned, outcomes = run.train_at_length(planned)
    networks = {name: _network(run, planned[name], outcomes[name]) for name in planned}
    results = [
        _tested(run, name, planned[name], outcomes[name], network)
        for name, network in networks.items()
    ]
    first, weights = next(iter(planned.values())), next(iter(outcomes.values())).weights
    whole: Any = first.generator
    model = whole.with_batch(None).build(first.architecture, run.data.task)
    set_weights(model, weights)
    probe = _probe(run, first.recipe, next(iter(networks.values())))
    return Retrained(results, deliver(raw_model(model, run.data), run.folder.model, probe))


def plans(run: Run[Text], cells: Mapping[str, Architecture]) -> dict[str, Plan]:
    """The cells by the preset's last recipe, and the baselines of the first one's size and
    training time."""
    recipe, task = run.settings.sizes.final, run.data.task
    generator: Any = run.final_generator()
    planned = {name: Plan(a, generator, recipe) for name, a in cells.items()}
    first = next(iter(planned.values()))
    target = generator.parameters(first.architecture, task)
    peers = {
        name.upper(): Plan(baseline(name), sized(generator, name, task, target), recipe)
        for name in BASELINES
    }
    own, *paces = seconds_per_step([_step(run, plan) for plan in (first, *peers.values())])
    for (name, peer), pace in zip(peers.items(), paces, strict=True):
        epochs = max(1, round(recipe.epochs * own / pace))
        planned[name] = peer._replace(recipe=replace(recipe, epochs=epochs))
    return planned


def _is_text(run: Run[Text]) -> bool:
    return not run.data.task.input_shape


def _step(run: Run[Text], plan: Plan) -> Callable[[], Any]:
    """A training step of a new network, always on the same batch."""
    task, recipe = run.data.task, plan.recipe
    model = plan.generator.build(plan.architecture, task)
    if _is_text(run):
        compile_model(model, recipe, 1)
        batch = [part[0] for part in windows(task.train, recipe.batch, recipe.steps)]
    else:
        model.compile("adam", task.loss)
        batch = [task.train.x[: recipe.batch], task.train.y[: recipe.batch]]
    return partial(model.train_on_batch, *batch)


def _network(run: Run[Text], plan: Plan, outcome: Outcome) -> keras.Model:
    """The trained network as it is scored."""
    model = plan.generator.build(plan.architecture, run.data.task)
    set_weights(model, outcome.weights)
    return model


def _probe(run: Run[Text], recipe: TextRecipe, network: keras.Model) -> Probe:
    """Validation sequences, and what the network that was scored says of them."""
    valid, raw = run.data.task.valid, run.data.raw
    if raw is not None:
        scored = network.predict(valid.x[: len(raw.steps)], verbose=0)
        return Probe({"steps": raw.steps, "length": raw.length}, scored)
    tokens = windows(valid, recipe.batch, recipe.steps).x[0]
    network.get_layer("rnn").reset_state()
    logits = np.asarray(network(tokens))
    return Probe(tokens, logits, max(1.0, float(np.abs(logits).max())))


def _tested(
    run: Run[Text], name: str, plan: Plan, outcome: Outcome, model: keras.Model
) -> Result:
    task, recipe = run.data.task, plan.recipe
    if _is_text(run):
        compile_model(model, recipe, 1)
        # The weights are those of the best epoch, whose validation is known.
        valid, test = min(outcome.curve), perplexity(model, task.test, recipe)
    else:
        valid, test = (
            task.score(fold.y, model.predict(fold.x, verbose=0))
            for fold in (task.valid, task.test)
        )
    return Result(
        name, str(plan.architecture), outcome.parameters, valid, test, outcome.seconds,
        outcome.curve, recipe.epochs,
    )  # fmt: skip
