"""Measures of scikit-learn's: what they judge, and which of them fit a target."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes import in_this_process
from sklearn.metrics import balanced_accuracy_score, log_loss, mean_absolute_error
from sklearn.neural_network import MLPClassifier

from mlpnas.__main__ import PROGRAM, main
from mlpnas.baselines.scikit_learn import test_peer as peer_result
from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold
from mlpnas.core.trainer.base import Recipe
from mlpnas.data.table import from_frame, read_table
from mlpnas.data.weights import balanced, weighted
from mlpnas.final.retrain import final_recipe
from mlpnas.scoring import check_scoring, from_unit_interval, score, to_unit_interval

DATA = Path(__file__).parents[2] / "data"


def rare(rows: int = 300) -> pd.DataFrame:
    """One row in ten is of a class that overlaps with the other."""
    rng = np.random.default_rng(0)
    y = np.arange(rows) % 10 == 0
    return pd.DataFrame({"x": rng.normal(size=rows) + y, "y": np.where(y, "ill", "well")})


def test_outputs_are_judged_in_the_users_terms():
    table = from_frame(rare(), "y")
    fold = table.task.valid
    chance_of_well = np.linspace(0.05, 0.95, len(fold), dtype=np.float32)[:, None]
    labels = np.where(chance_of_well[:, 0] > 0.5, 1, 0)
    assert score(chance_of_well, fold, table, None) == np.mean(labels == fold.y)
    assert score(chance_of_well, fold, table, "balanced_accuracy") == pytest.approx(
        balanced_accuracy_score(fold.y, labels)
    )
    assert score(chance_of_well, fold, table, "neg_log_loss") == pytest.approx(
        -log_loss(fold.y, chance_of_well[:, 0].astype(float)), rel=1e-5
    )


def test_errors_are_in_the_users_unit():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=100), "y": 1e4 + 500 * rng.normal(size=100)})
    table = from_frame(frame, "y")
    fold = table.task.valid
    zeros = np.zeros((len(fold), 1), np.float32)  # on the network's scale: the mean
    error = mean_absolute_error(table.decode(fold.y), np.full(len(fold), table.target_mean))
    assert -score(zeros, fold, table, "neg_mean_absolute_error") == pytest.approx(error)


def test_weights_count_in_accuracy_and_r2(tiny_task):
    table = from_frame(rare(), "y")
    right = Fold(np.zeros((2, 1)), np.array([0, 1]), np.array([3.0, 1.0]))
    # Both said to be of class 0: the heavier row is right.
    assert score(np.zeros((2, 1)), right, table, None) == 0.75


def test_strategies_see_a_number_from_0_to_1():
    assert to_unit_interval(-3.0, "neg_log_loss") == 0.25
    assert to_unit_interval(-0.2, "r2") == 0
    assert to_unit_interval(0.7, "roc_auc") == 0.7


@pytest.mark.parametrize(
    ("name", "target", "scoring", "message"),
    [
        ("iris", "species", "acuracy", "--scoring is 'acuracy'; expected a name"),
        ("iris", "species", "roc_auc", "does not fit a multiclass target"),
        ("iris", "species", "neg_mean_absolute_error", "does not fit a multiclass"),
        ("diabetes", "progression", "accuracy", "does not fit a regression target"),
    ],
)
def test_a_measure_that_does_not_fit_is_refused(name, target, scoring, message):
    table = read_table(DATA / f"{name}.csv", target)
    with pytest.raises(InputError, match=message):
        check_scoring(table, scoring)


@pytest.mark.parametrize(
    ("name", "target", "scoring"),
    [
        ("iris", "species", "roc_auc_ovr"),
        ("iris", "species", "f1_macro"),
        ("breast_cancer", "diagnosis", "roc_auc"),
        ("breast_cancer", "diagnosis", "neg_log_loss"),
        ("diabetes", "progression", "neg_root_mean_squared_error"),
    ],
)
def test_measures_that_fit_are_taken(name, target, scoring):
    check_scoring(read_table(DATA / f"{name}.csv", target), scoring)


def test_balanced_classes_count_alike():
    before = from_frame(rare(), "y").task
    task = balanced(before)
    for fold, plain in ((task.train, before.train), (task.valid, before.valid)):
        assert fold.x is plain.x
        of_class = [fold.weight[fold.y == k].sum() / len(fold) for k in (0, 1)]
        # The weights follow the training rows; of few validation rows the share may differ.
        assert of_class[0] == pytest.approx(0.5, abs=0.1)
    assert task.train.weight.mean() == pytest.approx(1)
    assert {*task.valid.weight} == {*task.train.weight}  # a class has one weight, in both folds
    assert task.test.weight is None
    with pytest.raises(InputError, match="--class-weight balanced is for classes"):
        balanced(read_table(DATA / "diabetes.csv", "progression").task)


@pytest.mark.parametrize(("scoring", "value"), [("neg_log_loss", -0.23), ("roc_auc", 0.8)])
def test_what_strategies_see_is_told_as_scikit_learn_has_it(scoring, value):
    assert from_unit_interval(to_unit_interval(value, scoring), scoring) == pytest.approx(value)


def test_the_unit_of_weights_does_not_matter():
    fold = Fold(np.zeros((3, 1)), np.zeros(3))
    assert weighted(fold, np.array([2.0, 4.0, 6.0]), 4.0).weight.tolist() == [0.5, 1.0, 1.5]


def test_peers_are_judged_by_the_same_measure():
    table = from_frame(rare(), "y")
    peer = MLPClassifier(random_state=0)
    found = peer_result("peer", peer, table, "balanced_accuracy")
    predicted = peer.predict(table.task.test.x)
    assert found.test == pytest.approx(balanced_accuracy_score(table.task.test.y, predicted))


@pytest.mark.slow
def test_a_command_line_chooses_by_it_and_says_so(tmp_path, capsys):
    rare().to_csv(tmp_path / "rare.csv", index=False)
    command = [
        "search", tmp_path / "rare.csv", "--target", "y", "--run", tmp_path / "run",
        "--trials", "2", "--per-round", "2", "--epochs", "2", "--strategy", "random",
        "--scoring", "balanced_accuracy", "--class-weight", "balanced", "--scaling", "auto",
        "--ensemble", "3",
    ]  # fmt: skip
    with pytest.raises(SystemExit) as exit_:
        main([str(part) for part in command], in_this_process(PROGRAM))
    assert not exit_.value.code
    printed = capsys.readouterr().out
    assert "test balanced_accuracy" in printed
    assert "Scaling: " in printed
    assert "average of 3 such networks" in printed
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    by_name = {result["name"]: result["test"] for result in record["results"]}
    assert by_name["majority class"] == 0.5
    assert record["ensemble"]["networks"] == 3
    assert {"best.keras", "single.keras"} <= {
        path.name for path in (tmp_path / "run").iterdir()
    }
    # Nothing to do any more: the settings were read back as they were.
    with pytest.raises(SystemExit) as exit_:
        main(["resume", str(tmp_path / "run")])
    assert not exit_.value.code
    assert "is finished" in capsys.readouterr().out


def test_finalists_learn_in_steps_and_stop_by_what_is_asked_for():
    # 8,000 steps of 64 rows: 160 epochs of 3,200 rows; of few rows 200 epochs, of many 20.
    assert final_recipe(3200) == Recipe(160, 40, 64, best="metric")
    assert (final_recipe(100).epochs, final_recipe(10**6).epochs) == (200, 20)
    assert final_recipe(3200, "balanced_accuracy").best == "metric"
    assert (
        final_recipe(3200, "roc_auc").best == final_recipe(3200, "neg_log_loss").best == "loss"
    )
    assert final_recipe(3200, epochs=3) == Recipe(3, 1, 64, best="metric")
