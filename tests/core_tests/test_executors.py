"""Executors give the same outcomes wherever they run, in order, and outlive errors."""

import os
import signal
import time
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mlpnas.core.crew import Crew, Report
from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import Job, Outcome, Recipe
from mlpnas.core.executors import InProcess, WorkerProcesses
from mlpnas.core.search_space import Architecture
from mlpnas.core.task import Fold, Task


class Stub:
    """A trainer whose outcome follows from the seed: 13 raises, 14 ends the process, 15 hangs,
    and every first job of a file's name ends the process as if the machine had."""

    def train(self, job: Job) -> Outcome:
        if job.seed == 13:
            raise MemoryError("no room for 13")
        if job.seed == 14:
            os.kill(os.getpid(), signal.SIGSEGV)
        if job.seed == 15:
            time.sleep(60)
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


def test_errors_become_reasons_and_the_others_go_on():
    with InProcess(Stub) as executor:
        outcomes = list(executor.run(jobs(1, 13, 2)))
    assert [o.reason for o in outcomes] == [None, "MemoryError: no room for 13", None]


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


def test_a_job_may_follow_from_an_outcome():
    found = []

    def following():
        while len(found) < 3:
            yield jobs(len(found))[0]

    with InProcess(Stub) as executor:
        for outcome in executor.run(following()):
            found.append(outcome.curve[0])
    assert found == [0, 1, 2]


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


class Swelling:
    """A `crew.Worker` whose memory grows by a gibibyte a job."""

    def __init__(self):
        self.ready, self.trained, self.stopped = Future(), 0, False
        self.ready.set_result(None)

    def submit(self, job):
        self.trained += 1
        future = Future()
        future.set_result(Report(Outcome(curve=(job.seed,)), self.trained << 30))
        return future

    def stop(self):
        self.stopped = True


def test_a_worker_that_has_grown_is_replaced():
    hired = []

    def hire():
        hired.append(Swelling())
        return hired[-1]

    outcomes = list(Crew(hire, 1).stream(jobs(*range(9))))
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
    from mlpnas.trainer import MLPTrainer

    settings, children = make_jobs()
    factory = partial(MLPTrainer, *settings)
    with InProcess(factory) as here, WorkerProcesses(factory, 2) as there:
        for mine, theirs in zip(here.run(children), there.run(children), strict=True):
            assert mine.reason is theirs.reason is None
            assert (mine.curve, mine.losses) == (theirs.curve, theirs.losses)
            for key, arrays in mine.weights.items():
                assert all(map(np.array_equal, arrays, theirs.weights[key]))
