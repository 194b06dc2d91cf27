"""Executors give the same outcomes wherever they run, in order, and outlive errors."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.executor.executors import InProcess, WorkerProcesses
from mlpnas.core.executor.worker_pool import WorkerPool, WorkerReply
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Outcome, Recipe


class Stub:
    """A trainer whose outcome follows from the seed: 13 raises, 14 ends the process, 15 hangs,
    18 hangs and will not be ended, 19 is stopped, and every first job of a file's name ends
    the process as if the machine had."""

    def train(self, job: Job) -> Outcome:
        if job.seed == 13:
            raise MemoryError("no room for 13")
        if job.seed == 14:
            os.kill(os.getpid(), signal.SIGSEGV)
        if job.seed == 18:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if job.seed == 19:
            os.kill(os.getpid(), signal.SIGSTOP)
        if job.seed in (15, 18):
            time.sleep(600)
        if job.seed in (16, 17):
            time.sleep(0.3 if job.seed == 16 else 1.0)
        mark = Path(job.architecture.text)
        if job.architecture.text and not mark.exists():
            mark.touch()
            os._exit(1)
        return Outcome(curve=(float(job.seed), float(os.getpid())))


def jobs(*seeds):
    return [Job(Architecture("none", (), ""), seed) for seed in seeds]


def workers(n, factory=Stub, timeout=None):
    # `int` does nothing: without TensorFlow a process starts at once.
    return WorkerProcesses(factory, n, timeout, prepare=int)


def test_outcomes_come_one_by_one():
    taken = []

    def watched():
        for job in jobs(1, 2, 3):
            taken.append(job.seed)
            yield job

    with InProcess(Stub) as executor:
        next(executor.run(watched()))
    assert taken == [1]


def test_workers_keep_the_order_and_live_on():
    with workers(2) as executor:
        first = list(executor.run(jobs(*range(8), 13, 9)))
        second = list(executor.run(jobs(5)))
    assert [o.curve[0] for o in first if o.curve] == [*range(8), 9]
    assert first[8].reason == "MemoryError: no room for 13"
    pids = {o.curve[1] for o in (*first, *second) if o.curve}
    assert float(os.getpid()) not in pids
    assert len(pids) <= 2


def test_a_stream_gives_outcomes_as_they_come_with_the_numbers_of_their_jobs():
    with workers(2) as executor:
        list(executor.run(jobs(1, 2)))  # both have started
        found = [(i, o.curve[0]) for i, o in executor.stream(jobs(16, 1, 2))]
    assert found == [(1, 1), (2, 2), (0, 16)]  # 16 is the slow one


def test_the_limit_is_for_trials_not_for_jobs_with_a_recipe_of_their_own():
    slow = [replace(job, recipe=Recipe()) for job in jobs(17)]
    with workers(1, timeout=0.1) as executor:
        (late,) = executor.run(jobs(15))
        (patient,) = executor.run(slow)
    assert late.reason == "took longer than 0.1 s, the limit for a trial"
    assert patient.reason is None


def test_a_crash_costs_one_trial_whoever_runs_beside_it():
    with workers(2) as executor:
        outcomes = list(executor.run(jobs(16, 14, 1, 16, 14, 2)))
    assert [o.curve[0] for o in outcomes if o.curve] == [16, 1, 16, 2]
    for i in (1, 4):
        assert outcomes[i].reason == "its process died twice: ended by SIGSEGV"


def test_a_process_that_was_ended_from_outside_changes_nothing(tmp_path):
    marked = Job(Architecture("none", (), str(tmp_path / "died once")), 5)
    with workers(1) as executor:
        (outcome,) = executor.run([marked])
    assert (outcome.reason, outcome.curve[0]) == (None, 5)


def test_a_worker_that_dies_while_idle_is_replaced():
    with workers(1) as executor:
        (first,) = executor.run(jobs(1))
        os.kill(int(first.curve[1]), signal.SIGKILL)
        time.sleep(0.5)
        (second,) = executor.run(jobs(2))
    assert second.curve[0] == 2
    assert second.curve[1] != first.curve[1]


def test_a_child_that_hangs_is_given_up_and_the_others_are_not():
    with workers(2, timeout=1.0) as executor:
        begin = time.monotonic()
        outcomes = list(executor.run(jobs(15, 1, 2)))
    assert time.monotonic() - begin < 30
    assert outcomes[0].reason == "took longer than 1 s, the limit for a trial"
    assert [o.curve[0] for o in outcomes[1:]] == [1, 2]


@pytest.mark.parametrize("seed", [18, 19], ids=["ignores SIGTERM", "is stopped"])
def test_a_child_that_cannot_be_ended_politely_is_killed(seed, monkeypatch):
    monkeypatch.setattr("mlpnas.core.executor.executors.GRACE", 0.1)
    with workers(1, timeout=0.3) as executor:
        (first,) = executor.run(jobs(1))
        late, following = executor.run(jobs(seed, 2))
    assert late.reason == "took longer than 0.3 s, the limit for a trial"
    assert following.curve[0] == 2
    with pytest.raises(ProcessLookupError):
        os.kill(int(first.curve[1]), 0)


def test_a_stopped_worker_does_not_keep_an_executor_open(monkeypatch):
    monkeypatch.setattr("mlpnas.core.executor.executors.GRACE", 0.1)
    with workers(1) as executor:
        (first,) = executor.run(jobs(1))
        os.kill(int(first.curve[1]), signal.SIGSTOP)
    with pytest.raises(ProcessLookupError):
        os.kill(int(first.curve[1]), 0)


def test_a_round_that_is_left_early_leaves_no_process_behind():
    with workers(1) as executor:
        (first,) = executor.run(jobs(1))
        outcomes = executor.run(jobs(2, 15))
        next(outcomes)
        outcomes.close()
        assert next(executor.run(jobs(3))).curve[0] == 3  # by a new worker
        with pytest.raises(ProcessLookupError):
            os.kill(int(first.curve[1]), 0)


def test_workers_that_cannot_start_are_an_error_not_a_failed_trial():
    with (
        workers(1, partial(int, "no trainer")) as executor,
        pytest.raises(InputError, match="cannot be started"),
    ):
        list(executor.run(jobs(1)))


class Idle:
    """A `worker_pool.Worker` that never starts, and never ends a job."""

    def __init__(self):
        self.ready, self.stopped = Future(), False

    def submit(self, job):
        return Future()

    def stop(self):
        self.stopped = True


@pytest.mark.parametrize(
    "error", [OSError(24, "Too many open files"), RuntimeError("no thread")]
)
def test_if_not_all_workers_can_start_those_that_did_are_ended(error):
    hired = []

    def hire():
        if len(hired) == 3:
            raise error
        hired.append(Idle())
        return hired[-1]

    with pytest.raises(InputError, match=f"cannot be started: .*{error.args[-1]}; expected"):
        WorkerPool(hire, 8).start()
    assert [worker.stopped for worker in hired] == [True] * 3


def test_a_worker_that_never_starts_is_not_waited_for_longer_than_the_limits(monkeypatch):
    monkeypatch.setattr("mlpnas.core.executor.worker_pool.STARTING", 0.1)
    idle = Idle()
    with pytest.raises(InputError, match=r"not ready after 0.1 s"):
        list(WorkerPool(lambda: idle, 1, timeout=0.1).stream(jobs(1)))
    assert idle.stopped


LEFT_OPEN = """
from test_executors import jobs, workers
if __name__ == "__main__":
    executor = workers(2)
    with executor:
        list(executor.run(jobs(1)))
    next(executor.stream(jobs(1, 15)))  # and nobody closes it
