"""Where children are trained. Unlike the settings, this changes no result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mlpnas.core.errors import InputError
from mlpnas.core.executor.executors import Executor, InProcess, TrainerFactory, WorkerProcesses
from mlpnas.core.run.settings import at_least


@dataclass(frozen=True)
class Workers:
    """Where children are trained.

    Attributes:
        jobs: processes that train, at least 1.
        trial_timeout: seconds after which a child is given up; None waits for ever.
        executor: `"local"` for processes on this machine, `"ray"` for a Ray cluster,
            `"here"` for no other process than this one.
        address: of the Ray cluster; None starts Ray on this machine.
        gpus: per process on Ray; a fraction shares one.
    """

    jobs: int = 1
    trial_timeout: float | None = None
    executor: Literal["local", "ray", "here"] = "local"
    address: str | None = None
    gpus: float = 0.0

    def __post_init__(self) -> None:
        at_least(self, 1, "jobs")
        if not self.gpus >= 0:
            raise InputError(f"--gpus-per-job is {self.gpus}; expected 0 or more")
        if self.executor != "ray" and (self.address or self.gpus):
            raise InputError("--address and --gpus-per-job are for --executor ray; add it")


def make_executor(trainer: TrainerFactory, workers: Workers) -> Executor:
    """Where the children are trained.

    For the command line in processes of their own even if it is one only. That costs four
    seconds at the start, on a second core, and buys that no child can end the search: neither
    by crashing nor by hanging nor by taking all memory. A search that its own child ends
    would, when resumed, come to the same child again.
    """
    if workers.executor == "ray":
        from mlpnas.core.executor.ray_executor import OnRay

        return OnRay(
            trainer, workers.jobs, workers.trial_timeout, workers.address, workers.gpus
        )
    if workers.executor == "here":
        return InProcess(trainer)
    return WorkerProcesses(trainer, workers.jobs, workers.trial_timeout)


Hire = Callable[[TrainerFactory, Workers], Executor]
