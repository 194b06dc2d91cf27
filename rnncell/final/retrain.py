"""After the search: derive, train random cells beside it, retrain with the baselines, test.

The best random cell is what a search has to beat: as many training steps as the search took
are spent on cells that are drawn uniformly and trained one by one; the best of them is
retrained by the same recipe as the cell found. LSTM and GRU get as many units as give them
the same number of parameters, and as many epochs as take the same time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from mlpnas.core.baselines import comparison
from mlpnas.core.baselines.step_time import seconds_per_step
from mlpnas.core.executor.executors import WorkerProcesses
from mlpnas.core.run.delivery import Probe, deliver
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trainer.base import Job, Outcome, Trainer
from mlpnas.core.trainer.keras_trainer import set_weights
from mlpnas.core.trainer.retraining import persistent, slower
from mlpnas.core.trial import History, Trial
from rnncell.data.text import windows
from rnncell.final.export import raw_model
from rnncell.generator.networks import BASELINES, CellGenerator, baseline, parameters, sized
from rnncell.recipes import TextRecipe
from rnncell.run.record import Result
from rnncell.run.run import Run, make_trainer
from rnncell.trainer.text_trainer import compile_model, perplexity

FOUND, RANDOM = "found by the search", "best random"


class Plan(NamedTuple):
    """How a cell is trained at length."""

    architecture: Architecture
    generator: CellGenerator
    recipe: TextRecipe


def found(run: Run, history: History) -> Architecture:
    """The cell that the search found, see `comparison.select_architecture`."""
    draws = run.settings.sizes.draws
    return comparison.select_architecture(history, run.session.strategy, run.supernet, draws)


def random_search(run: Run, history: History, on_trial: Callable[[Trial], None]) -> History:
    """As many training steps as the search took, on cells drawn uniformly."""
    s = run.settings
    shared, passes = run.supernet is not None, s.per_round * s.rounds_per_pass
    budget = comparison.equal_budget(len(history), s.epochs, shared, s.sizes.baselines, passes)
    strategy = RandomStrategy(run.space, run.seed_of(0))
    trainer = run.trainer(replace(s.sizes.final, epochs=budget.epochs))
    path = run.folder.path / "rivals.jsonl"
    with WorkerProcesses(trainer, run.jobs) as crew:
        evaluator = run.children(crew, run.seed_of(1))
        return comparison.random_search(path, strategy, evaluator, budget.children, on_trial)


def plans(run: Run, cells: Mapping[str, Architecture]) -> dict[str, Plan]:
    """The cells by the preset's last recipe, and the baselines of the first one's size and
    training time."""
    recipe, task = run.settings.sizes.final, run.text.task
    generator = run.generate(run.settings.sizes.final_network)
    planned = {name: Plan(a, generator, recipe) for name, a in cells.items()}
    first = next(iter(planned.values()))
    target = parameters(generator, first.architecture, task)
    peers = {
        name.upper(): Plan(baseline(name), sized(generator, name, task, target), recipe)
        for name in BASELINES
    }
    own, *paces = seconds_per_step([_step(run, plan) for plan in (first, *peers.values())])
    for (name, peer), pace in zip(peers.items(), paces, strict=True):
        epochs = max(1, round(recipe.epochs * own / pace))
        planned[name] = peer._replace(recipe=replace(recipe, epochs=epochs))
    return planned


def _step(run: Run, plan: Plan) -> Callable[[], Any]:
    """A training step of a new network, always on the same batch."""
    task, recipe = run.text.task, plan.recipe
    model = plan.generator.build(plan.architecture, task)
    if run.is_text:
        compile_model(model, recipe, 1)
        batch = [part[0] for part in windows(task.train, recipe.batch, recipe.steps)]
    else:
        model.compile("adam", task.loss)
        batch = [task.train.x[: recipe.batch], task.train.y[: recipe.batch]]
    return partial(model.train_on_batch, *batch)


def retrain(run: Run, planned: Mapping[str, Plan]) -> tuple[list[Result], Path]:
    """Train each at length from fresh weights, and read the test fold, once for each.

    Returns:
        The results, and the file of the first, which takes any number of raw sequences.

    Raises:
        InputError: see `retraining.persistent` and `delivery.deliver`.
    """
    planned, outcomes = persistent(
        partial(_train, run), planned, lambda p: p._replace(recipe=slower(p.recipe))
    )
    networks = {name: _network(run, planned[name], outcomes[name]) for name in planned}
    results = [
        _tested(run, name, planned[name], outcomes[name], network)
        for name, network in networks.items()
    ]
    first, weights = next(iter(planned.values())), next(iter(outcomes.values())).weights
    free = CellGenerator(run.space, first.generator.network)
    model = free.build(first.architecture, run.text.task)
    set_weights(model, weights)
    probe = _probe(run, first.recipe, next(iter(networks.values())))
    return results, deliver(raw_model(model, run.text), run.folder.model, probe)


def _network(run: Run, plan: Plan, outcome: Outcome) -> keras.Model:
    """The trained network as it is scored."""
    model = plan.generator.build(plan.architecture, run.text.task)
    set_weights(model, outcome.weights)
    return model


def _probe(run: Run, recipe: TextRecipe, network: keras.Model) -> Probe:
    """Validation sequences, and what the network that was scored says of them."""
    valid, raw = run.text.task.valid, run.text.raw
    if raw is not None:
        scored = network.predict(valid.x[: len(raw.steps)], verbose=0)
        return Probe({"steps": raw.steps, "length": raw.length}, scored)
    tokens = windows(valid, recipe.batch, recipe.steps).x[0]
    network.get_layer("rnn").reset_state()
    logits = np.asarray(network(tokens))
    return Probe(tokens, logits, max(1.0, float(np.abs(logits).max())))


def _train(run: Run, planned: Mapping[str, Plan]) -> dict[str, Outcome]:
    trainers = {
        str(plan.architecture): (plan.generator, plan.recipe) for plan in planned.values()
    }
    jobs = [Job(plan.architecture, run.seed_of(2)) for plan in planned.values()]
    with WorkerProcesses(_Assorted(run, trainers), run.jobs) as crew:
        return dict(zip(planned, crew.run(jobs), strict=True))


class _Assorted:
    """Makes a trainer for which every architecture brings its own network and recipe.

    It is the factory that is sent to the workers, and the trainer too.
    """

    def __init__(self, run: Run, recipes: Mapping[str, tuple[CellGenerator, TextRecipe]]):
        self._task, self._reward, self._recipes = run.text.task, run.reward, dict(recipes)

    def __call__(self) -> Trainer:
        return self

    def train(self, job: Job) -> Outcome:
        """See `trainer.base.Trainer`."""
        generator, recipe = self._recipes[str(job.architecture)]
        return make_trainer(self._task, generator, recipe, self._reward).train(job)


def _tested(run: Run, name: str, plan: Plan, outcome: Outcome, model: keras.Model) -> Result:
    task, recipe = run.text.task, plan.recipe
    if run.is_text:
        compile_model(model, recipe, 1)
        # The weights are those of the best epoch, whose validation is known.
        valid, test = min(outcome.curve), perplexity(model, task.test, recipe)
    else:
        valid, test = (
            task.score(fold.y, model.predict(fold.x, verbose=0))
            for fold in (task.valid, task.test)
        )
    return Result(
        name, str(plan.architecture), outcome.parameters, plan.generator.network.units,
        recipe.epochs, valid, test, outcome.seconds, outcome.curve,
    )  # fmt: skip


def record(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Plain values for run.json."""
    return [asdict(result) for result in results]
