"""Evaluation: what an architecture is worth. Trial: its place in a search. History: them all.

The journal `trials.jsonl` has a line per finished trial, in trial order, flushed to the disk
line by line, so that a killed run loses at most the trial it was working on.
"""

import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from mlpnas.core.space.search_space import Architecture


@dataclass(frozen=True)
class Evaluation:
    """The result of evaluating one architecture, whoever proposed it and when.

    Attributes as of `Trial`; it failed if it has a reason.

    Examples:
        >>> from mlpnas import Evaluation, MLPSpace
        >>> architecture = MLPSpace((3, "softmax")).parse("(64, 'relu'), (3, 'softmax')")
        >>> Evaluation(architecture, score=0.9).ok
        True
        >>> Evaluation(architecture, reason="out of memory").ok
        False
    """

    architecture: Architecture
    score: float | None = None
    curve: tuple[float, ...] = ()
    parameters: int = 0
    seconds: float = 0.0
    inherited: float = 0.0
    reason: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it has a score to learn from."""
        return self.reason is None


@dataclass(frozen=True)
class Trial:
    """An evaluation, with its place in a search and what was expected of it.

    Attributes:
        id: position in the run, from 0.
        round: the round in which it was proposed, from 0.
        architecture: what was evaluated.
        status: `"ok"` or `"failed"`.
        score: the proxy that steers the search, higher is better; None if it failed. Never
            to be mixed with the score of a retrained model.
        curve: validation metric after each epoch.
        parameters: trainable parameters of the network.
        seconds: wall-clock time of the evaluation.
        predicted: the score that the strategy's predictor expected beforehand, if any.
        inherited: fraction of the weight arrays that came from the one-shot store.
        reason: why it failed.

    Examples:
        >>> from mlpnas import Evaluation, MLPSpace, Trial
        >>> architecture = MLPSpace((3, "softmax")).parse("(64, 'relu'), (3, 'softmax')")
        >>> trial = Trial.of(Evaluation(architecture, score=0.9), id=0, round=0, predicted=None)
        >>> Trial.from_json(trial.to_json(), architecture.space) == trial
        True
    """

    id: int
    round: int
    architecture: Architecture
    status: Literal["ok", "failed"]
    score: float | None = None
    curve: tuple[float, ...] = ()
    parameters: int = 0
    seconds: float = 0.0
    predicted: float | None = None
    inherited: float = 0.0
    reason: str | None = None

    @staticmethod
    def of(evaluation: Evaluation, id: int, round: int, predicted: float | None) -> "Trial":
        """Make the trial of an evaluation, which only the loop can number."""
        found = {field.name: getattr(evaluation, field.name) for field in fields(evaluation)}
        status: Literal["ok", "failed"] = "ok" if evaluation.ok else "failed"
        return Trial(id=id, round=round, status=status, predicted=predicted, **found)

    @property
    def ok(self) -> bool:
        """Whether it has a score to learn from."""
        return self.status == "ok"

    def to_json(self) -> dict[str, Any]:
        """Return plain values for one line of the journal."""
        record = asdict(self)
        # The space is the same for all trials; run.json names it once.
        record["architecture"] = {
            "tokens": list(self.architecture.tokens),
            "text": self.architecture.text,
        }
        return record

    @staticmethod
    def from_json(record: dict[str, Any], space: str) -> "Trial":
        """Read what `to_json` gives, for an architecture of the named space."""
        written = record["architecture"]
        architecture = Architecture(space, tuple(written["tokens"]), written["text"])
        fields = {**record, "architecture": architecture, "curve": tuple(record["curve"])}
        return Trial(**fields)


class History:
    """Finished trials in order, mirrored in a journal if given a path.

    Args:
        path: the journal to append to; its folder must exist. None keeps trials in memory.
        trials: what the journal holds already, see `journal.reopen`.

    Attributes:
        told: how many of them the strategy was told. The others belong to a round that was
            cut short, and are told when it is complete.

    Examples:
        >>> from mlpnas import History, MLPSpace, RandomStrategy
        >>> from mlpnas.testing.fakes import trials_of
        >>> architectures = RandomStrategy(MLPSpace((3, "softmax"))).ask(5)
        >>> history = History(trials=trials_of(architectures))
        >>> len(history), history.best().id, [trial.id for trial in history.leaderboard(3)]
        (5, 0, [0, 3, 4])
    """

    def __init__(self, path: Path | None = None, trials: Iterable[Trial] = ()):
        self.trials, self.told = list(trials), 0
        # Unbuffered: what a full disk refuses must not be tried again when the file is closed.
        self._journal = None if path is None else path.open("ab", buffering=0)

    def __len__(self) -> int:
        return len(self.trials)

    def __bool__(self) -> bool:
        return True  # an empty history is still a history: `given or History()` must keep it

    @property
    def rounds_told(self) -> int:
        """Count the rounds that those trials made up."""
        return self.trials[self.told - 1].round + 1 if self.told else 0

    def record(self, trial: Trial) -> None:
        """Append a trial; it is on the disk when this returns.

        Raises:
            OSError: if it cannot be written; the journal may then end in a torn line.
        """
        if trial.id != len(self.trials):
            raise ValueError(f"trial {trial.id} recorded as number {len(self.trials)}")
        if self._journal:
            # allow_nan=False: a NaN would make the line unreadable to strict JSON parsers.
            line = json.dumps(trial.to_json(), allow_nan=False).encode() + b"\n"
            while line:  # a nearly full disk takes a part, then refuses the rest
                line = line[self._journal.write(line) :]
            os.fsync(self._journal.fileno())
        self.trials.append(trial)

    def close(self) -> None:
        """Close the journal."""
        if self._journal:
            self._journal.close()

    def leaderboard(self, n: int | None = 5) -> list[Trial]:
        """Return the n best successful trials, best first; equal scores in trial order."""
        ranked = sorted((t for t in self.trials if t.ok), key=lambda t: (-_score(t), t.id))
        return ranked[:n]

    def best(self) -> Trial | None:
        """Return the best successful trial so far, the earliest of equals; None without one."""
        return next(iter(self.leaderboard(1)), None)


def _score(trial: Trial) -> float:
    return -math.inf if trial.score is None else trial.score
