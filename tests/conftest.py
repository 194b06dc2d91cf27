"""Fixtures for all tests: the property seed, tiny tasks, and real data where it is at hand."""

import os
import secrets
from pathlib import Path

import pytest
from tables import SMALL, rows

from mlpnas import MLPNASClassifier
from mlpnas.testing.fakes import tiny_task as tiny_task_of

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


@pytest.fixture(params=["binary", "multiclass", "regression"])
def tiny_task(request):
    """Each kind of task in turn."""
    return tiny_task_of(request.param)


@pytest.fixture
def tiny_binary():
    return tiny_task_of("binary")


@pytest.fixture
def tiny_multiclass():
    return tiny_task_of("multiclass")


@pytest.fixture
def tiny_regression():
    return tiny_task_of("regression")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run's folder, and the estimator that left it; read, not written to."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, MLPNASClassifier(**SMALL, run_dir=folder).fit(*rows())
