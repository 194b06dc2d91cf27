"""Greedy selection with replacement, the model that averages, and both in use."""

import keras
import numpy as np
import pandas as pd
import pytest

from mlpnas import MLPNASClassifier
from mlpnas.core.task import Fold
from mlpnas.ensemble import average, likelihood, select
from mlpnas.export import as_inputs
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace
from mlpnas.table import Table
from mlpnas.tables.encoding import clean_rows

SMALL = {
    "max_trials": 4,
    "epochs": 3,
    "refit_epochs": 20,
    "strategy": "random",
    "one_shot": False,
    "search_space": {"widths": (16,), "max_layers": 3, "dropout": None},
    "random_state": 0,
}


def test_what_helps_the_average_most_is_added_again_and_again():
    # The truth is 0.4. Alone, 1 is nearest. Another 1 leaves the mean at 1 (0.6 away), while
    # 3 makes it 2 (1.6) and -2 makes it -0.5 (0.9). Then -2 makes it 0 (0.4).
    outputs = [np.array([[value]]) for value in (3.0, 1.0, -2.0)]

    def judge(mean):
        return -abs(float(mean[0, 0]) - 0.4)

    assert select(outputs, judge, 1) == [1]
    assert select(outputs, judge, 3) == [1, 1, 2]


def test_of_equals_the_earliest_is_added():
    assert select([np.zeros((2, 1))] * 3, lambda mean: 0.5, 3) == [0, 0, 0]


def test_no_bad_one_has_to_come_in(property_seed):
    rng = np.random.default_rng(property_seed)
    truth = rng.normal(size=(50, 1))
    outputs = [truth + scale * rng.normal(size=(50, 1)) for scale in (0.1, 9.0)]
    assert set(select(outputs, lambda mean: -float(np.mean((mean - truth) ** 2)), 5)) == {0}


def test_likelihood_is_finer_than_accuracy_and_weighs_rows(tiny_multiclass):
    fold, table = Fold(np.zeros((2, 1)), np.array([0, 1])), Table(tiny_multiclass)
    sure = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    unsure = np.array([[0.8, 0.1, 0.1], [0.3, 0.4, 0.3]])
    assert likelihood(sure, fold, table) == pytest.approx(np.log(0.8))
    assert likelihood(unsure, fold, table) == pytest.approx((np.log(0.8) + np.log(0.4)) / 2)
    # Only the first row counts: 3 * log 0.8 / 3.
    first = Fold(fold.x, fold.y, np.array([3.0, 0.0]))
    assert likelihood(unsure, first, table) == pytest.approx(np.log(0.8))


def test_the_model_averages_and_can_be_saved(tiny_task, tmp_path):
    space = MLPSpace(tiny_task.head)
    architecture = space.parse(f"(16, 'relu'), {space.head}")
    models = {
        seed: MLPGenerator(space).build(architecture, tiny_task, seed) for seed in (3, 8, 9)
    }
    mean = average(models, {3: 1, 8: 3})
    mean.save(tmp_path / "mean.keras")
    x = tiny_task.test.x
    want = (models[3](x) + 3 * models[8](x)) / 4
    np.testing.assert_allclose(keras.saving.load_model(tmp_path / "mean.keras")(x), want, 1e-5)


def test_an_estimator_predicts_with_the_ensemble_and_exports_it(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    label = np.where(frame["a"] + rng.normal(size=200) > 0, "yes", "no")
    alone = MLPNASClassifier(**SMALL).fit(frame, label)
    many = MLPNASClassifier(**SMALL, ensemble=6).fit(frame, label)
    assert alone.ensemble_model_ is None
    assert many.best_score_ == alone.best_score_  # the single winner is the same
    chances = many.predict_proba(frame)
    assert np.abs(chances - alone.predict_proba(frame)).max() > 1e-3
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    loaded = keras.saving.load_model(many.export(tmp_path / "m.keras"))
    columns = many._table.columns
    got = loaded(as_inputs(clean_rows(frame, columns), columns))
    np.testing.assert_allclose(got, chances, atol=1e-5)
    with pytest.raises(ValueError, match="ensemble is -1"):
        MLPNASClassifier(**SMALL, ensemble=-1).fit(frame, label)
