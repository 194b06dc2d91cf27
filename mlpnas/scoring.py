"""Scoring: trials judged by any of scikit-learn's measures instead of accuracy or R²."""

from dataclasses import replace

import numpy as np
from sklearn.metrics import get_scorer

from mlpnas.core.evaluator import Job, Outcome, Trainer
from mlpnas.core.task import Fold
from mlpnas.generator import MLPGenerator
from mlpnas.network import Network
from mlpnas.table import Table
from mlpnas.trainer import to_model

ScoringOption = str | None  # a name of sklearn.metrics.get_scorer_names()


def score(network: Network, fold: Fold, scoring: str) -> float:
    """A scikit-learn score of encoded rows, weighted as they are; higher is better.

    Raises:
        ValueError: from scikit-learn, for an unknown measure or one that does not fit the task.
    """
    table = network.table
    y = network.classes_[fold.y] if table.task.classes else table.decode(fold.y)
    weights = {} if fold.weight is None else {"sample_weight": fold.weight}
    return float(get_scorer(scoring)(network, fold.x, y, **weights))


def unit(value: float, scoring: ScoringOption) -> float:
    """A score as strategies take it: in [0, 1], higher is better.

    scikit-learn gives losses as negative numbers, whose names begin with `neg_`; they become
    1 / (1 + loss). The others are at most 1, and count as 0 below 0, as R² may lie.
    """
    if str(scoring).startswith("neg_"):
        return 1 / (1 - value)
    return float(np.clip(value, 0, 1))


class Scored:
    """A trainer whose outcomes carry such a score of the validation rows.

    Args:
        trainer: trains.
        generator: builds the network that is scored.
        table: with the validation rows.
        scoring: name of the measure.
    """

    def __init__(self, trainer: Trainer, generator: MLPGenerator, table: Table, scoring: str):
        self._trainer, self._generator = trainer, generator
        self._table, self._scoring = table, scoring

    def train(self, job: Job) -> Outcome:
        outcome = self._trainer.train(job)
        if outcome.reason is not None:
            return outcome
        task = self._table.task
        model = to_model(self._generator, job.architecture, task, outcome.weights)
        value = score(Network(model, self._table), task.valid, self._scoring)
        if not np.isfinite(value):
            return replace(outcome, reason=f"score {value} by {self._scoring}")
        return replace(outcome, score=unit(value, self._scoring))
