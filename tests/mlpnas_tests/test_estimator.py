"""The estimators as scikit-learn's users meet them, beyond what its own checks cover."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlpnas import MLPNASClassifier, MLPNASRegressor, RandomStrategy
from mlpnas.data.targets import Target
from mlpnas.estimator.checks import check_rows, columns_of
from mlpnas.estimator.samples import make_table

SMALL = {
    "max_trials": 3,
    "epochs": 5,
    "refit_epochs": 100,
    "strategy": "random",
    "one_shot": False,
    "predictor": False,
    "search_space": {"widths": (16, 32), "max_layers": 3, "dropout": None},
    "random_state": 0,
    "ensemble": 0,
}


def people(rows: int = 120) -> tuple[pd.DataFrame, np.ndarray]:
    """Raw rows of every kind, with missing cells, and labels that follow from them."""
    rng = np.random.default_rng(0)
    age, town = rng.uniform(18, 80, rows), rng.choice(["Genova", "Köln", "<b>"], rows)
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(rows) < 0.1, np.nan, age),
            "town": pd.Series(town, dtype=object).where(rng.random(rows) > 0.1),
            "member": rng.random(rows) < 0.5,
            "since": pd.date_range("2020-01-01", periods=rows, freq="37h"),
        }
    )
    label = np.where((age > 45) ^ (town == "Köln"), "yes", "no")
    return frame, label


@pytest.fixture(scope="module")
def fitted() -> MLPNASClassifier:
    return MLPNASClassifier(**SMALL).fit(*people())


def test_a_raw_dataframe_is_learned_from_and_predicted(fitted):
    frame, label = people()
    assert fitted.score(frame, label) > 0.7
    assert list(fitted.classes_) == ["no", "yes"]
    assert list(fitted.feature_names_in_) == ["age", "town", "member", "since"]
    chances = fitted.predict_proba(frame)
    assert chances.shape == (120, 2)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    assert (fitted.classes_[chances.argmax(axis=1)] == fitted.predict(frame)).all()


def test_unseen_categories_and_an_all_missing_column_are_predicted(fitted):
    frame, _ = people()
    new = frame.assign(town="Atlantis", age=np.nan).head()
    assert set(fitted.predict(new)) <= {"no", "yes"}


def test_what_was_fitted_can_be_looked_at(fitted):
    assert len(fitted.trials_) == 3
    board = fitted.leaderboard()
    scores = board["search_score"][board["id"] >= 0]
    assert list(scores) == sorted(scores, reverse=True)
    [winner] = board["architecture"][board["winner"]]
    assert winner == str(fitted.best_architecture_)
    assert 0.5 < fitted.best_score_ <= 1
    assert board["retrained_score"].notna().all()  # three trials, all of them finalists
    assert fitted.leaderboard(1)["architecture"][0] == board["architecture"][0]
    assert fitted.leaderboard(1)["winner"].sum() == 1
    assert fitted.n_iter_ == len(fitted.loss_curve_)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    # A plain network of the space takes part in the last choice.
    plain = "(32, 'relu'), (1, 'sigmoid')"
    assert str(fitted.best_architecture_) in {*board["architecture"], plain}
    assert fitted.best_model_.name == "mlp"


def test_a_pickled_estimator_predicts_the_same_and_holds_no_training_rows(fitted):
    frame, _ = people()
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict_proba(frame) == fitted.predict_proba(frame)).all()
    assert len(again._table.task.train) == 0


def test_equal_random_states_give_equal_estimators():
    frame, label = people()
    two = [MLPNASClassifier(**SMALL).fit(frame, label) for _ in range(2)]
    assert (two[0].predict_proba(frame) == two[1].predict_proba(frame)).all()
    assert two[0].trials_["score"].tolist() == two[1].trials_["score"].tolist()


def test_a_class_of_your_own_may_choose():
    asked = []

    class Noted(RandomStrategy):
        def ask(self, n):
            asked.append(n)
            return super().ask(n)

    fitted = MLPNASClassifier(**{**SMALL, "strategy": Noted}).fit(*people())
    assert sum(asked) >= len(fitted.trials_) == SMALL["max_trials"]
    assert clone(fitted).get_params()["strategy"] is Noted


def test_the_strategy_with_store_and_predictor_fits_as_well():
    with_all = {**SMALL, "strategy": "reinforce", "one_shot": True, "predictor": True}
    estimator = MLPNASClassifier(**with_all).fit(*people())
    assert len(estimator.trials_) == 3


@pytest.mark.slow
def test_sample_weights_weigh_the_loss():
    """Of two kinds of rows that contradict each other, the heavier kind is believed."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    y = (x[:, 0] > 0).astype(int)
    y[100:] = 1 - y[100:]
    for heavy in (slice(100), slice(100, None)):
        weight = np.full(200, 0.1)
        weight[heavy] = 10
        estimator = MLPNASClassifier(**SMALL).fit(x, y, sample_weight=weight)
        assert estimator.score(x[heavy], y[heavy]) > 0.9
        scaled = MLPNASClassifier(**SMALL).fit(x, y, sample_weight=1000 * weight)
        np.testing.assert_allclose(scaled.predict_proba(x), estimator.predict_proba(x), 1e-4)


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    frame, label = people()
    weight = (np.arange(len(frame)) < 80).astype(float)
    weighted = MLPNASClassifier(**SMALL).fit(frame, label, sample_weight=weight)
    without = MLPNASClassifier(**SMALL).fit(frame[:80], label[:80])
    assert (weighted.predict_proba(frame) == without.predict_proba(frame)).all()


