"""After the search: retrain the winner, read the test fold once, and compare.

The search score that made an architecture the winner is a proxy. What counts is the network
trained from fresh weights for longer, on rows it has never seen, next to what a user would
have tried otherwise on the same rows with the same scaling.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import keras

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import Job, Outcome, Recipe
from mlpnas.core.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.core.trial import Trial
from mlpnas.cross_validation import PARTS, Estimate, choose, estimate, is_needed, parts
from mlpnas.generator import MLPGenerator
from mlpnas.scoring import ScoringOption, of_probabilities
from mlpnas.trainer import MLPTrainer, to_model

log = logging.getLogger(__name__)

Run = Callable[[Iterable[Job]], Iterable[Outcome]]

PLAIN = -1  # stands for the number of the plain network, which was no trial
FINALISTS = 5  # best search scores that are retrained; more where an ensemble needs more
BATCH, STEPS = 64, 8000


def finish(rows: int, scoring: ScoringOption = None, epochs: int | None = None) -> Recipe:
    """How finalists are trained on so many rows: at most about 8,000 steps of 64 rows, 20 to
    200 epochs, a quarter of them without a better accuracy or R² being enough to stop. Where
    probabilities are to be judged, it is a lower loss, which tells of their quality.

    Few steps are too few for small networks, and the validation loss turns long before the
    accuracy does. The choice was made without test folds. On ten tables (150 to 6,435 rows, of
    which 3,000 were drawn; seed 100) four finalists of a random search learned from 80% of the
    training fold, the other 20% stopped them and chose one, and the validation fold judged.
    Mean accuracy: .872 with 50 epochs, patience 6 and the lowest loss, as the reference system
    has it; .876 with 200 epochs and patience 20; .883 with 2,000 steps as here; .878 for
    scikit-learn's MLPClassifier on the 80%. Learning anew from both parts for the epochs found
    gave .876 and is not done. Differences have a standard error of about .007. There the deep
    finalists had enough steps; a plain network has not: its validation accuracy after 2,000,
    4,000 and 8,000 steps was .733, .734 and .736 on wine-quality, .819, .832 and .844 on
    phoneme, .939, .938 and .934 on spambase (seeds 100 to 103).

    Args:
        rows: of the training fold.
        scoring: what the finalists are judged by.
        epochs: another number of them.
    """
    epochs = epochs or min(max(round(STEPS * BATCH / rows), 20), 200)
    best: Literal["loss", "metric"] = "loss" if of_probabilities(scoring) else "metric"
    return Recipe(epochs, max(epochs // 4, 1), BATCH, best=best)


class Winner(NamedTuple):
    """The finalist that was chosen when retrained, as a compiled Keras model.

    Attributes:
        trial: the trial that found it; its number is `PLAIN` for the plain network.
        retrained: score of every finalist, after retraining on the validation rows or from
            the cross-validation, by trial number.
        outcomes: how each of them was trained, with its weights, by trial number.
        architectures: theirs, likewise.
        ensemble: averages the finalists of `members`; None if none was asked for.
        members: trial number -> how often it was added to the ensemble.
        cross_validated: where the scores in `retrained` are from.
    """

    trial: Trial
    model: keras.Model
    retrained: dict[int, float]
    outcomes: dict[int, Outcome]
    architectures: dict[int, Architecture]
    ensemble: keras.Model | None = None
    members: Mapping[int, int] = MappingProxyType({})
    cross_validated: bool = False

    @property
    def predictor(self) -> keras.Model:
        """What to predict with: the ensemble if there is one."""
        return self.ensemble or self.model

    def record(self) -> dict[str, Any]:
        """Plain values for run.json."""
        return {
            "winner": {"trial": self.trial.id, "architecture": str(self.trial.architecture)},
            "retrained_validation": self.retrained,
            "cross_validated": self.cross_validated,
            "ensemble": dict(self.members),
        }


def retrain(
    generator: MLPGenerator,
    task: Task,
    finalists: Sequence[Trial],
    seed: int,
    on_step: Callable[[str], None] = lambda message: None,
    recipe: Recipe | None = None,
    run: Run | None = None,
) -> Winner:
    """Train the finalists from fresh weights and keep the best.

    The search score is a proxy; some candidates and longer training are a small price for
    not depending on it alone. A plain network of one layer joins them, unless there is but one
    finalist. The winner is that which validates best. Where validation rows are too few to
    choose by, a cross-validation chooses and says too after how many epochs to stop, see
    there. Either way it learns from the training rows alone, and the test fold is not read.

    Args:
        finalists: successful trials, best search score first.
        seed: of the run.
        on_step: told what begins.
        recipe: how to train them; None for `finish`.
        run: where, see `Executor.run`; None for this process. In worker processes a finalist
            that crashes costs no more than itself.

    Raises:
        InputError: if none can be trained.
    """
    recipe = recipe or finish(len(task.train))
    run = run or partial(map, MLPTrainer(task, generator, recipe).train)
    candidates = with_plain(generator, finalists) if len(finalists) > 1 else finalists
    plans = {trial.id: recipe for trial in candidates}
    estimates: dict[int, Estimate] = {}
    if len(finalists) > 1 and is_needed(task):
        estimates = cross_validate(candidates, seed, recipe, run, on_step)
        # Where none could be judged, for want of a class in some part say, all is as before.
        plans = {i: e.recipe(recipe) for i, e in estimates.items()} or plans
    chosen = {trial.id: trial for trial in candidates if trial.id in plans}

    def jobs() -> Iterator[Job]:
        for place, (number, plan) in enumerate(plans.items(), start=1):
            on_step(f"retraining finalist {place} of {len(plans)}")
            yield Job(chosen[number].architecture, seed, recipe=plan)

    every = dict(zip(plans, run(jobs()), strict=True))
    outcomes = {number: outcome for number, outcome in every.items() if not outcome.reason}
    if not outcomes:
        raise InputError(
            f"none of the {len(finalists)} finalists could be retrained: "
            f"{next(iter(every.values())).reason}; expected at least one: if the loss "
            "diverged, look for extreme values in the table, else mend this and resume the run"
        )
    judged = {
        number: estimates.get(number) or Estimate.of(validation(outcome, recipe), outcome)
        for number, outcome in outcomes.items()
    }
    best = choose(judged)
    model = to_model(generator, chosen[best].architecture, task, outcomes[best].weights)
    scores = {number: estimate.score for number, estimate in judged.items()}
    architectures = {number: chosen[number].architecture for number in outcomes}
    return Winner(
        chosen[best], compiled(model, task), scores, outcomes, architectures,
        cross_validated=bool(estimates),
    )  # fmt: skip


def with_plain(generator: MLPGenerator, finalists: Sequence[Trial]) -> list[Trial]:
    """The finalists, and the plain network of their space if it is not among them."""
    plain = generator.space.plain()
    if any(trial.architecture == plain for trial in finalists):
        return list(finalists)
    return [*finalists, Trial(PLAIN, PLAIN, plain, "ok")]


def cross_validate(
    finalists: Sequence[Trial],
    seed: int,
    recipe: Recipe,
    run: Run,
    on_step: Callable[[str], None],
) -> dict[int, Estimate]:
    """An estimate of each finalist that could be trained on every part, by trial number."""

    def jobs() -> Iterator[Job]:
        for place, trial in enumerate(finalists, start=1):
            on_step(f"cross-validating finalist {place} of {len(finalists)}")
            yield from parts(trial.architecture, seed, recipe)

    outcomes = iter(run(jobs()))
    every = {trial.id: list(islice(outcomes, PARTS)) for trial in finalists}
    for number, mine in every.items():
        for reason in {outcome.reason for outcome in mine if outcome.reason}:
            log.warning("finalist %d is not cross-validated: %s", number, reason)
    return {
        number: estimate(mine, recipe)
        for number, mine in every.items()
        if not any(outcome.reason for outcome in mine)
    }


def compiled(model: keras.Model, task: Task) -> keras.Model:
    """The model, ready to be trained further."""
    metrics = ["accuracy"] if task.classes else ["mae"]
    optimizer = keras.optimizers.Adam(Recipe.learning_rate)
    optimizer.build(model.trainable_variables)  # or the saved file could not be loaded
    model.compile(optimizer, loss=task.loss, metrics=metrics)
    return model


def validation(outcome: Outcome, recipe: Recipe) -> float:
    """Validation score at the epoch whose weights were kept."""
    if outcome.score is not None:
        return outcome.score
    losses = [valid for _, valid in outcome.losses]
    return outcome.curve[recipe.best_epoch(outcome.curve, losses)]
