"""After the search: finalists are trained elsewhere, and one that fails costs no more."""

import numpy as np
import pytest
from fakes import trials_of

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import Outcome, Recipe
from mlpnas.core.task import Fold, Task
from mlpnas.final import retrain
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace

FOLD = Fold(np.zeros((4, 3), np.float32), np.array([0, 1, 2, 0], np.int32))
TASK = Task("three", "multiclass", FOLD, FOLD, FOLD, ("a", "b", "c"))
GENERATOR = MLPGenerator(MLPSpace(TASK.head, widths=(8, 16), max_layers=2))
FINALISTS = trials_of(list(GENERATOR.space)[:3])


def trained(job, accuracy):
    shapes = GENERATOR.weight_shapes(job.architecture, TASK)
    weights = {key: tuple(map(np.ones, pair)) for key, pair in shapes.items()}
    return Outcome(curve=(0.1, accuracy), losses=((1, 1), (1, 0.5)), weights=weights)


def test_the_best_of_those_that_could_be_trained_wins():
    asked, begun = [], []

    def run(jobs):
        for job, accuracy in zip(jobs, (0.5, None, 0.7), strict=True):
            asked.append(job)
            dead = Outcome(reason="its process died twice: ended by SIGSEGV")
            yield dead if accuracy is None else trained(job, accuracy)

    recipe = Recipe(epochs=3)
    winner = retrain(GENERATOR, TASK, FINALISTS, 5, begun.append, recipe, run)
    assert winner.trial.id == 2
    assert winner.retrained == {0: 0.5, 2: 0.7}
    assert begun == [1, 2, 3]
    assert [(job.architecture, job.seed, job.recipe, job.weights) for job in asked] == [
        (trial.architecture, 5, recipe, {}) for trial in FINALISTS
    ]


def test_without_a_single_one_it_says_why():
    def run(jobs):
        return (Outcome(reason="diverged: loss became nan in epoch 1") for _ in jobs)

    with pytest.raises(InputError, match="3 finalists could be retrained: diverged: loss"):
        retrain(GENERATOR, TASK, FINALISTS, 0, run=run)


def test_where_they_are_trained_makes_no_difference():
    from mlpnas.trainer import MLPTrainer

    here = retrain(GENERATOR, TASK, FINALISTS, 0)
    trainer = MLPTrainer(TASK, GENERATOR, Recipe(epochs=2))  # the search's own recipe
    there = retrain(GENERATOR, TASK, FINALISTS, 0, run=lambda jobs: map(trainer.train, jobs))
    assert there.retrained == here.retrained
    epochs = {number: len(outcome.curve) for number, outcome in here.outcomes.items()}
    assert {n: len(outcome.curve) for n, outcome in there.outcomes.items()} == epochs
    assert max(epochs.values()) > 2
