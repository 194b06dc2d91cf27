"""Ray gives the outcomes that this process gives, whatever happens to its workers."""

import os
import signal
from functools import partial

import numpy as np
import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.executor.executors import InProcess
from mlpnas.core.executor.ray_executor import OnRay, _check_room, connect
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.trainer.base import Job, Outcome


def make_factory(data, mark):
    # Within a function, or Ray's processes would look for the module of this test.
    class Stub:
        """The outcome follows from seed, data and weights; 14 kills the process the first time,
        15 every time."""

        def __init__(self, data, mark):
            self._data, self._mark = data, mark

        def train(self, job: Job) -> Outcome:
            if job.seed == 14 and not os.path.exists(self._mark):
                open(self._mark, "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
            if job.seed == 15:
                os.kill(os.getpid(), signal.SIGKILL)
            total = self._data.sum() + sum(a.sum() for (a,) in job.weights.values())
            return Outcome(
                curve=(float(total) * job.seed,), parameters=self._data.flags.writeable
            )

    return partial(Stub, data, mark)


def jobs(*seeds):
    weights = {"key": (np.full((100, 100), 0.1),)}
    return [Job(Architecture("none", (), ""), seed, weights) for seed in seeds]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_two_workers_give_the_same_and_a_killed_one_changes_nothing(tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'mlpnas[ray]'")
    factory = make_factory(np.random.default_rng(0).random((1000, 100)), tmp_path / "died")
    (tmp_path / "died").touch()
    with InProcess(factory) as here:
        expected = list(here.run(jobs(1, 2, 3, 14, 5, 6)))
    (tmp_path / "died").unlink()
    with OnRay(factory, 2) as there:
        outcomes = list(there.run(jobs(1, 2, 3, 14, 5, 6)))
        (dead,) = there.run(jobs(15))
    assert (tmp_path / "died").exists()
    assert [o.curve for o in outcomes] == [o.curve for o in expected]
    assert not any(o.parameters for o in outcomes)  # arrays of the object store, not copies
    assert "its process died twice" in dead.reason


def test_more_workers_than_the_cluster_has_room_for_are_refused():
    with pytest.raises(InputError, match="3 workers on Ray need 3 CPUs and the cluster has 2"):
        _check_room({"CPU": 2.0}, 3, 0.0)
    with pytest.raises(InputError, match=r"need 1\.5 GPUs and the cluster has 0"):
        _check_room({"CPU": 4.0}, 3, 0.5)
    _check_room({"CPU": 4.0, "GPU": 1.0}, 2, 0.5)


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'mlpnas\[ray\]'"):
        connect(None, 1)
