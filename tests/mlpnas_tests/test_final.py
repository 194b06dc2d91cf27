"""After the search: finalists are trained elsewhere, and one that fails costs no more."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import trials_of

from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Outcome, Recipe
from mlpnas.data.folds import Split
from mlpnas.final.cross_validation import ENOUGH, estimate, is_needed, smooth
from mlpnas.final.finalists import PLAIN
from mlpnas.final.retrain import retrain
from mlpnas.final.winner_rule import Estimate, choose
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace

FOLD = Fold(np.zeros((4, 3), np.float32), np.array([0, 1, 2, 0], np.int32))
SIX = FOLD.take(np.arange(6) % 4)
FEW = Task("three", "multiclass", SIX, FOLD, FOLD, ("a", "b", "c"))
TASK = replace(FEW, valid=FOLD.take(np.arange(ENOUGH) % 4))  # no cross-validation
GENERATOR = MLPGenerator(MLPSpace(TASK.head, widths=(8, 16), max_layers=2))
FINALISTS = trials_of(list(GENERATOR.space)[:3])
PLAIN_ONE = GENERATOR.space.parse("(16, 'relu'), (3, 'softmax')")


def trained(job, accuracy):
    shapes = GENERATOR.weight_shapes(job.architecture, TASK)
    weights = {key: tuple(map(np.ones, pair)) for key, pair in shapes.items()}
    return Outcome(curve=(0.1, accuracy), losses=((1, 1), (1, 0.5)), weights=weights)


def test_the_best_of_those_that_could_be_trained_wins():
    asked, begun = [], []

    def run(jobs):
        for job, accuracy in zip(jobs, (0.5, None, 0.7, 0.6), strict=True):
            asked.append(job)
            dead = Outcome(reason="its process died twice: ended by SIGSEGV")
            yield dead if accuracy is None else trained(job, accuracy)

    recipe = Recipe(epochs=3)
    winner = retrain(GENERATOR, TASK, FINALISTS, 5, begun.append, recipe, run)
    assert winner.trial.id == 2
    assert winner.retrained == {0: 0.5, 2: 0.7, PLAIN: 0.6}
    assert begun == [f"retraining finalist {number} of 4" for number in (1, 2, 3, 4)]
    assert [(job.architecture, job.seed, job.recipe, job.weights) for job in asked] == [
        (architecture, 5, recipe, {})
        for architecture in [*(trial.architecture for trial in FINALISTS), PLAIN_ONE]
    ]


def test_without_a_single_one_it_says_why():
    def run(jobs):
        return (Outcome(reason="diverged: loss became nan in epoch 1") for _ in jobs)

    with pytest.raises(InputError, match="4 finalists could be retrained: diverged: loss"):
        retrain(GENERATOR, TASK, FINALISTS, 0, run=run)


def test_where_they_are_trained_makes_no_difference():
    from mlpnas.trainer.mlp_trainer import MLPTrainer

    here = retrain(GENERATOR, TASK, FINALISTS, 0)
    trainer = MLPTrainer(TASK, GENERATOR, Recipe(epochs=2))  # the search's own recipe
    there = retrain(GENERATOR, TASK, FINALISTS, 0, run=lambda jobs: map(trainer.train, jobs))
    assert there.retrained == here.retrained
    epochs = {number: len(outcome.curve) for number, outcome in here.outcomes.items()}
    assert {n: len(outcome.curve) for n, outcome in there.outcomes.items()} == epochs
    assert max(epochs.values()) > 2


# --- few validation rows ----------------------------------------------------------------


def test_few_validation_rows_are_not_trusted_alone():
    """The first finalist's fourth part died, of the others and the plain network all lived."""
    curves = {0: (0.9, 0.9), 1: (0.4, 0.6, 0.8), 2: (0.7, 0.5, 0.3), PLAIN: (0.1, 0.1, 0.1)}
    numbers = {trial.architecture: trial.id for trial in FINALISTS} | {PLAIN_ONE: PLAIN}
    asked, told = [], []

    def run(jobs):
        for job in jobs:
            asked.append(job)
            number = numbers[job.architecture]
            if number == 0 and job.part == (3, 5):
                yield Outcome(reason="diverged: loss became nan in epoch 3")
            else:
                yield replace(trained(job, 1.0), curve=curves[number])

    recipe = Recipe(3, 1, best="metric")
    winner = retrain(GENERATOR, FEW, FINALISTS, 5, told.append, recipe, run)
    parts, last = asked[:20], asked[20:]
    assert [job.part for job in parts] == [(k, 5) for k in range(5)] * 4
    assert {job.recipe for job in parts} == {Recipe(3, None, best="metric")}
    # A window of five epochs covers all three: the mean is the same everywhere, and of equals
    # the last epoch counts.
    expected = {1: 0.6, 2: 0.5, PLAIN: 0.1}
    assert winner.retrained == pytest.approx(expected)
    assert winner.trial.id == 1
    assert winner.cross_validated
    assert [(job.architecture, job.part, job.recipe) for job in last] == [
        (architecture, None, Recipe(3, None, best="last"))
        for architecture, number in numbers.items()
        if number != 0
    ]
    assert told[:4] == [f"cross-validating finalist {number} of 4" for number in (1, 2, 3, 4)]
    assert told[4:] == [f"retraining finalist {number} of 3" for number in (1, 2, 3)]


