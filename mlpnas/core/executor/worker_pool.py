"""WorkerPool: hands jobs to workers, and outlives what happens to them.

A worker is a process with a trainer, on this machine or another, that trains one child at a
time. So it is known whose child was being trained when a process dies or hangs: one that dies
is replaced and the job is done again with the same seed, since the machine may be at fault
and not the child; if that process dies too, the child has failed. The others go on meanwhile.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple, Protocol

from mlpnas.core.errors import InputError
from mlpnas.core.trainer.base import Job, Outcome

# Numbers of jobs with what came of them; closing it gives up what is still being trained.
Outcomes = Generator[tuple[int, Outcome], None, None]

MEMORY_GROWTH = 2 << 30  # bytes that a worker may grow by before it is replaced
STARTING = 600.0  # seconds within which a worker must be ready
_POLL = 0.2  # seconds between looks at the clock while children may be late


class WorkerReply(NamedTuple):
    """What a worker returns.

    Attributes:
        outcome: of the job.
        memory: bytes that its process holds now; 0 if unknown.
    """

    outcome: Outcome
    memory: int = 0


class Worker(Protocol):
    """A process that trains.

    Attributes:
        ready: done when the process has started and made its trainer.
    """

    ready: Future

    def submit(self, job: Job) -> "Future[WorkerReply]":
        """Train; the future fails if the process dies."""
        ...

    def stop(self) -> None:
        """End the process at once, whatever it is doing."""
        ...


@dataclass
class _Slot:
    """A worker, when it was started, and how much memory it held after its first job."""

    worker: Worker
    hired: float = field(default_factory=monotonic)
    first_memory: int = 0

    def has_grown(self, memory: int) -> bool:
        self.first_memory = self.first_memory or memory
        return memory > self.first_memory + MEMORY_GROWTH


@dataclass
class _Assignment:
    """A job under way. `place` is its number; `began` is None while the worker starts."""

    place: int
    job: Job
    member: _Slot
    attempt: int = 1
    began: float | None = None

    def seconds(self) -> float:
        """How long it has been trained, not counting the worker's start."""
        if self.began is None and self.member.worker.ready.done():
            self.began = monotonic()
        return 0.0 if self.began is None else monotonic() - self.began


class WorkerPool:
    """Workers that share the jobs of an executor.

    Args:
        hire: starts a worker.
        n: how many there are.
        timeout: seconds after which a child is given up; None waits for ever.
    """

    def __init__(
        self, start_worker: Callable[[], Worker], n: int, timeout: float | None = None
    ):
        self._start_worker, self._n, self._timeout = start_worker, n, timeout
        self._free: list[_Slot] = []
        self._busy: dict[Future, _Assignment] = {}

    def start(self) -> None:
        """Start all workers: they take seconds to start, while the caller prepares its search.

        Raises:
            InputError: if there is no room for all of them; those that did start are ended.
        """
        try:
            while len(self._free) + len(self._busy) < self._n:
                self._free.append(self._new_slot())
        except BaseException:
            self.close()
            raise

    def _new_slot(self) -> _Slot:
        try:
            return _Slot(self._start_worker())
        except Exception as error:  # no memory, files, processes or threads are left
            # loky's clean-up fails over files that it could not open, and hides the cause.
            raise _no_room(_first_line(error.__context__ or error)) from None

    def stream(self, jobs: Iterable[Job]) -> Outcomes:
        """Yield outcomes as they come, with the numbers of their jobs, from 0."""
        waiting, finished = enumerate(jobs), deque[tuple[int, Outcome]]()
        try:
            while True:
                self._fill(waiting)  # first, so that workers do not wait for the caller
                if finished:
                    yield finished.popleft()
                elif self._busy:
                    finished.extend(self._collect())
                else:
                    return
        finally:
            for task in self._busy.values():  # the caller has left the round
                task.member.worker.stop()
            self._busy = {}

    def _fill(self, waiting: Iterator[tuple[int, Job]]) -> None:
        """Give every free worker a job, as long as there are any."""
        while len(self._busy) < self._n:
            following = next(waiting, None)
            if following is None:
                return
            member = self._free.pop() if self._free else self._new_slot()
            self._begin(_Assignment(*following, member))

    def _begin(self, task: _Assignment) -> None:
        try:
            future = task.member.worker.submit(task.job)
        except Exception as error:  # it died while it had nothing to do
            future = Future()
            future.set_exception(error)
        self._busy[future] = task

    def _collect(self) -> Iterator[tuple[int, Outcome]]:
        """Outcomes of the tasks that have ended since, by place; late ones are ended."""
        pause = None if self._timeout is None else _POLL
        done, _ = wait(self._busy, pause, FIRST_COMPLETED)
        for future in done:
            task = self._busy.pop(future)
            error = future.exception()
            outcome = self._after_death(task, error) if error else self._received(task, future)
            if outcome is not None:
                yield task.place, outcome
        for future in [f for f, task in self._busy.items() if self._is_late(task)]:
            task = self._busy.pop(future)
            task.member.worker.stop()
            reason = f"took longer than {self._timeout:g} s, the limit for a trial"
            yield task.place, Outcome(seconds=task.seconds(), reason=reason)

    def _is_late(self, task: _Assignment) -> bool:
        # The limit is for trials; a job with a recipe of its own may take longer.
        if self._timeout is None or task.job.recipe is not None:
            return False
        seconds = task.seconds()
        if task.began is None and monotonic() - task.member.hired > STARTING:
            raise _no_room(f"not ready after {STARTING:g} s")
        return seconds > self._timeout

    def _received(self, task: _Assignment, future: "Future[WorkerReply]") -> Outcome:
        report = future.result()
        if task.member.has_grown(report.memory):
            task.member.worker.stop()
        else:
            self._free.append(task.member)
        return report.outcome

    def _after_death(self, task: _Assignment, error: BaseException) -> Outcome | None:
        """Try once more, with a worker that is known to have started; the second death is the
        child's own."""
        task.member.worker.stop()
        if task.attempt == 1:
            fresh = self._new_slot()
            if problem := _trouble(fresh.worker):
                fresh.worker.stop()
                raise _no_room(problem)
            self._begin(_Assignment(task.place, task.job, fresh, attempt=2))
            return None
        reason = f"its process died twice: {_first_line(error)}"
        return Outcome(reason=reason)

    def close(self) -> None:
        """End all workers."""
        for member in [*self._free, *(task.member for task in self._busy.values())]:
            member.worker.stop()
        self._free, self._busy = [], {}


def _trouble(worker: Worker) -> str | None:
    """Why the worker cannot start; None once it has."""
    try:
        worker.ready.result(STARTING)
    except TimeoutError:
        return f"not ready after {STARTING:g} s"
    except Exception as error:
        return _first_line(error)
    return None


def _no_room(why: str) -> InputError:
    return InputError(
        f"processes that train cannot be started: {why}; expected room for them: free some "
        "memory or give fewer --jobs; finished trials are safe"
    )


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
