"""Fixtures for all tests: the property seed, tiny tasks, and real data where it is at hand."""

import os
import secrets
from pathlib import Path

import numpy as np
import pytest
from tables import SMALL, rows

from mlpnas import MLPNASClassifier
from mlpnas.core.task import Fold, Task

ROOT = Path(__file__).parents[1]
# Another one on each run; set MLPNAS_TEST_SEED to run a failure again.
PROPERTY_SEED = int(os.environ.get("MLPNAS_TEST_SEED") or secrets.randbelow(2**31))


def pytest_report_header():
    return f"property tests: MLPNAS_TEST_SEED={PROPERTY_SEED}"


@pytest.fixture
def property_seed():
    """Seed of the tests that should hold for any random input; printed when one fails."""
    print(f"MLPNAS_TEST_SEED={PROPERTY_SEED}")
    return PROPERTY_SEED


@pytest.fixture
def shared_data():
    """`shared_data("wine_quality.csv")` is a path, or skips the test where there is no file."""

    def path_of(name: str) -> Path:
        path = ROOT.parent / "shared" / "data" / name
        if not path.exists():
            pytest.skip(f"needs {name} in ../shared/data, which is not on this machine")
        return path

    return path_of


def make_tiny_task(kind: str, seed: int = 0) -> Task:
    """60 rows of 4 inputs that a small network can learn; 36 + 12 + 12 in the folds."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 4)).astype(np.float32)
    total = x[:, 0] + x[:, 1]
    if kind == "regression":
        y, classes = ((total - total.mean()) / total.std())[:, None], ()
    else:
        classes = ("no", "yes") if kind == "binary" else ("low", "mid", "high")
        y = np.argsort(np.argsort(total)) * len(classes) // len(x)
        y = y.astype(np.int32)
    cuts = (slice(36), slice(36, 48), slice(48, 60))
    return Task(f"tiny-{kind}", kind, *(Fold(x[cut], y[cut]) for cut in cuts), classes=classes)


@pytest.fixture(params=["binary", "multiclass", "regression"])
def tiny_task(request):
    """Each kind of task in turn."""
    return make_tiny_task(request.param)


@pytest.fixture
def tiny_binary():
    return make_tiny_task("binary")


@pytest.fixture
def tiny_multiclass():
    return make_tiny_task("multiclass")


@pytest.fixture
def tiny_regression():
    return make_tiny_task("regression")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run's folder, and the estimator that left it; read, not written to."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, MLPNASClassifier(**SMALL, run_dir=folder).fit(*rows())