def test_where_no_part_can_be_judged_the_validation_rows_decide():
    def run(jobs):
        for job in jobs:
            lost = Outcome(reason="ValueError: only one class is there, no ROC AUC is defined")
            yield trained(job, 0.5) if job.part is None else lost

    winner = retrain(GENERATOR, FEW, FINALISTS, 0, run=run)
    assert winner.retrained == {0: 0.5, 1: 0.5, 2: 0.5, PLAIN: 0.5}
    assert not winner.cross_validated


def test_a_lone_finalist_is_not_cross_validated():
    asked = []

    def run(jobs):
        for job in jobs:
            asked.append(job)
            yield trained(job, 0.5)

    assert not retrain(GENERATOR, FEW, FINALISTS[:1], 0, run=run).cross_validated
    assert [job.part for job in asked] == [None]


@pytest.mark.parametrize(
    ("best_error", "winner"),
    [(0.0, "large"), (0.009, "large"), (0.011, "plain"), (0.03, "plain"), (0.05, "tiny")],
)
def test_the_smallest_within_one_standard_error_wins(best_error, winner):
    estimates = {
        "large": Estimate(0.80, best_error, epochs=9, parameters=900),
        "plain": Estimate(0.79, 0.5, epochs=9, parameters=100),  # its own error is not asked
        "rival": Estimate(0.785, 0.0, epochs=9, parameters=100),
        "tiny": Estimate(0.76, 0.0, epochs=9, parameters=10),
    }
    assert choose(estimates) == winner


def test_the_epochs_and_the_error_are_those_of_the_mean_curve():
    """One part is best after 3 epochs, the other after 10; their mean after 6 or 7."""
    epochs = np.arange(1, 13)
    parts = [Outcome(tuple(1 - (epochs - best) ** 2 / 100), parameters=77) for best in (3, 10)]
    found = estimate(parts, Recipe(12, best="metric"))
    # After epoch 7, smoothed over epochs 5 to 9: the squares of 2, 3, 4, 5, 6 have a mean of
    # 18, those of 5, 4, 3, 2, 1 one of 11: scores .82 and .89, whose mean is .855. Their
    # standard deviation is .07 / sqrt(2), and over sqrt(2) again the error: .035. Epoch 6 has
    # the same by symmetry, and the last of equals is taken.
    assert found == (pytest.approx(0.855), pytest.approx(0.035), 7, 77)
    assert found.recipe(Recipe(12, 3)) == Recipe(7, None, best="last")


def test_losses_are_followed_where_probabilities_are_judged():
    losses = ((1.0, 0.9), (0.5, 0.4), (0.2, 0.8), (0.1, 1.5), (0.1, 2.0), (0.1, 3.0))
    parts = [Outcome((0.5,) * 6, losses, score=value) for value in (0.6, 0.8)]
    # Means over up to five epochs: 0.7, 0.9, 1.12, 1.54, 1.825, 2.17: least at once. The score
    # is that of the measure: .6 and .8, with a deviation of .1 * sqrt(2) and an error of .1.
    found = estimate(parts, Recipe(6, best="loss"))
    assert found == (pytest.approx(0.7), pytest.approx(0.1), 1, 0)


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
        assert sorted([*part.train.y, *fold.y]) == list(range(20))
        assert list(part.train.weight) == list(part.train.y) == list(part.train.x[:, 0])
        assert part.test is task.test


@pytest.mark.parametrize("counts", [(100,) * 5, (100,) * 10, (400, 100), (7, 3, 1)])
def test_every_part_has_its_share_of_every_class(counts):
    """Splits let the classes take turns: every fifth of their rows would be of one class."""
    y = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    split = Split(0).rows(y)
    train, valid = (Fold(y[part, None], y[part]) for part in (split.train, split.valid))
    task = Task("rows", "multiclass", train, valid, valid, tuple(range(len(counts))))
    parts = [np.bincount(task.part(k, 5).valid.y, minlength=len(counts)) for k in range(5)]
    assert np.ptp(parts, axis=0).max() <= 1
    assert np.ptp(np.sum(parts, axis=1)) <= 1


def test_quantities_are_parted_by_place():
    y = np.float32([[3], [1], [2], [9], [5], [4], [8], [7], [6], [0]])
    fold = Fold(y, y)
    task = Task(
        "rows", "regression", fold.take(np.arange(6)), fold.take(np.arange(6, 10)), fold
    )
    assert task.part(1, 5).valid.y.ravel().tolist() == [1, 8]


@pytest.mark.parametrize("first", [True, False])
def test_rows_without_weights_weigh_one(first):
    given = replace(FOLD, weight=np.float32([2, 3, 4, 5]))
    both = given + FOLD if first else FOLD + given
    assert sorted(both.weight) == [1, 1, 1, 1, 2, 3, 4, 5]
    assert (FOLD + FOLD).weight is None


@pytest.mark.parametrize(
    ("train", "valid", "needed"),
    [(900, 240, True), (900, 250, False), (1100, 240, False), (6, 4, True), (5, 4, False)],
)
def test_cross_validation_is_for_few_rows_but_not_too_few(train, valid, needed):
    rows = Fold(np.zeros((train, 1), np.float32), np.zeros(train, np.int32))
    task = Task("rows", "binary", rows, rows.take(np.arange(valid)), rows, ("a", "b"))
    assert is_needed(task) == needed


def test_trainers_learn_from_the_rows_of_the_part():
    """A part's training is that on the part's own task, to the bit."""
    from mlpnas.core.trainer.keras_trainer import KerasTrainer
    from mlpnas.trainer.mlp_trainer import MLPTrainer

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
