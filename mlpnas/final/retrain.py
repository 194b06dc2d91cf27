"""After the search: retrain the winner, read the test fold once, and compare.

The search score that made an architecture the winner is a proxy. What counts is the network
trained from fresh weights for longer, on rows it has never seen, next to what a user would
have tried otherwise on the same rows with the same scaling.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import keras

from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Outcome, Recipe
from mlpnas.core.trial import Trial
from mlpnas.final.cross_validation import (
    PARTS,
    Execute,
    cross_validate,
    estimate,
    is_needed,
    kept_score,
)
from mlpnas.final.ensemble import Ensemble, combine, train_ensemble
from mlpnas.final.finalists import with_plain
from mlpnas.final.winner_rule import Estimate, choose
from mlpnas.generator import MLPGenerator
from mlpnas.scoring import ScoringOption, of_probabilities
from mlpnas.trainer.mlp_trainer import MLPTrainer, to_model

BATCH, STEPS = 64, 8000


def final_recipe(rows: int, scoring: ScoringOption = None, epochs: int | None = None) -> Recipe:
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
        trial: the trial that found it; its number is `finalists.PLAIN` for the plain
            network.
        retrained: score of every finalist, after retraining on the validation rows or from
            the cross-validation, by trial number.
        outcomes: how each of them was trained, with its weights, by trial number.
        architectures: theirs, likewise.
        cross_validated: where the scores in `retrained` are from.
        ensemble: the average of networks of this architecture, each trained on a fold; None if
            none was asked for, or one of them failed.
    """

    trial: Trial
    model: keras.Model
    retrained: dict[int, float]
    outcomes: dict[int, Outcome]
    architectures: dict[int, Architecture]
    cross_validated: bool = False
    ensemble: Ensemble | None = None

    @property
    def predictor(self) -> keras.Model:
        """What to predict with: the ensemble if there is one."""
        return self.ensemble.model if self.ensemble else self.model

    def record(self) -> dict[str, Any]:
        """Plain values for run.json."""
        return {
            "winner": {
                "trial": self.trial.id,
                "architecture": str(self.trial.architecture),
                "parameters": self.outcomes[self.trial.id].parameters,
            },
            "retrained_validation": self.retrained,
            "cross_validated": self.cross_validated,
            "ensemble": self.ensemble
            and {
                "networks": self.ensemble.size,
                "validation": self.ensemble.score,
            },
        }


def retrain(
    generator: MLPGenerator,
    task: Task,
    finalists: Sequence[Trial],
    seed: int,
    on_step: Callable[[str], None] = lambda message: None,
    recipe: Recipe | None = None,
    run: Execute | None = None,
    ensemble: int = 0,
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
        ensemble: how many networks of the winner's architecture to average beside it, see
            `ensemble`; 0 for none.

    Raises:
        InputError: if none can be trained.

    Examples:
        >>> from mlpnas import MLPGenerator, MLPSpace, Recipe, retrain
        >>> from mlpnas.testing.fakes import tiny_task, trials_of
        >>> space, task = MLPSpace((3, "softmax")), tiny_task("multiclass")
        >>> trials = trials_of([space.parse("(8, 'relu'), (3, 'softmax')")])
        >>> winner = retrain(MLPGenerator(space), task, trials, seed=0, recipe=Recipe(epochs=2))
        >>> print(winner.trial.architecture)
        (8, 'relu'), (3, 'softmax')
    """
    recipe = recipe or final_recipe(len(task.train))
    run = run or partial(map, MLPTrainer(task, generator, recipe).train)
    candidates = {trial.id: trial for trial in with_plain(generator.space, finalists)}
    architectures = {number: trial.architecture for number, trial in candidates.items()}
    folds: dict[int, list[Outcome]] = {}
    if len(candidates) > 1 and is_needed(task):
        parts = ensemble or PARTS
        folds = cross_validate(architectures, seed, recipe, run, on_step, parts)
    estimates = {number: estimate(mine, recipe) for number, mine in folds.items()}
    # Where none could be judged, for want of a class in some part say, validation rows decide.
    plans = {i: e.recipe(recipe) for i, e in estimates.items()}
    plans = plans or dict.fromkeys(candidates, recipe)
    outcomes = _trained(architectures, plans, seed, run, on_step)
    judged = {
        number: estimates.get(number) or Estimate.of(kept_score(outcome, recipe), outcome)
        for number, outcome in outcomes.items()
    }
    best = choose(judged)
    model = to_model(generator, architectures[best], task, outcomes[best].weights)
    winner = Winner(
        candidates[best], compiled(model, task),
        {number: judgement.score for number, judgement in judged.items()},
        outcomes, {number: architectures[number] for number in outcomes},
        cross_validated=bool(estimates),
    )  # fmt: skip
    if not ensemble:
        return winner
    mine = architectures[best]
    averaged = (
        combine(generator, task, mine, folds[best], recipe)
        if best in folds
        else train_ensemble(generator, task, mine, ensemble, seed, recipe, run, on_step)
    )
    return winner._replace(ensemble=averaged)


def _trained(
    architectures: Mapping[int, Architecture],
    plans: Mapping[int, Recipe],
    seed: int,
    run: Execute,
    on_step: Callable[[str], None],
) -> dict[int, Outcome]:
    """What came of those plans that could be carried out, by number of the finalist."""

    def jobs() -> Iterator[Job]:
        for place, (number, plan) in enumerate(plans.items(), start=1):
            on_step(f"retraining finalist {place} of {len(plans)}")
            yield Job(architectures[number], seed, recipe=plan)

    every = dict(zip(plans, run(jobs()), strict=True))
    outcomes = {number: outcome for number, outcome in every.items() if not outcome.reason}
    if not outcomes:
        raise InputError(
            f"none of the {len(every)} finalists could be retrained: "
            f"{next(iter(every.values())).reason}; expected at least one: if the loss "
            "diverged, look for extreme values in the table, else mend this and resume the run"
        )
    return outcomes


def compiled(model: keras.Model, task: Task) -> keras.Model:
    """The model, ready to be trained further."""
    metrics = ["accuracy"] if task.classes else ["mae"]
    optimizer = keras.optimizers.Adam(Recipe.learning_rate)
    optimizer.build(model.trainable_variables)  # or the saved file could not be loaded
    model.compile(optimizer, loss=task.loss, metrics=metrics)
    return model
