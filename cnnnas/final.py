"""After the search: derive, train children at random beside it, retrain, test once.

The best random architecture is what a search has to beat: as many training steps as the
search took are spent on children that are drawn uniformly and trained one by one; the best of
them is retrained by the same recipe as the architecture found. The same children tell how far
shared weights can be believed: by the rank correlation of their scores with and without.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np

from cnnnas.run import CHILD, Run
from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import Job, Outcome
from mlpnas.core.journal import reopen
from mlpnas.core.search import search
from mlpnas.core.search_space import Architecture
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.supernet import derive, rank_correlation
from mlpnas.core.training import set_weights
from mlpnas.core.trial import History, Trial

FOUND, RANDOM = "found by the search", "best random"


@dataclass(frozen=True)
class Result:
    """A network that was trained at length.

    Attributes:
        name: where its architecture came from.
        architecture: as text.
        parameters: trainable ones.
        valid, test: accuracy.
        seconds: of its training.
        curve: validation accuracy after each epoch.
    """

    name: str
    architecture: str
    parameters: int
    valid: float
    test: float
    seconds: float
    curve: tuple[float, ...]


def found(run: Run, history: History) -> Architecture:
    """The architecture that the search found.

    With shared weights: the best of many draws from the strategy on a fixed slice of the
    validation rows. Without: the best trial's.

    Raises:
        InputError: if no trial succeeded.
    """
    best = history.best()
    if best is None:
        reason = history.trials[0].reason if history.trials else "no time for any"
        raise InputError(
            f"none of the {len(history)} trials succeeded; expected at least one: mend the "
            f"first one's reason: {reason}"
        )
    if run.supernet is None:
        return best.architecture
    return derive(run.session.strategy, run.supernet, run.settings.sizes.draws)[0][0]


def random_search(run: Run, history: History, on_trial: Callable[[Trial], None]) -> History:
    """As many training steps as the search took, on children drawn uniformly.

    They are kept in rivals.jsonl, so that a resumed run goes on with them.
    """
    s = run.settings
    n, epochs = len(history), s.epochs
    if run.supernet is not None:
        n = s.sizes.rivals
        passes = math.ceil(len(history) / (s.per_round * s.rounds_per_pass))
        epochs = math.ceil(passes / n)
    strategy = RandomStrategy(run.space, run.seed_of(0))
    evaluator = run.children(replace(CHILD, epochs=epochs), run.seed_of(1))
    with closing(reopen(run.folder.path / "rivals.jsonl", run.space)) as rivals:
        return search(strategy, evaluator, rivals, n, n, on_trial)


def agreement(run: Run, rivals: History) -> dict[str, Any]:
    """Rank correlation of the rivals' scores with shared weights and without."""
    trials = [trial for trial in rivals.trials if trial.score is not None]
    if run.supernet is None or not trials:
        return {}
    shared = run.supernet.validate([trial.architecture for trial in trials])
    alone = [trial.score for trial in trials if trial.score is not None]
    tau = rank_correlation(shared, alone)
    return {
        "kendall_tau": None if math.isnan(tau) else tau,
        "shared_scores": list(shared),
        "alone_scores": alone,
        "alone_epochs": len(trials[0].curve),
    }


def top_means(trials: Sequence[Trial], sizes: Sequence[int] = (1, 5, 15)) -> dict[int, float]:
    """Mean score of the best k trials, for each k there are so many of (Zoph and Le, 2017)."""
    scores = sorted((t.score for t in trials if t.score is not None), reverse=True)
    return {k: float(np.mean(scores[:k])) for k in sizes if k <= len(scores)}


def retrain(
    run: Run, architectures: Mapping[str, Architecture]
) -> tuple[list[Result], keras.Model]:
    """Train each at length from fresh weights, and read the test rows, once for each.

    Args:
        architectures: by where they came from; the first is the one to keep.

    Returns:
        The results, and the first's model, which takes standardised images.

    Raises:
        InputError: if a training diverges.
    """
    final = run.settings.sizes.final
    jobs = [Job(a, run.seed_of(2), recipe=final) for a in architectures.values()]
    outcomes = list(run.executor.run(jobs))
    results, models = [], []
    for name, job, outcome in zip(architectures, jobs, outcomes, strict=True):
        if outcome.reason is not None:
            raise InputError(
                f"the architecture {name} could not be retrained: {outcome.reason}; expected "
                "a finite loss: choose another --preset or --seed"
            )
        model = run.generator.build(job.architecture, run.images.task, seed=job.seed)
        set_weights(model, outcome.weights)
        results.append(_tested(run, name, job.architecture, model, outcome))
        models.append(model)
    return results, models[0]


def _tested(
    run: Run, name: str, architecture: Architecture, model: keras.Model, outcome: Outcome
) -> Result:
    task = run.images.task
    valid, test = (
        task.score(fold.y, model.predict(fold.x, batch_size=512, verbose=0))
        for fold in (task.valid, task.test)
    )
    return Result(
        name, str(architecture), outcome.parameters, valid, test, outcome.seconds, outcome.curve
    )


def record(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Plain values for run.json."""
    return [asdict(result) for result in results]