"""

FEW_FILES = """
import resource
from mlpnas.core.errors import InputError
from test_executors import jobs, workers
if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    try:
        with workers(16) as executor:
            list(executor.run(jobs(1, 2)))
    except InputError as error:
        print(error)
"""


def outcome_of(program, tmp_path):
    """What the program prints; it has a minute to end, and its processes with it."""
    path = tmp_path / "program.py"
    path.write_text(program)
    here = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, path], env={**os.environ, "PYTHONPATH": here},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_program_ends_even_if_it_leaves_workers_at_work(tmp_path):
    assert outcome_of(LEFT_OPEN, tmp_path) == ""


@pytest.mark.parametrize("files", [16, 18])  # another one that cannot be opened
def test_too_few_open_files_are_an_error_that_ends_everything(files, tmp_path):
    printed = outcome_of(FEW_FILES.replace("FILES", str(files)), tmp_path)
    assert "cannot be started: [Errno 24] Too many open files" in printed


class Swelling:
    """A `worker_pool.Worker` whose memory grows by a gibibyte a job."""

    def __init__(self):
        self.ready, self.trained, self.stopped = Future(), 0, False
        self.ready.set_result(None)

    def submit(self, job):
        self.trained += 1
        future = Future()
        future.set_result(WorkerReply(Outcome(curve=(job.seed,)), self.trained << 30))
        return future

    def stop(self):
        self.stopped = True


def test_a_worker_that_has_grown_is_replaced():
    hired = []

    def hire():
        hired.append(Swelling())
        return hired[-1]

    outcomes = list(WorkerPool(hire, 1).stream(jobs(*range(9))))
    assert [(i, o.curve[0]) for i, o in outcomes] == [(i, i) for i in range(9)]
    assert [worker.trained for worker in hired] == [4, 4, 1]
    assert [worker.stopped for worker in hired] == [True, True, False]


def make_jobs():
    from mlpnas.generator import MLPGenerator
    from mlpnas.space import MLPSpace

    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 6)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int32)
    fold = Fold(x, y)
    task = Task("product", "binary", fold, fold, fold, ("no", "yes"))
    space = MLPSpace(head=task.head)
    children = [Job(space.sample_walk(rng), seed) for seed in range(4)]
    return (task, MLPGenerator(space), Recipe(epochs=2, patience=None)), children


@pytest.mark.slow
def test_worker_processes_give_the_same_bits():
    from mlpnas.trainer.mlp_trainer import MLPTrainer

    settings, children = make_jobs()
    factory = partial(MLPTrainer, *settings)
    with InProcess(factory) as here, WorkerProcesses(factory, 2) as there:
        for mine, theirs in zip(here.run(children), there.run(children), strict=True):
            assert mine.reason is theirs.reason is None
            assert (mine.curve, mine.losses) == (theirs.curve, theirs.losses)
            for key, arrays in mine.weights.items():
                assert all(map(np.array_equal, arrays, theirs.weights[key]))
