"""Baselines: what a user would have tried otherwise, judged as the searched network is.

They learn from the same training rows with the same scaling. No peer sees the validation rows
while it learns; whether it may choose by them is its own affair.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlpnas.core.task import Task
from mlpnas.data.network import Network
from mlpnas.data.table import Table
from mlpnas.data.targets import as_given
from mlpnas.scoring import ScoringOption, score

if TYPE_CHECKING:
    import keras


class Result(NamedTuple):
    """A model's scores, by the measure asked for, on the validation and the test fold."""

    name: str
    valid: float
    test: float


def judge(name: str, model: "keras.Model", table: Table, scoring: ScoringOption) -> Result:
    """The model's scores. The test fold is read here, once."""
    return measured(name, Network(model, table).outputs, table, scoring)


def measured(
    name: str, outputs: Callable[[np.ndarray], np.ndarray], table: Table, scoring: ScoringOption
) -> Result:
    """Scores on both folds, all rows weighing alike.

    Args:
        outputs: gives, for encoded rows, what a network's final layer would.
        scoring: the measure; None for accuracy or R².
    """
    folds = (replace(fold, weight=None) for fold in (table.task.valid, table.task.test))
    return Result(name, *(score(outputs(fold.x), fold, table, scoring) for fold in folds))


def baselines(table: Table, seed: int, scoring: ScoringOption) -> list[Result]:
    """What a user would have tried otherwise, on the same rows with the same scaling.

    scikit-learn's multi-layer perceptron with the reference system's alpha of 0.01, and the
    majority class or the mean, below which nothing has been learned.
    """
    regression = table.task.kind == "regression"
    network = MLPRegressor if regression else MLPClassifier
    peer = network(alpha=0.01, random_state=seed)
    least = "mean of the training rows" if regression else "majority class"
    return [
        test_peer(f"scikit-learn {network.__name__}(alpha=0.01)", peer, table, scoring),
        test_peer(least, DummyRegressor() if regression else DummyClassifier(), table, scoring),
    ]


def test_peer(name: str, peer: Any, table: Table, scoring: ScoringOption) -> Result:
    """A scikit-learn estimator, fitted on the training rows and tested."""
    task = table.task
    with warnings.catch_warnings():
        # Its default of 200 epochs may end before convergence; users take it as it is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.fit(task.train.x, as_given(task.train.y))
    return measured(name, lambda x: _outputs(peer, x, task), table, scoring)


def _outputs(peer: Any, x: np.ndarray, task: Task) -> np.ndarray:
    """What our final layer would give in the peer's place, `(rows, units)`."""
    if task.kind == "regression":
        return peer.predict(x).reshape(len(x), -1)
    chances = np.zeros((len(x), len(task.classes)))
    chances[:, peer.classes_] = peer.predict_proba(x)  # it knows the classes that it met
    return chances[:, 1:] if task.kind == "binary" else chances
