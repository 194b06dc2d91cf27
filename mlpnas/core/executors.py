"""Executors: where trainings run. Here, or in worker processes on the same machine.

Both give the outcomes in the order of the jobs, and the same outcomes: a job carries all
that its training depends on (architecture, seed, inherited weights), and workers compute on
one thread, as this process does.
"""

import itertools
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from mlpnas.core.evaluator import Job, Outcome, Trainer
from mlpnas.core.runtime import start_tensorflow

TrainerFactory = Callable[[], Trainer]

_trainer: Trainer | None = None  # of a worker process, which has one for its whole life


class Executor(Protocol):
    """Runs trainings; also a context manager that closes it."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """The outcomes in the order of the jobs, each as soon as those before are done."""
        ...

    def close(self) -> None:
        """Let go of trainers and processes."""
        ...


class InProcess:
    """Trains here, one job after another.

    Args:
        trainer_factory: makes the trainer, when the first job comes.
    """

    def __init__(self, trainer_factory: TrainerFactory) -> None:
        self._factory = trainer_factory
        self._trainer: Trainer | None = None

    def run(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        for job in jobs:
            if self._trainer is None:
                self._trainer = self._factory()
            yield attempt(self._trainer, job)

    def close(self) -> None:
        self._trainer = None

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class WorkerProcesses:
    """Trains in `n` processes that live until `close`; each makes its trainer once.

    Args:
        trainer_factory: a picklable callable without arguments, for instance
            `functools.partial(MLPTrainer, task, generator, recipe)`. It is sent to each worker
            once, with the data it holds.
        n: number of processes.
    """

    def __init__(self, trainer_factory: TrainerFactory, n: int) -> None:
        # Bundled with joblib, which scikit-learn brings anyway; it respawns dead workers.
        from joblib.externals.loky import ProcessPoolExecutor

        threads = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
        self._n = n
        self._pool = ProcessPoolExecutor(
            max_workers=n,
            initializer=_start_worker,
            # As bytes: to unpickle it imports TensorFlow, which must be started quietly first.
            initargs=(pickle.dumps(trainer_factory),),
            env=dict.fromkeys(threads, "1"),
        )
        # Processes start with the first call, and take seconds to import TensorFlow; let
        # that happen while the caller prepares its search.
        self._pool.submit(_started)

    def run(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        waiting = iter(jobs)
        # Jobs may hold inherited weights: only a few of them are under way at a time.
        running = deque(self._submit(job) for job in itertools.islice(waiting, 2 * self._n))
        while running:
            outcome = _result(running.popleft())
            running.extend(self._submit(job) for job in itertools.islice(waiting, 1))
            yield outcome

    def _submit(self, job: Job) -> Any:
        return self._pool.submit(_train, job)

    def close(self) -> None:
        self._pool.shutdown(wait=True, kill_workers=True)

    def __enter__(self) -> "WorkerProcesses":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def attempt(trainer: Trainer, job: Job) -> Outcome:
    """The outcome; what goes wrong is its reason, not the end of the search."""
    try:
        return trainer.train(job)
    except Exception as error:
        return Outcome(reason=f"{type(error).__name__}: {error}")


def _start_worker(pickled_factory: bytes) -> None:
    global _trainer
    # Ctrl-C reaches the whole process group; when to stop is for the main process to decide.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_tensorflow()
    _trainer = pickle.loads(pickled_factory)()


def _started() -> None:
    """The first call that makes the pool start its processes."""


def _train(job: Job) -> Outcome:
    assert _trainer is not None
    return attempt(_trainer, job)


def _result(future: Any) -> Outcome:
    try:
        return future.result()
    except Exception as error:  # the worker died, for instance of too little memory
        return Outcome(reason=f"{type(error).__name__}: {error}")
