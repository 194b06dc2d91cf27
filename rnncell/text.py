"""A text becomes a Task: predict the next word, or the next character.

A text is a file, which is cut 80 : 10 : 10 in its own order, or a folder with one file each
for train, valid and test, as the Penn Treebank has. Line ends are tokens of their own. The
vocabulary comes from the training tokens alone; what is not in it becomes `<unk>`.

In the Task a row is a token, its target the token after it, and the classes are the
vocabulary. `windows` lays the rows out for truncated back-propagation.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.task import Fold, Task

UNKNOWN, LINE_END = "<unk>", "<eos>"
Tokens = list[str]
Unit = Literal["words", "characters"]


class Raw(NamedTuple):
    """Sequences to classify as their user has them, for the file that is delivered.

    Attributes:
        center, scale: of each feature, `(features,)` float32: what it was standardised by.
        steps: of the first validation sequences `(sequences, steps, features)`.
        length: how many of these are real `(sequences,)`.
    """

    center: np.ndarray
    scale: np.ndarray
    steps: np.ndarray
    length: np.ndarray


class Text(NamedTuple):
    """A task, and what was found while reading it; `raw` if it is of sequences."""

    task: Task
    notes: tuple[str, ...]
    raw: Raw | None = None


class Windows(NamedTuple):
    """Rows for truncated back-propagation, `(windows, batch, steps)` each.

    Window w + 1 continues every sequence of window w, so states are carried over.

    Attributes:
        x, y: token ids and the ids that follow them.
        weight: 1, and 0 where rows had to be made up to fill the last windows.
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray


def read_text(
    data: str | Path, unit: Unit = "words", vocabulary: int = 10_000, limit: int | None = None
) -> Text:
    """Read a text file, or a folder with files for train, valid and test.

    Args:
        data: its path.
        unit: whether tokens are words, separated by blanks, or characters.
        vocabulary: how many different tokens to keep at most, the most frequent.
        limit: how many training tokens to use, from the beginning; None for all.

    Raises:
        InputError: if it cannot be read, is empty, or too short to be cut in three.
    """
    if vocabulary < 2:
        raise InputError(f"--vocabulary is {vocabulary}; expected 2 or more")
    path = Path(data)
    folds = _read_folder(path, unit) if path.is_dir() else _cut(_read_file(path, unit), path)
    folds[0] = folds[0][:limit]
    words = _vocabulary(folds[0], vocabulary)
    notes = [f"{path}: {unit}, vocabulary of {len(words):,}"]
    for name, tokens in zip(("train", "valid", "test"), folds, strict=True):
        unknown = sum(token not in words or token == UNKNOWN for token in tokens)
        notes.append(f"{name}: {len(tokens):,} tokens, {unknown / len(tokens):.2%} unknown")
    return Text(_task(path.stem, folds, words), tuple(notes))


def windows(fold: Fold, batch: int, steps: int) -> Windows:
    """Cut the rows into `batch` sequences side by side, and these into pieces of `steps`.

    Every row occurs once with weight 1.
    """
    length = -(-len(fold) // batch)  # of a sequence, rounded up
    pieces = -(-length // steps)

    def lay_out(rows: np.ndarray) -> np.ndarray:
        sequences = np.zeros((batch, length), rows.dtype)
        sequences.reshape(-1)[: len(rows)] = rows
        filled = np.pad(sequences, ((0, 0), (0, pieces * steps - length)))
        return filled.reshape(batch, pieces, steps).swapaxes(0, 1)

    weight = lay_out(np.ones(len(fold), np.float32))
    return Windows(lay_out(fold.x), lay_out(fold.y), weight)


def check_length(task: Task, batch: int, steps: int) -> None:
    """Raise InputError if the training text does not fill one window."""
    if len(task.train) < batch * steps:
        raise InputError(
            f"the training text has {len(task.train)} tokens; expected {batch * steps} or more "
            f"for {batch} sequences of {steps} steps: give a longer text, or a smaller "
            "--batch or --steps"
        )


def _read_folder(path: Path, unit: Unit) -> list[Tokens]:
    files = sorted(path.iterdir())
    found = []
    for part in ("train", "valid", "test"):
        matching = [f for f in files if f.is_file() and part in f.name]
        if len(matching) != 1:
            raise InputError(
                f"{path} has {len(matching)} files with {part!r} in their names, "
                f"{[f.name for f in matching]}; expected exactly one"
            )
        found.append(_read_file(matching[0], unit))
    return found


def _read_file(path: Path, unit: Unit) -> Tokens:
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}; expected a text file, or a folder with "
            "files for train, valid and test"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is no UTF-8 text: byte {error.object[error.start]:#04x} at position "
            f"{error.start}; expected UTF-8: convert it, for instance with iconv"
        ) from None
    if unit == "characters":
        tokens = list(text)
    else:
        tokens = [token for line in text.splitlines() for token in [*line.split(), LINE_END]]
    if len(tokens) < 2:
        raise InputError(f"{path} has {len(tokens)} tokens; expected a text of two or more")
    return tokens


def _cut(tokens: Tokens, path: Path) -> list[Tokens]:
    tenth = len(tokens) // 10
    if tenth < 2:
        raise InputError(
            f"{path} has {len(tokens)} tokens; expected 20 or more, of which a tenth each is "
            "for validation and test"
        )
    return [tokens[: -2 * tenth], tokens[-2 * tenth : -tenth], tokens[-tenth:]]


def _vocabulary(tokens: Tokens, most: int) -> dict[str, int]:
    """Token -> id: the unknown one first, then the others, frequent ones first."""
    counts = Counter(tokens)
    counts.pop(UNKNOWN, None)
    ranked = sorted(counts, key=lambda token: (-counts[token], token))[: most - 1]
    return {token: i for i, token in enumerate([UNKNOWN, *ranked])}


def _task(name: str, folds: Sequence[Tokens], words: dict[str, int]) -> Task:
    ids = [np.array([words.get(token, 0) for token in fold], np.int32) for fold in folds]
    train, valid, test = (Fold(fold[:-1], fold[1:]) for fold in ids)
    return Task(name, "multiclass", train, valid, test, tuple(words))