@pytest.mark.slow
def test_balanced_class_weights_find_more_of_a_rare_class():
    rng = np.random.default_rng(0)
    y = (np.arange(400) % 10 == 0).astype(int)
    x = rng.normal(size=(400, 2)) + y[:, None]
    plain, balanced = (
        MLPNASClassifier(**SMALL, class_weight=weight).fit(x, y).predict(x).mean()
        for weight in (None, "balanced")
    )
    assert plain < 0.1 < balanced


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "roc_auc", "neg_log_loss"])
def test_trials_are_judged_by_the_measure_asked_for(scoring):
    frame, label = people()
    estimator = MLPNASClassifier(**SMALL, scoring=scoring).fit(frame, label)
    assert estimator.trials_["score"].between(0, 1).all()
    assert (estimator.best_score_ < 0) == (scoring == "neg_log_loss")


@pytest.mark.slow
def test_an_error_measure_serves_for_regression():
    x = np.random.default_rng(0).normal(size=(100, 2))
    estimator = MLPNASRegressor(**SMALL, scoring="neg_mean_absolute_error").fit(x, 9 * x[:, 0])
    error = np.abs(estimator.predict(x) - 9 * x[:, 0]).mean()
    assert -estimator.best_score_ == pytest.approx(error, rel=0.9)


@pytest.mark.slow
def test_several_outputs_are_learned_together_on_their_own_scales():
    x = np.random.default_rng(0).normal(size=(200, 3))
    y = np.c_[1000 * x[:, 0] + 5e4, 0.01 * x[:, 1]]
    estimator = MLPNASRegressor(**SMALL).fit(x, y)
    assert estimator.predict(x).shape == y.shape
    assert estimator.score(x, y) > 0.8
    assert estimator.fit(x, y[:, 0]).predict(x).shape == (200,)


@pytest.mark.slow
def test_it_works_in_a_pipeline_a_grid_search_and_a_cross_validation():
    frame, label = people()
    pipeline = make_pipeline(FunctionTransformer(), MLPNASClassifier(**SMALL))
    assert len(cross_val_score(pipeline, frame, label, cv=2)) == 2
    grid = GridSearchCV(MLPNASClassifier(**SMALL), {"epochs": [1, 3]}, cv=2).fit(frame, label)
    assert grid.best_params_["epochs"] in (1, 3)
    assert clone(grid.best_estimator_).get_params() == grid.best_estimator_.get_params()


def test_a_run_can_be_kept(tmp_path):
    MLPNASClassifier(**SMALL, run_dir=tmp_path / "run").fit(*people())
    assert {"run.json", "trials.jsonl", "best.keras"} <= {
        path.name for path in (tmp_path / "run").iterdir()
    }


@pytest.mark.slow
def test_workers_find_what_one_process_finds():
    frame, label = people()
    alone, together = (MLPNASClassifier(**SMALL, n_jobs=n).fit(frame, label) for n in (1, 2))
    assert alone.trials_["score"].tolist() == together.trials_["score"].tolist()
    assert (alone.predict_proba(frame) == together.predict_proba(frame)).all()


