"""Ensembles: several trained networks whose answers are averaged.

Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble selection from libraries of models", 2004:
again and again the network is added with which the average does best on the validation rows.
The same one may be added twice, which gives it more weight; so a bad one never has to come in.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np

from mlpnas.core.task import Fold
from mlpnas.final import Winner, compiled
from mlpnas.generator import MLPGenerator
from mlpnas.network import Network
from mlpnas.scoring import ScoringOption, score
from mlpnas.table import Table
from mlpnas.trainer import to_model


def select(
    outputs: Sequence[np.ndarray], judge: Callable[[np.ndarray], float], size: int
) -> list[int]:
    """Greedy selection with replacement.

    Args:
        outputs: of every candidate `(rows, units)`, for the validation rows.
        judge: gives a score of such outputs, of which more is better.
        size: how many times to add one, at least 1.

    Returns:
        Positions of those added, in order; of equals the earliest.
    """
    picks: list[int] = []
    total = np.zeros_like(outputs[0], np.float64)
    for count in range(1, size + 1):
        scores = [judge((total + candidate) / count) for candidate in outputs]
        picks.append(int(np.argmax(scores)))
        total += outputs[picks[-1]]
    return picks


def likelihood(outputs: np.ndarray, fold: Fold, table: Table) -> float:
    """Mean log likelihood of the true classes, or the mean squared error below zero; the rows
    weighted as they are. Finer than accuracy, of which many ensembles have the same."""
    if table.task.kind == "regression":
        return -float(np.average(np.mean((outputs - fold.y) ** 2, axis=1), weights=fold.weight))
    chances = table.chances(outputs)[np.arange(len(fold)), fold.y]
    return float(np.average(np.log(np.maximum(chances, 1e-7)), weights=fold.weight))


def combine(
    winner: Winner,
    generator: MLPGenerator,
    table: Table,
    size: int,
    scoring: ScoringOption,
) -> Winner:
    """The winner with an ensemble of the retrained finalists, the plain network if it was
    one of them included, beside it.

    Args:
        size: how many times to add one of them, at least 1.
        scoring: what the ensemble shall be good at; None for the likelihood.
    """
    task, outcomes = table.task, winner.outcomes
    models = {
        number: to_model(generator, architecture, task, outcomes[number].weights)
        for number, architecture in winner.architectures.items()
    }
    outputs = [Network(model, table).outputs(task.valid.x) for model in models.values()]

    def judge(mean: np.ndarray) -> float:
        if scoring is None:
            return likelihood(mean, task.valid, table)
        return score(mean, task.valid, table, scoring)

    members = Counter(list(models)[i] for i in select(outputs, judge, size))
    ensemble = compiled(average(models, members), task)
    return winner._replace(ensemble=ensemble, members=members)


def average(models: Mapping[int, keras.Model], members: Mapping[int, int]) -> keras.Model:
    """One model that gives the mean of other models' outputs.

    Args:
        models: by number.
        members: number -> weight in the mean.
    """
    rows = keras.Input(next(iter(models.values())).input_shape[1:], name="rows")
    total, parts = sum(members.values()), []
    for number, times in sorted(members.items()):
        # A name of its own, since models that share a name cannot be parts of one.
        member = keras.Model(models[number].input, models[number].output, name=f"t{number}")
        parts.append(keras.layers.Rescaling(times / total)(member(rows)))
    mean = keras.layers.Add()(parts) if len(parts) > 1 else parts[0]
    return keras.Model(rows, mean, name="ensemble")
