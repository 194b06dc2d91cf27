"""Scoring: outputs judged by accuracy or R², or by any of scikit-learn's measures."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, get_scorer_names

from mlpnas.core.data.measure import Measure, of_curve
from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Outcome, Trainer
from mlpnas.data.table import Table
from mlpnas.network import Network

if TYPE_CHECKING:
    from mlpnas.generator import MLPGenerator

ScoringOption = str | None  # a name that scikit-learn knows; None for accuracy or R²

EXAMPLES = {
    "binary": "roc_auc, balanced_accuracy or f1_macro",
    "multiclass": "roc_auc_ovr, balanced_accuracy or f1_macro",
    "regression": "r2 or neg_mean_absolute_error",
}


class _Answers(BaseEstimator):
    """What some network gave for some rows, with the methods that scorers call."""

    def __init__(self, outputs: np.ndarray, table: Table):
        self.outputs, self.table = outputs, table

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier" if self.table.task.classes else "regressor"
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def classes_(self) -> np.ndarray:
        return np.asarray(self.table.task.classes)

    def predict(self, x: Any) -> np.ndarray:
        return self.table.decode(self.outputs)

    def predict_proba(self, x: Any) -> np.ndarray:
        return self.table.probabilities(self.outputs)


def score(outputs: np.ndarray, fold: Fold, table: Table, scoring: ScoringOption) -> float:
    """How good a network's outputs are, with the fold's rows weighted as they are.

    Args:
        outputs: of the final layer `(rows, units)`, for the fold's rows.
        fold: what should have come out.
        table: says what outputs mean.
        scoring: name of the measure; None for accuracy or R².

    Returns:
        A number of which more is better.

    Raises:
        ValueError: from scikit-learn, for a measure that does not fit the task.
    """
    if scoring is None:
        return table.task.score(fold.y, outputs, fold.weight)
    answers = _Answers(outputs, table)
    y = answers.classes_[fold.y] if table.task.classes else table.decode(fold.y)
    weights = {} if fold.weight is None else {"sample_weight": fold.weight}
    with warnings.catch_warnings():
        # A class that is never predicted has no precision, and counts as 0; few rows may
        # all be of one class.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.filterwarnings("ignore", "A single label was found", UserWarning)
        return float(get_scorer(scoring)(answers, fold.x, y, **weights))


def measure_name(task: Task, scoring: ScoringOption) -> str:
    """What tables of results call the measure."""
    return scoring or {"accuracy": "accuracy", "r2": "R²"}[task.metric]


def measure_of(own: str, scoring: ScoringOption, reward: str) -> Measure:
    """What search scores are shown in.

    Args:
        own: the task's measure, as people write it.
        scoring: by which networks are judged; None for learning curves of `own`.
        reward: how a learning curve becomes a score, see `Settings`.
    """
    if scoring is not None:
        if not scoring.startswith("neg_"):
            return Measure(scoring)
        loss = scoring.removeprefix("neg_")
        return Measure(
            scoring, f"1 / (1 + {loss})", lambda value: from_unit_interval(value, scoring)
        )
    if reward == "weighted":
        return of_curve(own)
    return Measure(own, {"best": f"best {own} of an epoch", "last": f"last {own}"}[reward])


def measure_in(record: Mapping[str, Any]) -> Measure:
    """What the search scores of a run are shown in, by its run.json."""
    s, own = record["settings"], own_measure(record["data"])
    return measure_of(own, s.get("scoring"), s.get("reward", "weighted"))


def own_measure(data: Mapping[str, Any]) -> str:
    """What learning curves are of, by whatever else networks are judged."""
    return "accuracy" if data["classes"] else "R²"


def of_probabilities(scoring: ScoringOption) -> bool:
    """Whether the measure looks at probabilities, not only at which of them is highest."""
    return scoring is not None and "predict_proba" in str(get_scorer(scoring))


def check_scoring(table: Table, scoring: ScoringOption) -> None:
    """Raise InputError unless the measure exists and fits the table's target."""
    if scoring is None:
        return
    if scoring not in get_scorer_names():
        raise InputError(
            f"--scoring is {scoring!r}; expected a name of scikit-learn's, such as "
            "balanced_accuracy, roc_auc, neg_log_loss or neg_mean_absolute_error"
        )
    try:
        score(_perfect(table.task), table.task.valid, table, scoring)
    except (ValueError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"--scoring {scoring} does not fit a {table.task.kind} target ({reason}); expected "
            f"a measure that does, such as {EXAMPLES[table.task.kind]}"
        ) from None


def _perfect(task: Task) -> np.ndarray:
    """The outputs that the validation rows ask for."""
    if task.kind == "multiclass":
        return np.eye(len(task.classes), dtype=np.float32)[task.valid.y]
    return task.valid.y.reshape(len(task.valid), -1).astype(np.float32)


def to_unit_interval(value: float, scoring: ScoringOption) -> float:
    """A score as strategies take it: in [0, 1], higher is better.

    scikit-learn gives losses as negative numbers, whose names begin with `neg_`; they become
    1 / (1 + loss). The others are at most 1, and count as 0 below 0, as R² may lie.
    """
    if str(scoring).startswith("neg_"):
        return 1 / (1 - value)
    return float(np.clip(value, 0, 1))


def from_unit_interval(value: float, scoring: ScoringOption) -> float:
    """Inverse of `unit`, but for what that had to clip."""
    return 1 - 1 / value if str(scoring).startswith("neg_") else value


class ScoringTrainer:
    """A trainer whose outcomes carry such a score of the validation rows.

    Args:
        trainer: trains.
        generator: builds the network that is scored.
        table: with the validation rows.
        scoring: name of the measure.
    """

    def __init__(self, trainer: Trainer, generator: "MLPGenerator", table: Table, scoring: str):
        self._trainer, self._generator = trainer, generator
        self._table, self._scoring = table, scoring

    def train(self, job: Job) -> Outcome:
        # Imported here: a command line checks its measure before TensorFlow is started.
        from mlpnas.trainer.mlp_trainer import to_model

        outcome = self._trainer.train(job)
        if outcome.reason is not None:
            return outcome
        task = job.folds(self._table.task)
        model = to_model(self._generator, job.architecture, task, outcome.weights)
        outputs = Network(model, self._table).outputs(task.valid.x)
        value = score(outputs, task.valid, self._table, self._scoring)
        if not np.isfinite(value):
            return replace(outcome, reason=f"score {value} by {self._scoring}")
        return replace(outcome, score=to_unit_interval(value, self._scoring))
