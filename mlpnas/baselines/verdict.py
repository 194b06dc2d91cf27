"""Verdict: what several methods reached on several splits, and what that lets one conclude."""

import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from mlpnas.core.baselines.rank_correlation import rank_correlation
from mlpnas.core.errors import InputError
from mlpnas.core.run.files import replacing
from mlpnas.core.run.schema import parse

UNFINISHED = "compare.jsonl"  # in the run's folder while a comparison is not finished
SEARCH, RANDOM, WITHOUT = "our search", "our random search", "our search, no one-shot store"


class Score(NamedTuple):
    """What one method reached on one split, by the measure asked for.

    Attributes:
        method: its name.
        seed: of the split.
        valid, test: scores of the two folds.
        seconds: it took.
        search: of our searches the search score of every trial, None where it failed.
        pairs: `(search score, retrained validation score)` of architectures spread over the
            ranking from the best to the worst; of our searches on the first split.
    """

    method: str
    seed: int
    valid: float
    test: float
    seconds: float
    search: tuple[float | None, ...] = ()
    pairs: tuple[tuple[float, float], ...] = ()

    @property
    def tau(self) -> float | None:
        """How well the search score of an architecture foretells its score once retrained,
        see `rank_correlation`."""
        return rank_correlation(*zip(*self.pairs, strict=True))


@dataclass(frozen=True)
class Difference:
    """Our search's test score minus another method's, over the seeds.

    Attributes:
        method: the other.
        mean: of the differences.
        low, high: 95% confidence interval; infinite for a single seed.
    """

    method: str
    mean: float
    low: float
    high: float


def differences(scores: Sequence[Score], share: float) -> list[Difference]:
    """Our search against each other method, paired by seed.

    The splits share rows, so their scores are not independent. The variance is corrected for
    that as Nadeau and Bengio, "Inference for the generalization error", 2003, have it:
    (1 / n + test rows / training rows) times the variance of the differences.

    Args:
        share: test rows over training rows.
    """
    by_method: dict[str, dict[int, float]] = {}
    for score in scores:
        by_method.setdefault(score.method, {})[score.seed] = score.test
    ours = by_method.pop(SEARCH)
    return [_difference(name, ours, theirs, share) for name, theirs in by_method.items()]


def _difference(
    name: str, ours: dict[int, float], theirs: dict[int, float], share: float
) -> Difference:
    gaps = np.array([ours[seed] - theirs[seed] for seed in ours])
    n, mean = len(gaps), float(gaps.mean())
    if n < 2:
        return Difference(name, mean, -math.inf, math.inf)
    half = float(stats.t.ppf(0.975, n - 1) * math.sqrt((1 / n + share) * gaps.var(ddof=1)))
    return Difference(name, mean, mean - half, mean + half)


def verdict(found: Sequence[Difference], metric: str) -> str:
    """Who won, in a sentence, against the strongest method that is not a variant of ours."""
    others = [difference for difference in found if difference.method != WITHOUT]
    rival = min(others, key=lambda difference: difference.mean)
    gap = f"{abs(rival.mean):.4f} {metric} on average"
    if not math.isfinite(rival.low):
        side = "above" if rival.mean > 0 else "below"
        return (
            f"One seed tells nothing of luck: our search lies {gap} {side} "
            f"{rival.method}, the strongest other method."
        )
    if rival.low == rival.high == 0:
        return (
            f"No winner can be told: our search and {rival.method}, the strongest other "
            "method, scored the same on every split, as if both had ended with one network."
        )
    interval = f"95% interval {rival.low:+.4f} to {rival.high:+.4f}"
    if rival.low > 0:
        return f"Our search won: {gap} above {rival.method}, the next best ({interval})."
    if rival.high < 0:
        return f"{rival.method} won: our search lies {gap} below it ({interval})."
    side = "above" if rival.mean > 0 else "below"
    return (
        f"No winner can be told: our search lies {gap} {side} {rival.method}, the strongest "
        f"other method, and the {interval} holds zero."
    )


def record(scores: Sequence[Score], found: Sequence[Difference], told: str) -> dict[str, Any]:
    """Plain values for compare.json; what is infinite or no number becomes null."""
    return {
        "verdict": told,
        "scores": [{k: v for k, v in s._asdict().items() if k != "search"} for s in scores],
        "differences": [
            {k: v if isinstance(v, str) or math.isfinite(v) else None for k, v in item.items()}
            for item in map(asdict, found)
        ],
        "kendall_tau": {s.method: s.tau for s in scores if s.pairs},
        "kendall_tau_n": {s.method: len(s.pairs) for s in scores if s.pairs},
        # Of each method the search scores of every run, for the report's curves.
        "searches": {
            method: [s.search for s in scores if s.method == method]
            for method in (SEARCH, RANDOM)
        },
    }


class Findings:
    """compare.jsonl: the scores of a comparison under way, so that it can be taken up again.

    Args:
        path: its first line says what is compared, a line per score follows. Scores of the
            same comparison are kept, those of another dropped.
        asked: what is compared, as plain values.

    Attributes:
        scores: what is there.
    """

    def __init__(self, path: Path, asked: dict[str, Any]):
        self._path = path
        self.scores = _kept(path, json.loads(json.dumps(asked)))
        with replacing(path) as file:
            for line in (asked, *(score._asdict() for score in self.scores)):
                file.write(json.dumps(line).encode() + b"\n")

    def add(self, score: Score) -> None:
        """Append a score; it is in the file when this returns."""
        self.scores.append(score)
        with self._path.open("a") as file:
            file.write(json.dumps(score._asdict()) + "\n")

    def find(self, method: str, seed: int) -> Score | None:
        """What the method reached on that split; None if it has not run yet."""
        found = (s for s in self.scores if (s.method, s.seed) == (method, seed))
        return next(found, None)


def _kept(path: Path, asked: dict[str, Any]) -> list[Score]:
    lines = read_lines(path)
    if lines[:1] != [asked]:
        return []
    kept = []
    for line in lines[1:]:
        with suppress(InputError):  # it is run again
            kept.append(parse(Score, json.dumps(line)))
    return kept


def read_lines(path: Path) -> list[Any]:
    """The whole lines of such a file; one that a kill has torn is passed over."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else []:
        with suppress(ValueError):
            found.append(json.loads(line))
    return found