def test_a_round_is_told_if_asked_for(capsys):
    MLPNASClassifier(**SMALL, verbose=1).fit(*people())
    assert "round 1: 3/3 trials" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_trials": 0}, "max_trials is 0; expected a whole number"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"strategy": "luck"}, "strategy is 'luck'"),
        ({"validation_fraction": 0.9}, "validation_fraction is 0.9"),
        ({"scoring": "acuracy"}, "scoring is 'acuracy'"),
        ({"max_time": -1}, "max_time is -1"),
        ({"search_space": {"widths": ()}}, r"widths are \(\)"),
    ],
)
def test_parameters_that_make_no_sense_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        MLPNASClassifier(**{**SMALL, **parameters}).fit(*people())


def test_rows_that_do_not_fit_are_refused_by_name(fitted):
    frame, label = people()
    with pytest.raises(ValueError, match="town"):
        fitted.predict(frame.drop(columns="town"))
    with pytest.raises(ValueError, match="wage"):
        fitted.predict(frame.assign(wage=1))
    with pytest.raises(ValueError, match="same order"):
        fitted.predict(frame[frame.columns[::-1]])
    with pytest.raises(ValueError, match="'age' holds inf"):
        fitted.predict(frame.assign(age=np.inf))
    with pytest.raises((ValueError, TypeError), match=r"[Ss]parse"):
        MLPNASClassifier(**SMALL).fit(sparse.eye(120).tocsr(), label)
    with pytest.raises(NotFittedError):
        MLPNASClassifier().leaderboard()
    with pytest.raises(ValueError, match="1 class only"):
        MLPNASClassifier(**SMALL).fit(frame, np.repeat("yes", 120))


def by_code(rows: int = 120) -> tuple[pd.DataFrame, np.ndarray]:
    """Integer codes that say nothing as numbers, and labels that follow from them."""
    codes = np.random.default_rng(0).permutation(np.arange(rows) % 12)
    return pd.DataFrame({"code": codes}), np.where(codes % 2 == 0, "even", "odd")


def test_integer_codes_of_a_category_are_learned_as_such():
    frame, label = by_code()
    fitted = MLPNASClassifier(**SMALL).fit(frame.astype("category"), label)
    assert fitted.score(frame, label) > 0.9  # read by the run's schema, not by their type


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (by_code()[0], {"categorical": "code"}),
        (by_code()[0], {"categorical": ["code"]}),
        (by_code()[0].to_numpy(), {"categorical": [0]}),
        (by_code()[0].to_numpy(), {"categorical": np.array([0])}),
        (by_code()[0].to_numpy(), {"categorical": "x0"}),
        (by_code()[0].set_axis([7], axis=1), {"categorical": 0}),
        (pl.DataFrame({"code": map(str, by_code()[0]["code"])}).cast(pl.Categorical), {}),
    ],
)
def test_categories_are_declared_by_name_position_and_type(x, options):
    estimator = MLPNASClassifier(**options)
    frame = check_rows(estimator, x, by_code()[1], reset=True)
    assert [column.kind for column in columns_of(estimator, x, frame, [])] == ["categorical"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"categorical": ["cod"]}, r"categorical 'cod': no such column.*did you mean 'code'"),
        ({"categorical": "code", "numeric": "code"}, "both categorical and numeric"),
        ({"date": "code"}, "'code' is to be date, but none of its values"),
    ],
)
def test_declared_columns_that_cannot_be_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MLPNASClassifier(**SMALL, **options).fit(*by_code())


def test_what_is_left_out_or_not_read_is_noted_and_logged(caplog):
    frame, label = by_code()
    frame = frame.assign(nothing=None, some=[*["oops"] * 6, *range(114)])
    notes = []
    columns = columns_of(MLPNASClassifier(), frame, frame, notes)
    target = Target((label == "odd").astype(np.int32), "binary", ("even", "odd"))
    with caplog.at_level("INFO"):
        table = make_table(frame, columns, target, None, 0.2, 0, "standard", notes)
    for sentence in ("column 'nothing': all its values are missing", "first: 'oops' in row 1"):
        assert sentence in caplog.text
        assert any(sentence in note for note in table.notes)


def test_a_frame_of_polars_is_predicted_as_one_of_pandas(fitted):
    frame, _ = people()
    other = pl.from_pandas(frame)[:, ::-1].select(frame.columns)
    np.testing.assert_array_equal(fitted.predict_proba(other), fitted.predict_proba(frame))
