"""How a CSV is laid out: separator, header, and the same number of fields in every row."""

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

from mlpnas.core.errors import InputError
from mlpnas.data.dialect import MISSING_CELLS, Dialect
from mlpnas.data.text_file import encoding_of, open_text

SEPARATORS = ",;\t|"  # the first wins a tie
SAMPLE = 100  # lines
DECLARED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # as Excel has it


@dataclass(frozen=True)
class Layout:
    """How a CSV is laid out.

    Attributes:
        encoding: of its text.
        separator: between fields.
        header: names as they are written, without blanks around them.
        start: lines before the first row.
        fields: of every row; more than in the header where a separator ends each line.
        words: what a missing cell may hold.
    """

    encoding: str
    separator: str
    header: tuple[str, ...]
    start: int
    fields: int
    words: tuple[str, ...] = MISSING_CELLS

    @property
    def names(self) -> list[str]:
        """Of the fields: the header's, told apart as pandas does where they are alike."""
        names: dict[str, None] = {}
        for place in range(self.fields):
            given = self.header[place] if place < len(self.header) else ""
            base = name = given or f"Unnamed: {place}"
            count = 0
            while name in names:
                count += 1
                name = f"{base}.{count}"
            names[name] = None
        return list(names)


def scan(path: Path, dialect: Dialect, wanted: Collection[str], notes: list[str]) -> Layout:
    """First pass: how the file is laid out, and that all rows keep to it.

    Args:
        path: the file.
        dialect: what need not be found out.
        wanted: columns that should be in the header, by which separators are judged.
        notes: sentences on what was guessed are added here.

    Raises:
        InputError: for a file that cannot be read so, with the line.
    """
    encoding = dialect.encoding or encoding_of(path, notes)
    with open_text(path, encoding) as lines:
        sample = list(islice(lines, SAMPLE))
    layout = _find(path, encoding, sample, dialect.mark, set(wanted), notes)
    with open_text(path, encoding) as lines:
        even = _is_even(islice(lines, layout.start, None), layout)
    if not even:
        with open_text(path, encoding) as lines:
            _check_rows(path, lines, layout)
    _note_names(layout, notes)
    return replace(layout, words=dialect.words)


def _find(
    path: Path,
    encoding: str,
    sample: list[str],
    mark: str | None,
    wanted: set[str],
    notes: list[str],
) -> Layout:
    """The layout that fits the first lines best."""
    start = _first_filled(sample, 0)
    declared = DECLARED.fullmatch(sample[start]) if start < len(sample) else None
    if declared:
        start = _first_filled(sample, start + 1)
    if start == len(sample):
        raise InputError(f"'{path}' holds blank lines only; expected a header line and rows")
    marks = mark or (declared[1] if declared else SEPARATORS)
    try:
        fits = [_fit(encoding, separator, sample, start, wanted) for separator in marks]
    except csv.Error as error:
        raise InputError(
            f"'{path}' cannot be read as CSV: {error} in its first lines; expected every quote "
            "to be closed: mend them"
        ) from None
    best = max(fits, key=lambda fit: fit[:-1])
    alike = [fit[-1].separator for fit in fits if fit[:-1] == best[:-1] and fit is not best]
    if alike and len(best[-1].header) > 1:
        notes.append(
            f"'{path}' is read as separated by {best[-1].separator!r}, though {alike[0]!r} "
            "would do as well: if that is wrong, say --separator."
        )
    return best[-1]


def _first_filled(lines: list[str], start: int) -> int:
    return next((i for i, line in enumerate(lines) if i >= start and line.strip()), len(lines))


def _fit(
    encoding: str, separator: str, sample: list[str], start: int, wanted: set[str]
) -> tuple[bool, bool, float, int, Layout]:
    """How well a separator does, to be compared; and the layout that it makes."""
    reader = csv.reader(sample[start:], delimiter=separator, skipinitialspace=True)
    header = tuple(name.strip() for name in next(reader))
    start += reader.line_num
    rows = [row for row in reader if any(map(str.strip, row))]
    if len(sample) == SAMPLE and len(rows) > 1:
        rows.pop()  # it may go on beyond the sample
    fields = _fields(header, rows[0] if rows else [])
    share = sum(len(row) == fields for row in rows) / max(len(rows), 1)
    layout = Layout(encoding, separator, header[:fields], start, fields)
    return wanted <= set(header), len(header) > 1, share, len(header), layout


def _fields(header: tuple[str, ...], row: list[str]) -> int:
    """Of each row: as many as in the header, but for separators that end the lines."""
    beyond = [*header[len(row) :], *map(str.strip, row[len(header) :])]
    return len(row) if row and not any(beyond) else len(header)


def _is_even(lines: Iterable[str], layout: Layout) -> bool:
    """Fast look: no quote is open at a line's end, and each has the separators it should."""
    gaps, separator = layout.fields - 1, layout.separator
    return all(
        (line.count(separator) == gaps and ('"' not in line or line.count('"') % 2 == 0))
        or line.isspace()
        for line in lines
    )


def _check_rows(path: Path, lines: Iterator[str], layout: Layout) -> None:
    """Thorough look, for files with quotes: reads the fields themselves."""
    for line, row in _rows(path, islice(lines, layout.start, None), layout):
        if len(row) != layout.fields and any(field.strip() for field in row):
            raise InputError(
                f"'{path}', line {line}: {len(row)} fields; expected {layout.fields} as in "
                "the header: mend the line, and quote fields that contain a separator"
            )


def _rows(path: Path, lines: Iterator[str], layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """The number of each row's first line, and its fields.

    A quote that is not closed takes in all lines up to the next quote. What tells this from a
    field of several lines is that something else than a separator follows its end.
    """
    held: list[str] = []
    reader = partial(csv.reader, delimiter=layout.separator, skipinitialspace=True)
    first = layout.start + 1
    try:
        for row in reader(_remembered(lines, held)):
            if len(held) > 1 or held[0].count('"') % 2:
                list(reader(held, strict=True))
            yield first, row
            first += len(held)
            held.clear()
    except csv.Error as error:
        last = first + len(held) - 1
        raise InputError(
            f"'{path}', line {first}: {error}; expected every quote to be closed, but one that "
            f"opens there takes in all up to line {last}: close it, or double it within a field"
        ) from None


def _remembered(lines: Iterator[str], held: list[str]) -> Iterator[str]:
    for line in lines:
        held.append(line)
        yield line


def _note_names(layout: Layout, notes: list[str]) -> None:
    for given, name in zip(layout.header, layout.names, strict=False):
        if given and given != name:
            notes.append(
                f"Warning: several columns are called '{given}'; this one is '{name}' here: "
                "rename it in the file for a name of its own."
            )
