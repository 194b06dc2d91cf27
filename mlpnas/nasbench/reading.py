"""Table files: CSV, gzipped or not, and arrays; complaints say where, and what was expected."""

import csv
import gzip
import math
import zlib
from collections.abc import Iterator, Sequence, Sized
from pathlib import Path
from typing import TextIO, cast

import numpy as np

from mlpnas.core.data.arrays import read_arrays
from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry
from mlpnas.core.space.search_space import SearchSpace, Tokens


class Row:
    """One row of a table file.

    Attributes:
        where: file and line, as complaints name them; the header is line 1.
    """

    def __init__(self, where: str, cells: dict[str, str]):
        self.where, self._cells = where, cells

    def text(self, column: str) -> str:
        """The cell as it stands."""
        return self._cells[column]

    def number(self, column: str, low: float = -math.inf, high: float = math.inf) -> float:
        """The cell as a number in [low, high]."""
        try:
            value = float(self._cells[column])
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise self.wrong(column, f"a number from {low:g} to {high:g}")
        return value

    def wrong(self, column: str, expected: str) -> InputError:
        """The complaint about a cell."""
        return InputError(
            f"{self.where}: {column} is {self._cells[column]!r}, expected {expected}; the "
            "file is damaged or of another benchmark: get it again"
        )


def open_text(path: Path) -> TextIO:
    """A text file, gzipped if its name ends in .gz."""
    if not path.exists():
        raise InputError(f"there is no table {path}; give the path of a benchmark's file")
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


def lines(path: Path) -> Iterator[str]:
    """The lines of a file; one that breaks off says after which line."""
    number = 0
    with open_text(path) as file:
        try:
            for line in file:
                number += 1
                yield line
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise InputError(
                f"{path} cannot be read beyond line {number} ({error}); expected a complete "
                "text or gzip file: get it again"
            ) from None


def rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a CSV that has (at least) these columns."""
    reader = csv.reader(lines(path))
    header = next(reader, [])
    missing = [column for column in columns if column not in header]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]!r}, its columns are {header[:6]}...; expected "
            f"{list(columns)}: is it the table of another benchmark?"
        )
    for cells in reader:
        where = f"{path}, line {reader.line_num}"
        if len(cells) != len(header):
            raise InputError(
                f"{where} has {len(cells)} cells, expected {len(header)} as in the header; "
                "the file is damaged: get it again"
            )
        yield Row(where, dict(zip(header, cells, strict=True)))


def arrays(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Some arrays of an `.npz` file."""
    return read_arrays(path, names, remedy="is it of another benchmark? Else get it again")


def check_array(
    path: Path,
    name: str,
    values: np.ndarray,
    shape: Sequence[int | None],
    low: float = 0.0,
    high: float = math.inf,
) -> None:
    """Refuse an array that is not of this shape (None: any length), or has a value that is
    not a finite number in [low, high]; the first such is named."""
    fits = len(values.shape) == len(shape) and all(
        expected in (None, found) for expected, found in zip(shape, values.shape, strict=True)
    )
    if not fits or values.dtype.kind not in "iuf":
        written = ", ".join("any" if n is None else str(n) for n in shape)
        raise InputError(
            f"{path}: {name} holds {values.dtype} of shape {values.shape}, expected numbers "
            f"of shape ({written}); the file is damaged or of another benchmark: get it again"
        )
    wrong = np.argwhere(~(np.isfinite(values) & (values >= low) & (values <= high)))
    if len(wrong):
        at = wrong[0].tolist()
        raise InputError(
            f"{path}: {name}{at} is {values[tuple(at)]}, expected a finite number from "
            f"{low:g} to {high:g}; the file is damaged: get it again"
        )


def add(entries: dict[Tokens, Entry], tokens: Tokens, entry: Entry, row: Row) -> None:
    """Put an entry where none was; a repeated architecture is a damaged table."""
    if tokens in entries:
        raise InputError(
            f"{row.where} repeats the architecture {tokens}; expected each once: "
            "get the file again"
        )
    entries[tokens] = entry


def check_complete(path: Path, entries: Sized, expected: int) -> None:
    """A table of a whole space has to hold all of it."""
    if len(entries) != expected:
        raise InputError(
            f"{path} holds {len(entries)} architectures, expected {expected}; rows are "
            "missing or it is the table of another benchmark: get it again"
        )


def check_space(space: SearchSpace, tokens: Sequence[int], row: Row, column: str) -> Tokens:
    """The tokens, if they are of the space."""
    try:
        return space.architecture(tokens).tokens
    except InputError:
        raise row.wrong(column, f"an architecture of {space.name}") from None
