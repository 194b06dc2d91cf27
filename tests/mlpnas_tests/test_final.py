"""After the search: finalists are trained elsewhere, and one that fails costs no more."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import trials_of

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import Job, Outcome, Recipe
from mlpnas.core.task import Fold, Task
from mlpnas.cross_validation import ENOUGH, Estimate, estimate, smooth
from mlpnas.final import retrain
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace

FOLD = Fold(np.zeros((4, 3), np.float32), np.array([0, 1, 2, 0], np.int32))
FEW = Task("three", "multiclass", FOLD, FOLD, FOLD, ("a", "b", "c"))
TASK = replace(FEW, valid=FOLD.take(np.arange(ENOUGH) % 4))  # no cross-validation
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
    assert begun == [f"retraining finalist {number} of 3" for number in (1, 2, 3)]
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


# --- few validation rows ----------------------------------------------------------------


def test_few_validation_rows_are_not_trusted_alone():
    """Curves of the parts by finalist; the first one's fourth part died."""
    curves = {0: (0.9, 0.9), 1: (0.4, 0.6, 0.8), 2: (0.7, 0.5, 0.3)}
    asked = []

    def run(jobs):
        for job in jobs:
            asked.append(job)
            number = next(t.id for t in FINALISTS if t.architecture == job.architecture)
            dead = number == 0 and job.part == (3, 5)
            yield (
                Outcome(reason="diverged: loss became nan in epoch 3")
                if dead
                else replace(trained(job, 1.0), curve=curves[number])
            )

    winner = retrain(GENERATOR, FEW, FINALISTS, 5, recipe=Recipe(3, 1, best="metric"), run=run)
    parts, last = asked[:15], asked[15:]
    assert [job.part for job in parts] == [(k, 5) for k in range(5)] * 3
    assert {job.recipe for job in parts} == {Recipe(3, None, best="metric")}
    # A window of five epochs covers all three: the mean is the same everywhere, and of equals
    # the last epoch counts.
    assert winner.retrained == {1: pytest.approx(0.6), 2: pytest.approx(0.5)}
    assert winner.trial.id == 1
    assert [(job.architecture, job.part, job.recipe) for job in last] == [
        (trial.architecture, None, Recipe(3, None, best="last")) for trial in FINALISTS[1:]
    ]


def test_the_epochs_are_those_of_the_mean_curve():
    """Of two parts one is best after 3 epochs, the other after 9; their mean after 6 or 7."""
    epochs = np.arange(1, 13)
    parts = [Outcome(tuple(1 - (epochs - best) ** 2 / 100)) for best in (3, 10)]
    found = estimate(parts, Recipe(12, best="metric"))
    # At epoch 7, window 5..9: mean over the window of 1 - ((e-3)^2 + (e-10)^2) / 200
    # = 1 - (26 + 16 ... ) as below; epoch 6 has the same by symmetry, and the last is taken.
    window = np.arange(5, 10)
    expected = np.mean(1 - ((window - 3) ** 2 + (window - 10) ** 2) / 200)
    assert found == Estimate(pytest.approx(expected), 7)
    assert found.recipe(Recipe(12, 3)) == Recipe(7, None, best="last")


def test_losses_are_followed_where_probabilities_are_judged():
    losses = ((1.0, 0.9), (0.5, 0.4), (0.2, 0.8), (0.1, 1.5), (0.1, 2.0), (0.1, 3.0))
    parts = [Outcome((0.5,) * 6, losses, score=value) for value in (0.6, 0.8)]
    # Means over up to five epochs: 0.7, 0.9, 1.12, 1.54, 1.825, 2.17: least at once. The score
    # is that of the measure.
    assert estimate(parts, Recipe(6, best="loss")) == Estimate(pytest.approx(0.7), 1)


def test_smoothing_keeps_a_straight_line_but_at_its_ends():
    line = np.arange(8.0)
    # At the ends three and four values are there: (0+1+2)/3 = 1, (0+1+2+3)/4 = 1.5.
    assert smooth(line) == pytest.approx([1, 1.5, 2, 3, 4, 5, 5.5, 6])
    assert smooth(np.array([0.3])) == pytest.approx([0.3])


def test_the_parts_of_a_task_share_out_its_rows():
    rows = Fold(np.arange(20.0)[:, None], np.arange(20, dtype=np.int32), np.arange(20.0))
    train, valid = rows.take(np.arange(13)), rows.take(np.arange(13, 20))
    task = Task("rows", "multiclass", train, valid, valid, tuple(range(20)))
    held = [task.part(k, 5).valid for k in range(5)]
    assert sorted(np.concatenate([fold.y for fold in held])) == list(range(20))
    for number, fold in enumerate(held):
        part = task.part(number, 5)
        assert list(fold.y) == list(range(number, 20, 5))
        assert sorted([*part.train.y, *fold.y]) == list(range(20))
        assert list(part.train.weight) == list(part.train.y) == list(part.train.x[:, 0])
        assert part.test is task.test


def test_trainers_learn_from_the_rows_of_the_part():
    """A part's training is that on the part's own task, to the bit."""
    from mlpnas.core.training import KerasTrainer
    from mlpnas.trainer import MLPTrainer

    rng = np.random.default_rng(0)
    fold = Fold(rng.normal(size=(12, 3)).astype(np.float32), FOLD.y[np.arange(12) % 4])
    task = replace(FEW, train=fold, valid=FOLD)
    for trainer in (MLPTrainer, KerasTrainer):
        job = Job(FINALISTS[0].architecture, 0, recipe=Recipe(2, None, 4, best="last"))
        here = trainer(task, GENERATOR, Recipe()).train(replace(job, part=(1, 4)))
        there = trainer(task.part(1, 4), GENERATOR, Recipe()).train(job)
        whole = trainer(task, GENERATOR, Recipe()).train(job)
        assert here.losses == there.losses != whole.losses
        for key, arrays in here.weights.items():
            for one, other in zip(arrays, there.weights[key], strict=True):
                assert np.array_equal(one, other)
