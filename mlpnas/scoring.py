"""Scoring: outputs judged by accuracy or R², or by any of scikit-learn's measures."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, get_scorer_names

from mlpnas.core.data.measure import Measure, of_curve
from mlpnas.core.errors import InputError
from mlpnas.core.report.quality.intervals import Metric
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Outcome, Trainer
from mlpnas.data.network import Network
from mlpnas.data.table import Table

if TYPE_CHECKING:
    from mlpnas.generator import MLPGenerator

ScoringOption = str | None  # a name that scikit-learn knows; None for accuracy or R²

EXAMPLES = {
    "binary": "roc_auc, balanced_accuracy or f1_macro",
    "multiclass": "roc_auc_ovr, balanced_accuracy or f1_macro",
    "regression": "r2 or neg_mean_absolute_error",
}


class _Answers(BaseEstimator):
    """An estimator whose rows are its answers: probabilities `(rows, classes)`, or values."""

    def __init__(self, labels: Sequence[Any]):
        self.labels = labels

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier" if self.labels else "regressor"
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def classes_(self) -> np.ndarray:
        return np.asarray(self.labels)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.classes_[x.argmax(axis=1)] if self.labels else x

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return x


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
    classes = table.task.classes
    answers = _Answers(classes)
    x = table.probabilities(outputs) if classes else table.decode(outputs)
    y = answers.classes_[fold.y] if classes else table.decode(fold.y)
    weights = {} if fold.weight is None else {"sample_weight": fold.weight}
    with warnings.catch_warnings():
        # A class that is never predicted has no precision, and counts as 0; few rows may
        # all be of one class.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.filterwarnings("ignore", "A single label was found", UserWarning)
        return float(get_scorer(scoring)(answers, x, y, **weights))


def metrics_of(scoring: ScoringOption, labels: Sequence[str]) -> dict[str, Metric]:
    """The measure that was asked for, of classes and probabilities or of values, by name.

    Args:
        scoring: its name; of None there is none.
        labels: of the classes, as run.json has them.
    """
    if scoring is None:
        return {}
    answers, scorer = _Answers([_label(text) for text in labels]), get_scorer(scoring)

    def metric(truth: np.ndarray, outputs: np.ndarray) -> float:
        return scorer(answers, outputs, answers.classes_[truth] if labels else truth)

    return {scoring: metric}


def _label(text: str) -> Any:
    """What a label was before it was written: measures of two classes look for 1 or True."""
    try:
        return int(text)
    except ValueError:
        return {"True": True, "False": False}.get(text, text)


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
