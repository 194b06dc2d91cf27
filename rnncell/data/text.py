"""A text becomes a Task: predict the next word, or the next character.

A text is a file, which is cut 80 : 10 : 10 in its own order, or a folder with one file each
for train, valid and test, as the Penn Treebank has. Line ends are tokens of their own. The
vocabulary comes from the training tokens alone; what is not in it becomes `<unk>`.

In the Task a row is a token, its target the token after it, and the classes are the
vocabulary. `windows` lays the rows out for truncated back-propagation.
"""

import codecs
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from mlpnas.core.data.fold_names import find_folds, is_hidden
from mlpnas.core.errors import InputError, listing
from mlpnas.core.task import Fold, Task

UNKNOWN, LINE_END = "<unk>", "<eos>"
FOLDS = ("train", "valid", "test")
MOST_UNKNOWN = 0.5  # of a fold's tokens, without a warning
# Bytes with which a text names its encoding; the longer ones first.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
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

    def record(self) -> dict[str, Any]:
        """What run.json says of it, besides what `folder.describe_data` does; the vocabulary,
        by token id, are its classes."""
        return {"notes": list(self.notes)}


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
    path, found = Path(data), list[str]()
    read = _read_folder if path.is_dir() else _read_one
    try:
        folds = read(path, unit, found)
    except OSError as error:
        raise InputError(
            f"cannot read {error.filename}: {error.strerror}; expected a text file, or a "
            "folder with files for train, valid and test"
        ) from None
    folds[0] = folds[0][:limit]
    words = _vocabulary(folds[0], vocabulary)
    notes = [f"{path}: {unit}, vocabulary of {len(words):,}", *found]
    for fold, tokens in zip(FOLDS, folds, strict=True):
        unknown = sum(token not in words or token == UNKNOWN for token in tokens) / len(tokens)
        notes.append(f"{fold}: {len(tokens):,} tokens, {unknown:.2%} unknown")
        if unknown >= MOST_UNKNOWN:
            notes.append(
                f"Warning: {unknown:.0%} of the {fold} tokens are unknown, and so the same one "
                "to the model. Take a larger --vocabulary, or texts of one language."
            )
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


def _read_folder(path: Path, unit: Unit, notes: list[str]) -> list[Tokens]:
    """Tokens of each fold's file, also where these are in a folder of their own."""
    seen = [entry for entry in sorted(path.iterdir()) if not is_hidden(entry.name)]
    if len(seen) == 1 and seen[0].is_dir():
        return _read_folder(seen[0], unit, notes)
    names = [entry.name for entry in seen if entry.is_file()]
    found = find_folds(names, str(path))
    if missing := [fold for fold in FOLDS if fold not in found]:
        raise InputError(
            f"{path} has no file for {', '.join(missing)} among {listing(names) or 'none'}; "
            "expected such as train.txt, valid.txt and test.txt, alike but for these words: "
            "rename them, or give one file, which is cut in three"
        )
    return [_tokens(path / found[fold], unit, notes) for fold in FOLDS]


def _read_one(path: Path, unit: Unit, notes: list[str]) -> list[Tokens]:
    """Tokens of a file, cut in its own order."""
    tokens = _tokens(path, unit, notes)
    tenth = len(tokens) // 10
    if tenth < 2:
        raise InputError(
            f"{path} has {len(tokens)} tokens; expected 20 or more, of which a tenth each is "
            "for validation and test: give a longer text, or --unit characters"
        )
    return [tokens[: -2 * tenth], tokens[-2 * tenth : -tenth], tokens[-tenth:]]


def tokens_of(text: str, unit: Unit) -> Tokens:
    """Words, with a line end after every line, or characters."""
    if unit == "characters":
        return list(text)
    return [token for line in text.splitlines() for token in [*line.split(), LINE_END]]


def text_in(path: Path, notes: list[str]) -> str:
    """A file's text, with line ends of one kind.

    Args:
        notes: sentences on its encoding are added here.

    Raises:
        InputError: if it cannot be read, or is no text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}; expected a text file: check the path"
        ) from None
    return _plain(content, path, notes)


def _tokens(path: Path, unit: Unit, notes: list[str]) -> Tokens:
    tokens = tokens_of(_plain(path.read_bytes(), path, notes), unit)
    if len(set(tokens)) < 2:
        raise InputError(
            f"{path} has {len(tokens)} tokens, {len(set(tokens))} of them different; "
            "expected a text of two or more: is it the right file?"
        )
    return tokens


def _plain(content: bytes, path: Path, notes: list[str]) -> str:
    return _decoded(content, path, notes).replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes, path: Path, notes: list[str]) -> str:
    """The text in the encoding that its first bytes name, else UTF-8, else Latin-1."""
    named = next((name for mark, name in MARKS.items() if content.startswith(mark)), None)
    text = content.decode(named or "utf-8", errors="replace")
    if "\0" in text:
        raise InputError(
            f"{path} holds a zero byte, in character {text.index(chr(0)):,}; expected a text: "
            "give another file, or convert it, such as with iconv -f utf-16le -t utf-8"
        )
    bad = text.count("\ufffd") - content.count("\ufffd".encode())
    if not bad:
        return text
    # A few bad bytes among many good characters beyond ASCII: damaged, not another encoding.
    if named or sum(character > "\x7f" for character in text) > 2 * bad:
        notes.append(f"Warning: {path} has {bad:,} places that are no {named or 'utf-8'}.")
        return text
    notes.append(
        f"Warning: {path} is no UTF-8 text and was read as Latin-1 (Windows-1252). If its "
        "words look wrong, convert it: iconv -f ENCODING -t utf-8"
    )
    return content.decode("cp1252", errors="replace")


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
