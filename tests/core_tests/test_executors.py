"""Executors give the same outcomes wherever they run, in order, and outlive errors."""

import os
from functools import partial

import numpy as np
import pytest

from mlpnas.core.evaluator import Job, Outcome, Recipe
from mlpnas.core.executors import InProcess, WorkerProcesses
from mlpnas.core.search_space import Architecture
from mlpnas.core.task import Fold, Task


class Stub:
    """A trainer whose outcome follows from the seed: 13 raises, 14 ends the process."""

    def train(self, job: Job) -> Outcome:
        if job.seed == 13:
            raise MemoryError("no room for 13")
        if job.seed == 14:
            os._exit(1)
        return Outcome(curve=(float(job.seed), float(os.getpid())))


def jobs(*seeds):
    return [Job(Architecture("none", (), ""), seed) for seed in seeds]


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
    with WorkerProcesses(Stub, 2) as executor:
        first = list(executor.run(jobs(*range(8), 13, 9)))
        second = list(executor.run(jobs(5)))
    assert [o.curve[0] for o in first if o.curve] == [*range(8), 9]
    assert first[8].reason == "MemoryError: no room for 13"
    pids = {o.curve[1] for o in (*first, *second) if o.curve}
    assert float(os.getpid()) not in pids
    assert len(pids) <= 2


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
