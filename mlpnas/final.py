"""After the search: retrain the winner, read the test fold once, and compare.

The search score that made an architecture the winner is a proxy. What counts is the network
trained from fresh weights for longer, on rows it has never seen, next to what a user would
have tried otherwise on the same rows with the same scaling.
"""

import warnings
from dataclasses import dataclass

import keras
import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import Job, Recipe
from mlpnas.core.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.core.training import set_weights
from mlpnas.generator import MLPGenerator
from mlpnas.trainer import MLPTrainer

# The reference system's retraining: longer, larger batches, more patience.
REFIT = Recipe(epochs=50, patience=6, batch_size=64)


@dataclass(frozen=True)
class Result:
    """A model's scores: accuracy or R², on the validation and on the test fold."""

    name: str
    valid: float
    test: float


def retrain(
    generator: MLPGenerator, task: Task, architecture: Architecture, seed: int
) -> tuple[keras.Model, Result]:
    """Train the winner from fresh weights; the weights of its best validation epoch stay.

    Returns:
        An ordinary compiled Keras model, and its scores. The test fold is read here, once.
    """
    outcome = MLPTrainer(task, generator, REFIT).train(Job(architecture, seed))
    if outcome.reason is not None:
        raise InputError(f"retraining {architecture} failed: {outcome.reason}")
    model = generator.build(architecture, task, seed)
    set_weights(model, outcome.weights)
    metrics = ["accuracy"] if task.classes else ["mae"]
    model.compile(keras.optimizers.Adam(REFIT.learning_rate), loss=task.loss, metrics=metrics)
    scores = [
        task.score(fold.y, model.predict(fold.x, batch_size=4096, verbose=0))
        for fold in (task.valid, task.test)
    ]
    return model, Result("searched MLP, retrained", *scores)


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
    return [_fit(name, peer, task) for name, peer in peers.items()]


def _fit(name: str, peer: MLPClassifier, task: Task) -> Result:
    y = task.train.y
    with warnings.catch_warnings():
        # Its default of 200 epochs may end before convergence; users take it as it is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.fit(task.train.x, y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y)
    return Result(name, _peer_score(peer, task, "valid"), _peer_score(peer, task, "test"))


def _peer_score(peer: MLPClassifier, task: Task, fold: str) -> float:
    x, y, _ = getattr(task, fold)
    predicted = np.asarray(peer.predict(x))
    if task.kind == "regression":
        return task.score(y, predicted.reshape(y.shape))
    return float(np.mean(predicted == y))
