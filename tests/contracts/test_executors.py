"""Every executor of the packages is held to its contract; see `mlpnas.testing.executor`."""

import pytest
from members import concrete

from mlpnas.core.executor.executors import Executor, InProcess, WorkerProcesses
from mlpnas.core.executor.ray_executor import OnRay
from mlpnas.testing.executor import ISOLATED, PROMISES


def in_process(factory, timeout):
    return InProcess(factory)


def two_workers(factory, timeout):
    # `int` does nothing: without TensorFlow a process starts at once.
    return WorkerProcesses(factory, 2, timeout, prepare=int)


def on_ray(factory, timeout):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'mlpnas[ray]'")
    return OnRay(factory, 2, timeout)


MEMBERS = {
    "here": in_process,
    "two workers": two_workers,
    "ray": on_ray,
}
CASES = [
    pytest.param(
        make, promise, id=f"{name}-{promise.__name__}",
        marks=[pytest.mark.slow, pytest.mark.filterwarnings("ignore")] * (name == "ray"),
    )
    for name, make in MEMBERS.items()
    for promise in (PROMISES if name == "here" else PROMISES + ISOLATED)
]  # fmt: skip


def test_every_executor_of_the_packages_is_held_to_the_contract():
    assert concrete(Executor) == {InProcess, WorkerProcesses, OnRay}


@pytest.mark.parametrize(("make", "promise"), CASES)
def test_an_executor_keeps_its_promises(make, promise):
    promise(make)
