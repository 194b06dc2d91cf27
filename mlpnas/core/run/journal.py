"""Reads a journal back: every line is checked, since the folder may come from anywhere.

A process that is killed while it writes leaves a last line without its end. That one is cut
off; the trial is evaluated again and comes out the same. Everything else that does not belong
there is refused with the number of its line, and the file is left alone.
"""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlpnas.core.errors import InputError
from mlpnas.core.run.schema import LARGEST, LIMIT
from mlpnas.core.space.search_space import SearchSpace
from mlpnas.core.trial import History, Trial

log = logging.getLogger(__name__)


def reopen(path: Path, space: SearchSpace) -> History:
    """The history of a journal, open for more trials; says so if it had to be repaired.

    Raises:
        InputError: naming the line that is no trial of this space.
    """
    whole, torn = read_journal(path, space)
    if torn:
        log.warning("the last line of %s was torn by a kill; that trial is run again", path)
        os.truncate(path, path.stat().st_size - torn)
    return History(path, whole)


def read_journal(path: Path, space: SearchSpace) -> tuple[list[Trial], int]:
    """The trials of a journal, and how many bytes of a torn line follow them.

    Raises:
        InputError: naming the line that is no trial of this space.
    """
    content = path.read_bytes() if path.exists() else b""
    *lines, last = content.split(b"\n")
    trials = [_trial(path, number, line, space) for number, line in enumerate(lines)]
    if not _torn(last, len(trials)):
        raise _foreign(path, len(trials), "it is no trial, not even the beginning of one")
    return trials, len(last)


def _torn(line: bytes, number: int) -> bool:
    """Whether this may be what a kill left of trial `number`: a beginning, or zeros where
    the file had grown but its content had not reached the disk."""
    begun = line.rstrip(b"\0")
    start = f'{{"id": {number}, '.encode()
    return begun.startswith(start) or start.startswith(begun)


def _trial(path: Path, number: int, line: bytes, space: SearchSpace) -> Trial:
    try:
        record = json.loads(line, parse_constant=_refuse)
        trial = Trial.from_json(record, space.name)
        architecture = space.architecture(trial.architecture.tokens)
    except InputError as error:
        raise _foreign(path, number, str(error)) from None
    except (
        ArithmeticError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
    ) as error:
        raise _foreign(path, number, f"{type(error).__name__}: {error}") from None
    if trial.architecture.text != architecture.text:
        raise _foreign(path, number, f"its text is not that of its tokens, {architecture}")
    for name, holds in _RULES.items():
        if not holds(getattr(trial, name)):
            raise _foreign(path, number, f"{name} is {getattr(trial, name)!r}")
    if trial.id != number or trial.ok != (trial.score is not None):
        raise _foreign(path, number, f"id {trial.id}, {trial.status}, score {trial.score}")
    return trial


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _number(value: Any) -> bool:
    """Whether it is one that can be drawn, and no truth value."""
    return type(value) in (int, float) and abs(value) <= LARGEST


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < LIMIT


_RULES: dict[str, Callable[[Any], bool]] = {
    "id": _count,
    "round": _count,
    "status": lambda v: v in ("ok", "failed"),
    "score": lambda v: v is None or _number(v),
    "curve": lambda v: all(map(_number, v)),
    "parameters": _count,
    "seconds": _number,
    "predicted": lambda v: v is None or _number(v),
    "inherited": _number,
    "reason": lambda v: v is None or isinstance(v, str),
}


def _foreign(path: Path, number: int, what: str) -> InputError:
    return InputError(
        f"line {number + 1} of {path} is not what this run wrote: {what[:200]}; expected trial "
        f"{number} as JSON: put the file back as it was (it is left untouched)"
    )
