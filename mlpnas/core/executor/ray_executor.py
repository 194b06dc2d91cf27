"""OnRay: the executor for clusters, with Ray (`pip install mlpnas[ray]`).

A worker is an actor: a process somewhere in the cluster, with a trainer. The data lies in
Ray's object store, once per machine; an architecture, a seed and the inherited weights go in,
the outcome comes back. When a machine is lost, only what ran there is lost, and it is done
again elsewhere with the same seed: see `worker_pool`.
"""

from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, Self

from mlpnas.core.errors import InputError, extra_missing
from mlpnas.core.executor.executors import Executor, TrainerFactory, attempt, memory
from mlpnas.core.executor.worker_pool import Outcomes, WorkerPool, WorkerReply
from mlpnas.core.runtime.start import start_tensorflow
from mlpnas.core.trainer.base import Job, Trainer


class OnRay(Executor):
    """Trains in `n` actors of a Ray cluster.

    Args:
        trainer_factory: a picklable callable without arguments; its arrays are shared by all
            workers of a machine.
        n: number of actors.
        timeout: seconds after which a child is given up; None waits for ever.
        address: of the cluster, `"auto"` for the one this machine belongs to; None starts Ray
            on this machine.
        gpus: for each actor; a fraction shares one.

    Raises:
        InputError: if Ray is not installed, or no cluster answers.
    """

    def __init__(
        self,
        trainer_factory: TrainerFactory,
        n: int,
        timeout: float | None = None,
        address: str | None = None,
        gpus: float = 0.0,
    ) -> None:
        self._ray = connect(address, n)
        _check_room(self._ray.cluster_resources(), n, gpus)
        # In a list, or Ray would fetch it before the actor could start TensorFlow quietly.
        data = [self._ray.put(trainer_factory)]
        kind = self._ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0)(_Actor)
        self._crew = WorkerPool(lambda: _RayWorker(self._ray, kind.remote(data)), n, timeout)

    def stream(self, jobs: Iterable[Job]) -> Outcomes:
        return self._crew.stream(jobs)

    def close(self) -> None:
        self._crew.close()
        self._ray.shutdown()

    def __enter__(self) -> Self:
        self._crew.start()
        return self


def connect(address: str | None, n: int) -> Any:
    """The `ray` module, connected."""
    try:
        import ray
    except ImportError:
        raise extra_missing("--executor ray", "Ray", "ray") from None
    here = {} if address else {"num_cpus": n, "include_dashboard": False}
    try:
        ray.init(address, log_to_driver=False, logging_level="ERROR", **here)
    except (ConnectionError, ValueError) as error:
        raise InputError(
            f"no Ray cluster answers at --address {address}: {error}; expected one that runs: "
            "ray start --head, or leave --address out"
        ) from None
    return ray


def _check_room(cluster: dict[str, float], n: int, gpus: float) -> None:
    """Raise InputError unless all workers fit in: those that do not would wait for ever."""
    for name, need in (("CPU", n), ("GPU", n * gpus)):
        if need > cluster.get(name, 0):
            raise InputError(
                f"{n} workers on Ray need {need:g} {name}s and the cluster has "
                f"{cluster.get(name, 0):g}; expected as many or more: give fewer --jobs, or a "
                "smaller --gpus-per-job"
            )


class _Actor:
    """Lives in a process of the cluster."""

    def __init__(self, data: list) -> None:
        import ray

        start_tensorflow()
        self._trainer: Trainer = ray.get(data[0])()

    def started(self) -> None:
        """Answers when the trainer is made."""

    def train(self, job: Job) -> WorkerReply:
        return WorkerReply(attempt(self._trainer, job), memory())


class _RayWorker:
    """A `worker_pool.Worker`."""

    def __init__(self, ray: Any, actor: Any):
        self._ray, self._actor = ray, actor
        self.ready: Future = actor.started.remote().future()

    def submit(self, job: Job) -> "Future[WorkerReply]":
        return self._actor.train.remote(job).future()

    def stop(self) -> None:
        self._ray.kill(self._actor)
