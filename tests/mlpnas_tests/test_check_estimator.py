"""scikit-learn's whole check suite for both estimators, with small budgets."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from mlpnas import MLPNASClassifier, MLPNASRegressor

SMALL = {
    "ensemble": 0,
    "max_trials": 1,
    "epochs": 3,
    "refit_epochs": 300,
    "strategy": "random",
    "one_shot": False,
    "predictor": False,
    "search_space": {"widths": (64,), "max_layers": 3, "dropout": None},
    "random_state": 0,
}
# A weight of 2 is not the same as two equal rows: of two rows, one may be held out to choose
# by, and batches fall differently. scikit-learn excuses its SGDClassifier likewise.
WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data": "rows are held out and dealt into batches"
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [MLPNASClassifier(**SMALL), MLPNASRegressor(**SMALL)],
    expected_failed_checks=lambda estimator: WEIGHTS,
)
def test_check_estimator(estimator, check):
    check(estimator)
