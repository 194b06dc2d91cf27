"""What every executor does with jobs: outcomes in order, whoever trains and whatever fails."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mlpnas.core.executor.executors import Executor, TrainerFactory, attempt
from mlpnas.core.shared_weights import Weights
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.trainer.base import Job, Outcome
from mlpnas.testing.promises import require

Make = Callable[[TrainerFactory, float | None], Executor]

TIMEOUT = 1.0  # seconds
MOST_AHEAD = 20  # jobs: more than there are workers where a contract is checked


class Obedient:
    """A trainer that does what the architecture of its job says: `raise`, `die`, `hang`, or
    else an outcome that follows from the job."""

    def train(self, job: Job) -> Outcome:
        command = str(job.architecture)
        if command == "raise":
            raise MemoryError(f"no room for {job.seed}")
        if command == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if command == "hang":
            time.sleep(600)
        weights = {key: tuple(2 * a for a in arrays) for key, arrays in job.weights.items()}
        rng = np.random.default_rng(job.seed)
        return Outcome(tuple(rng.random(3).tolist()), ((1.0, 0.5),) * 3, weights, job.seed)


def job(seed: int, command: str = "train") -> Job:
    """A job for `Obedient`."""
    weights: Weights = {"layer": (np.full((2, 3), seed, np.float32),)}
    return Job(Architecture("commands", (seed,), command), seed, weights)


def _expected(jobs: Sequence[Job]) -> list[tuple]:
    return [_content(attempt(Obedient(), each)) for each in jobs]


def _content(outcome: Outcome) -> tuple:
    """All of an outcome but its seconds, to compare."""
    weights = {key: [a.tolist() for a in arrays] for key, arrays in outcome.weights.items()}
    return outcome.curve, outcome.losses, weights, outcome.parameters, outcome.reason


def outcomes_come_in_the_order_of_the_jobs_and_are_what_training_here_gives(
    make: Make,
) -> None:
    jobs = [job(seed) for seed in (5, 1, 4, 2, 3, 0)]
    with make(Obedient, None) as executor:
        found = [_content(outcome) for outcome in executor.run(jobs)]
        again = [_content(outcome) for outcome in executor.run(jobs[:2])]
    require(found == _expected(jobs), f"the outcomes are {found}; expected {_expected(jobs)}")
    require(again == found[:2], "a second run of the same jobs has other outcomes")


def an_error_is_a_failed_outcome_and_stops_no_other(make: Make) -> None:
    jobs = [job(1), job(2, "raise"), job(3)]
    with make(Obedient, None) as executor:
        found = [_content(outcome) for outcome in executor.run(jobs)]
    require(found == _expected(jobs), f"the outcomes are {found}; expected {_expected(jobs)}")


def a_stream_numbers_outcomes_by_their_jobs(make: Make) -> None:
    jobs = [job(seed) for seed in (3, 1, 2)]
    with make(Obedient, None) as executor:
        found = {number: _content(outcome) for number, outcome in executor.stream(jobs)}
    expected = dict(enumerate(_expected(jobs)))
    require(found == expected, f"stream gave {found}; expected {expected}")


def a_job_may_follow_from_an_outcome(make: Make) -> None:
    done: list[int] = []

    def following() -> Iterator[Job]:
        while len(done) < 3:
            yield job(len(done))

    with make(Obedient, None) as executor:
        for number, _ in executor.stream(following()):
            done.append(number)
    # Each worker may have taken one more when the third outcome came.
    ahead = len(done) - 3
    require(ahead < MOST_AHEAD, f"{ahead} jobs were taken before the outcomes they follow from")


def no_jobs_give_no_outcomes_and_closing_twice_is_harmless(make: Make) -> None:
    with make(Obedient, None) as executor:
        found = list(executor.run([]))
    executor.close()
    require(found == [], f"no jobs had the outcomes {found}")


PROMISES: tuple[Callable[[Make], None], ...] = (
    outcomes_come_in_the_order_of_the_jobs_and_are_what_training_here_gives,
    an_error_is_a_failed_outcome_and_stops_no_other,
    a_stream_numbers_outcomes_by_their_jobs,
    a_job_may_follow_from_an_outcome,
    no_jobs_give_no_outcomes_and_closing_twice_is_harmless,
)


# --- where a training has a process of its own ------------------------------------------


def a_process_that_dies_costs_one_trial(make: Make) -> None:
    _require_one_failure(make, "die", None)


def a_training_that_hangs_is_given_up(make: Make) -> None:
    _require_one_failure(make, "hang", TIMEOUT)


def _require_one_failure(make: Make, command: str, timeout: float | None) -> None:
    jobs = [job(1), job(2, command), job(3)]
    with make(Obedient, timeout) as executor:
        outcomes = list(executor.run(jobs))
    require(len(outcomes) == 3, f"{len(outcomes)} outcomes of 3 jobs, one told to {command}")
    reason = outcomes[1].reason
    require(reason, f"the job that was told to {command} has no reason; expected one")
    others = [_content(outcomes[i]) for i in (0, 2)]
    expected = _expected([jobs[0], jobs[2]])
    require(others == expected, f"beside it others are {others}; expected {expected}")


ISOLATED: tuple[Callable[[Make], None], ...] = (
    a_process_that_dies_costs_one_trial,
    a_training_that_hangs_is_given_up,
)


def check_executor(make: Make, isolated: bool = True) -> None:
    """Hold an executor to its contract.

    Args:
        make: makes it from what makes trainers and a limit in seconds for a trial, or None.
        isolated: whether a training that crashes or hangs leaves this process alone.

    Raises:
        ContractError: at the first promise that is broken.

    Examples:
        >>> from mlpnas.core.executor.executors import InProcess
        >>> from mlpnas.testing import check_executor
        >>> check_executor(lambda factory, timeout: InProcess(factory), isolated=False)
    """
    for promise in PROMISES + (ISOLATED if isolated else ()):
        promise(make)
