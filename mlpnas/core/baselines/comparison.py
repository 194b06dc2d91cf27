"""What stands beside a search: its choice, random architectures, how far scores agree.

The best random architecture is what a search has to beat: as many training steps as the
search took are spent on children that are drawn uniformly and trained one by one. The same
children tell how far shared weights can be believed: by the rank correlation of their scores
with and without.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mlpnas.core.baselines.rank_correlation import FEWEST, rank_correlation, told
from mlpnas.core.data.measure import Measure
from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.run.journal import reopen
from mlpnas.core.search import search
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.supernet import SharedScores, derive
from mlpnas.core.trial import History, Trial


class Budget(NamedTuple):
    """How many children are trained, and for how many epochs each."""

    children: int
    epochs: int


def select_architecture(
    history: History, strategy: Strategy, supernet: SharedScores | None, draws: int
) -> Architecture:
    """Return the architecture that a search ends with.

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
    return best.architecture if supernet is None else derive(strategy, supernet, draws)[0][0]


def equal_budget(
    trials: int, epochs: int, shared: bool, baselines: int, trials_per_pass: int
) -> Budget:
    """Children and epochs that take as many training steps as a search of `trials` took.

    Args:
        trials: of the search.
        epochs: of each of its children.
        shared: whether there were none, but shared weights.
        rivals: how many children stand against shared weights.
        trials_per_pass: scores between two passes of the shared weights.
    """
    if not shared:
        return Budget(trials, epochs)
    return Budget(baselines, math.ceil(math.ceil(trials / trials_per_pass) / baselines))


def random_search(
    path: Path,
    strategy: RandomStrategy,
    evaluator: Evaluator,
    children: int,
    on_trial: Callable[[Trial], None],
) -> History:
    """Train `children` random architectures in one round; continue the journal at `path`."""
    with closing(reopen(path, strategy.space)) as baselines:
        return search(strategy, evaluator, baselines, children, children, on_trial)


def rank_agreement(supernet: SharedScores | None, baselines: History) -> dict[str, Any]:
    """Correlate the random architectures' scores with shared weights and without.

    Returns:
        Plain values for run.json; none where there are no shared weights or no scores.
    """
    trials = [trial for trial in baselines.trials if trial.score is not None]
    if supernet is None or not trials:
        return {}
    shared = supernet.validate([trial.architecture for trial in trials])
    alone = [trial.score for trial in trials if trial.score is not None]
    return {
        "kendall_tau": rank_correlation(shared, alone),
        "kendall_tau_n": len(alone),
        "shared_scores": list(shared),
        "alone_scores": alone,
        "alone_epochs": len(trials[0].curve),
    }


def agreement_line(agreed: Mapping[str, Any]) -> str:
    """Say in a sentence how far shared weights can be believed, given `rank_agreement`."""
    n, epochs = len(agreed["alone_scores"]), agreed["alone_epochs"]
    tau = told(agreed["kendall_tau"], n)
    if tau is None:
        return (
            f"{n} random architectures, each trained alone (epochs: {epochs}), are too few for "
            f"a rank correlation with their shared-weight scores, which takes {FEWEST}"
        )
    return (
        f"rank correlation of shared-weight and stand-alone scores (Kendall's tau): {tau}, "
        f"over {n} random architectures, each trained alone (epochs: {epochs})"
    )


def top_means(
    trials: Sequence[Trial],
    sizes: Sequence[int] = (1, 5, 15),
    of: Callable[[float], float] = float,
) -> dict[int, float]:
    """Average the best k trials, for each k up to their number (Zoph and Le, 2017).

    Args:
        of: what is averaged, given a score.
    """
    scores = sorted((t.score for t in trials if t.score is not None), reverse=True)
    return {k: float(np.mean([of(s) for s in scores[:k]])) for k in sizes if k <= len(scores)}


def compare_with_random(
    history: History, baselines: History, measure: Measure
) -> dict[str, Any]:
    """Zoph and Le's control, as plain values for run.json: `[k, ours, random search's]` for
    each k of `top_means`. Both searches must have the same kind of scores.

    Args:
        measure: what is averaged.
    """
    ours, theirs = (top_means(h.trials, of=measure.value) for h in (history, baselines))
    means = [[k, ours[k], theirs[k]] for k in ours if k in theirs]
    means = [row for row in means if all(map(math.isfinite, row))]  # a perplexity may be none
    return {"control": {"measure": f"validation {measure.name}", "top_means": means}}


def control_lines(record: Mapping[str, Any]) -> list[str]:
    """The search against random search, in sentences; none if the record has no `control`."""
    found = record.get("control", {"top_means": []})
    return [
        f"mean {found['measure']} of the best {k}: {ours:.4f}, of random search's {theirs:.4f}"
        for k, ours, theirs in found["top_means"]
    ]
