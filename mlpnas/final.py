"""After the search: retrain the winner, read the test fold once, and compare.

The search score that made an architecture the winner is a proxy. What counts is the network
trained from fresh weights for longer, on rows it has never seen, next to what a user would
have tried otherwise on the same rows with the same scaling.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import Job, Outcome, Recipe, Trainer
from mlpnas.core.task import Fold, Task
from mlpnas.core.trial import Trial
from mlpnas.generator import MLPGenerator
from mlpnas.trainer import MLPTrainer, to_model

# The reference system's retraining: longer, larger batches, more patience.
REFIT = Recipe(epochs=50, patience=6, batch_size=64)


class Result(NamedTuple):
    """A model's scores: accuracy or R², on the validation and on the test fold."""

    name: str
    valid: float
    test: float


class Winner(NamedTuple):
    """The finalist that validated best after retraining, as a compiled Keras model.

    Attributes:
        trial: the trial that found it.
        retrained: validation score of every finalist after retraining, by trial number.
        outcomes: how each of them was trained, with its weights, by trial number.
    """

    trial: Trial
    model: keras.Model
    retrained: dict[int, float]
    outcomes: dict[int, Outcome]

    def record(self) -> dict[str, Any]:
        """Plain values for run.json."""
        return {
            "winner": {"trial": self.trial.id, "architecture": str(self.trial.architecture)},
            "retrained_validation": self.retrained,
        }


def retrain(
    generator: MLPGenerator,
    task: Task,
    finalists: Sequence[Trial],
    seed: int,
    on_finalist: Callable[[int], None] = lambda number: None,
    trainer: Trainer | None = None,
) -> Winner:
    """Train the finalists from fresh weights and keep the one that validates best.

    The search score is a proxy; five candidates and longer training are a small price for
    not depending on it alone. The test fold is not read here.

    Args:
        finalists: successful trials, best search score first.
        seed: of the run.
        on_finalist: told 1, 2, ... as each begins.
        trainer: how; None for `REFIT`.

    Raises:
        InputError: if every one of them diverges.
    """
    trainer = trainer or MLPTrainer(task, generator, REFIT)
    outcomes: dict[int, Outcome] = {}
    for number, trial in enumerate(finalists, start=1):
        on_finalist(number)
        outcome = trainer.train(Job(trial.architecture, seed))
        if outcome.reason is None:
            outcomes[trial.id] = outcome
    if not outcomes:
        raise InputError(
            f"none of the {len(finalists)} finalists could be retrained: the loss diverged; "
            "expected a finite loss: look for extreme values in the table"
        )
    scores = {number: validation(outcome) for number, outcome in outcomes.items()}
    best = max(scores, key=lambda number: scores[number])  # the earliest of equals
    trial = next(t for t in finalists if t.id == best)
    model = to_model(generator, trial.architecture, task, outcomes[best].weights)
    metrics = ["accuracy"] if task.classes else ["mae"]
    optimizer = keras.optimizers.Adam(REFIT.learning_rate)
    optimizer.build(model.trainable_variables)  # or the saved file could not be loaded
    model.compile(optimizer, loss=task.loss, metrics=metrics)
    return Winner(trial, model, scores, outcomes)


def validation(outcome: Outcome) -> float:
    """Validation score at the epoch of lowest validation loss, whose weights were kept."""
    if outcome.score is not None:
        return outcome.score
    return outcome.curve[int(np.argmin([valid for _, valid in outcome.losses]))]


def judge(winner: Winner, task: Task) -> Result:
    """The winner's scores. The test fold is read here, once."""
    folds = (task.valid, task.test)
    return Result("searched MLP, retrained", *(_score(winner.model, task, f) for f in folds))


def _score(model: keras.Model, task: Task, fold: Fold) -> float:
    return task.score(fold.y, model.predict(fold.x, batch_size=4096, verbose=0))


def baselines(task: Task, seed: int) -> list[Result]:
    """What a user would have tried otherwise, on the same rows with the same scaling.

    scikit-learn's multi-layer perceptron with the reference system's alpha of 0.01, and the
    majority class or the mean, below which nothing has been learned.
    """
    if task.kind == "regression":
        peers = {
            "scikit-learn MLPRegressor(alpha=0.01)": MLPRegressor(
                alpha=0.01, random_state=seed
            ),
            "mean of the training rows": DummyRegressor(),
        }
    else:
        peers = {
            "scikit-learn MLPClassifier(alpha=0.01)": MLPClassifier(
                alpha=0.01, random_state=seed
            ),
            "majority class": DummyClassifier(),
        }
    return [test_peer(name, peer, task) for name, peer in peers.items()]


def test_peer(name: str, peer: Any, task: Task) -> Result:
    """A scikit-learn estimator, fitted on the training rows and tested."""
    y = task.train.y
    with warnings.catch_warnings():
        # Its default of 200 epochs may end before convergence; users take it as it is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.fit(task.train.x, y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y)
    return Result(name, *(_peer_score(peer, task, fold) for fold in (task.valid, task.test)))


def _peer_score(peer: Any, task: Task, fold: Fold) -> float:
    predicted = np.asarray(peer.predict(fold.x))
    if task.kind == "regression":
        return task.score(fold.y, predicted.reshape(fold.y.shape))
    return float(np.mean(predicted == fold.y))
