"""Executors: where trainings run. Here, or in worker processes on the same machine.

Both give the same outcomes: a job carries all that its training depends on (architecture,
seed, inherited weights), and workers compute on one thread, as this process does.
"""

import os
import pickle
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from mlpnas.core.executor.worker_pool import Outcomes, WorkerPool, WorkerReply
from mlpnas.core.runtime.start import start_tensorflow
from mlpnas.core.trainer.base import Job, Outcome, Trainer

TrainerFactory = Callable[[], Trainer]

GRACE = 2.0  # seconds that a process has to end when it is asked to


class Executor(ABC):
    """Runs trainings; also a context manager, in which it is ready, and that closes it."""

    @abstractmethod
    def stream(self, jobs: Iterable[Job]) -> Outcomes:
        """Yield outcomes as they come, with the numbers of their jobs, from 0.

        A job is taken when there is a worker for it, so jobs may follow from outcomes.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of trainers and processes."""

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Yield outcomes in the order of the jobs, each as soon as those before are done."""
        early: dict[int, Outcome] = {}
        place = 0
        with closing(self.stream(jobs)) as outcomes:
            for number, outcome in outcomes:
                early[number] = outcome
                while place in early:
                    yield early.pop(place)
                    place += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class InProcess(Executor):
    """Trains here, one job after another. A child that crashes takes this process with it.

    Args:
        trainer_factory: makes the trainer, when the first job comes.
    """

    def __init__(self, trainer_factory: TrainerFactory) -> None:
        self._factory = trainer_factory
        self._trainer: Trainer | None = None

    def stream(self, jobs: Iterable[Job]) -> Outcomes:
        for number, job in enumerate(jobs):
            if self._trainer is None:
                self._trainer = self._factory()
            yield number, attempt(self._trainer, job)

    def close(self) -> None:
        self._trainer = None


class WorkerProcesses(Executor):
    """Trains in `n` processes that live until `close`; each makes its trainer once.

    Args:
        trainer_factory: a picklable callable without arguments, for instance
            `functools.partial(MLPTrainer, task, generator, recipe)`. It is sent to each worker
            once, with the data it holds.
        n: number of processes.
        timeout: seconds after which a child is given up; None waits for ever.
        prepare: called first in every process.

    Raises:
        InputError: on entering it or later, if the system gives no room for the processes.
    """

    def __init__(
        self,
        trainer_factory: TrainerFactory,
        n: int,
        timeout: float | None = None,
        prepare: Callable[[], object] = start_tensorflow,
    ) -> None:
        # As bytes: to unpickle it imports TensorFlow, which must be started quietly first.
        content = pickle.dumps(trainer_factory)
        self._crew = WorkerPool(lambda: _LocalProcess(content, prepare), n, timeout)

    def stream(self, jobs: Iterable[Job]) -> Outcomes:
        return self._crew.stream(jobs)

    def close(self) -> None:
        self._crew.close()

    def __enter__(self) -> Self:
        self._crew.start()
        return self


class _LocalProcess:
    """A `worker_pool.Worker`: a process, a pipe to it, and threads that wait at our end.

    Process and threads are daemons: where nobody stops them, they end with this process.
    """

    def __init__(self, pickled_factory: bytes, prepare: Callable[[], object]):
        # Bundled with joblib, which scikit-learn brings anyway. Unlike the standard library's,
        # its processes do not run the user's script again. Its pool is not used: that cannot
        # end one process without taking the others' jobs with it.
        from joblib.externals.loky.backend import get_context

        context = get_context("loky")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, pickled_factory, prepare, os.getpid())
        threads = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
        environment = dict.fromkeys(threads, "1")
        self._process = context.Process(
            target=_work, args=arguments, env=environment, daemon=True
        )
        self._process.start()
        theirs.close()  # so that the process's end is the pipe's
        try:
            self.ready: Future = _in_thread(self._receive)
        except RuntimeError:  # no thread can be started
            self.stop()
            raise

    def submit(self, job: Job) -> "Future[WorkerReply]":
        return _in_thread(self._exchange, job)

    def _exchange(self, job: Job) -> WorkerReply:
        self.ready.result()
        self._pipe.send(job)
        return self._receive()

    def _receive(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(GRACE)
            raise ChildProcessError(_cause(self._process.exitcode)) from error

    def stop(self) -> None:
        self._process.terminate()
        self._process.join(GRACE)
        if self._process.is_alive():  # it does not listen, or does not even run
            with suppress(ProcessLookupError):  # it has ended since
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.join()


def _in_thread(function: Callable[..., Any], *arguments: Any) -> Future:
    """What the function returns or raises, once it does. Unlike the threads of a pool, this
    one does not keep the program from ending."""
    future: Future = Future()

    def work() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def _cause(code: int | None) -> str:
    """How a process ended, from its exit code."""
    if code is not None and code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"exit status {code}"


def attempt(trainer: Trainer, job: Job) -> Outcome:
    """The outcome; what goes wrong is its reason, not the end of the search."""
    try:
        return trainer.train(job)
    except Exception as error:
        return Outcome(reason=f"{type(error).__name__}: {error}")


def _work(
    pipe: Connection, pickled_factory: bytes, prepare: Callable[[], object], parent: int
) -> None:
    """What a worker process does: jobs come in through the pipe, reports go out."""
    # Ctrl-C reaches the whole process group; when to stop is for the main process to decide.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    # If memory runs out, Linux shall end a worker, which is replaced, not the search.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    prepare()
    trainer = pickle.loads(pickled_factory)()
    pipe.send(None)  # ready
    with suppress(EOFError, OSError):  # the main process is gone
        while True:
            pipe.send(WorkerReply(attempt(trainer, pipe.recv()), memory()))


def _follow(parent: int) -> None:
    """End with the main process, even if that was killed and could tell nobody."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def memory() -> int:
    """Bytes of main memory that this process holds; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
