"""Reading a CSV: in compact types, and with the line named where it is broken.

A CSV is gone through twice. The first pass counts separators, so that a row with a field too
many or too few is named by its line instead of being padded in silence. The second parses
the file piece by piece and keeps each piece as float32 or int32, so that the float64 table
which pandas would build never exists as a whole.
"""

import csv
import gzip
import re
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO, cast

import numpy as np
import pandas as pd

from mlpnas.core.errors import InputError
from mlpnas.core.rounding import fits_float32

CELLS_PER_PIECE = 2_000_000  # 16 MB of float64 while one piece is parsed
INT32 = np.iinfo(np.int32)
# How a missing cell is written: as pandas has it, and "?", which is common in UCI files.
MISSING_CELLS = (
    "", "?", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
    "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip


class Layout(NamedTuple):
    """How a CSV is written."""

    header: list[str]
    separator: str
    decimal: str

    def options(self) -> dict[str, Any]:
        """What `pandas.read_csv` needs to read it so."""
        return {
            "sep": self.separator,
            "decimal": self.decimal,
            "encoding": "utf-8-sig",
            "index_col": False,
            "skipinitialspace": True,
            "na_values": list(MISSING_CELLS),
            "keep_default_na": False,
            "low_memory": False,
        }


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def scan(path: Path) -> Layout:
    """First pass: separator, header, and the same number of fields in every row."""
    try:
        with _open(path) as lines:
            layout = _layout(path, list(islice(lines, 100)))
        with _open(path) as lines:
            if not _evenly_separated(lines, layout):
                lines.seek(0)
                _check_fields(path, lines, layout)
    except UnicodeDecodeError:
        raise InputError(_first_bad_byte(path)) from None
    except (OSError, csv.Error) as error:
        raise InputError(f"'{path}' cannot be read as CSV: {error}") from None
    return layout


def _layout(path: Path, sample: list[str]) -> Layout:
    first = next((line for line in sample if line.strip()), None)
    if first is None:
        raise InputError(f"'{path}' holds blank lines only; expected a header line and rows")
    # The comma wins a tie; a header without any separator is a single column.
    separator = max(",;\t|", key=first.count)
    header = next(csv.reader([first], delimiter=separator, skipinitialspace=True))
    body = "".join(sample[1:])
    comma = separator != "," and re.search(r"\d,\d", body) and not re.search(r"\d\.\d", body)
    return Layout([name.strip() for name in header], separator, "," if comma else ".")


def _evenly_separated(lines: Iterable[str], layout: Layout) -> bool:
    """Fast look: does every line hold as many separators as the header has gaps?"""
    gaps, separator = len(layout.header) - 1, layout.separator
    return all(line.count(separator) == gaps or line.isspace() for line in lines)


def _check_fields(path: Path, lines: Iterable[str], layout: Layout) -> None:
    """Thorough look, for files with quoted separators: counts the fields themselves."""
    rows = csv.reader(lines, delimiter=layout.separator, skipinitialspace=True)
    expected = len(layout.header)
    for row in rows:
        if len(row) != expected and any(field.strip() for field in row):
            raise InputError(
                f"'{path}', line {rows.line_num}: {len(row)} fields; expected {expected} as in "
                "the header: mend the line, and quote fields that contain a separator"
            )


def _first_bad_byte(path: Path) -> str:
    """Message that says where a file stops being UTF-8 and how to convert it."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        value = content[error.start]
        encoding = "utf-16" if error.start == 0 and value in (0xFE, 0xFF) else "latin1"
        return (
            f"'{path}' is not UTF-8 text: byte 0x{value:02x} at offset {error.start} (line "
            f"{line}); expected UTF-8: convert it, as with iconv -f {encoding} -t utf-8"
        )
    return f"'{path}' is not UTF-8 text; expected UTF-8: convert it, for instance with iconv"


def parse(
    path: Path, layout: Layout, target: str | None, texts: Collection[str] = ()
) -> pd.DataFrame:
    """Second pass: the columns, compact, each in its own block of memory.

    Args:
        path: the file.
        layout: what `scan` found.
        target: the column that keeps its full precision.
        texts: columns whose cells are kept as they are written.
    """
    pieces: dict[str, list] = {}
    rows = max(1000, CELLS_PER_PIECE // len(layout.header))
    try:
        kept = dict.fromkeys(texts, str)
        with pd.read_csv(path, chunksize=rows, dtype=kept, **layout.options()) as reader:
            for chunk in reader:
                for name in chunk.columns:
                    piece = _compact(chunk[name], exact=str(name).strip() == target)
                    pieces.setdefault(name, []).append(piece)
    except pd.errors.ParserError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"'{path}' cannot be read as CSV ({reason}); expected every quote to be closed: "
            "mend the line"
        ) from None
    if not pieces or not sum(map(len, next(iter(pieces.values())))):
        raise InputError(f"'{path}' has a header but no rows; expected data below the header")
    mixed = [name for name, parts in pieces.items() if _is_mixed(parts)]
    if mixed:  # numbers in one piece, text in another: as text after all
        written = pd.read_csv(path, usecols=mixed, dtype=str, **layout.options())
        pieces.update({name: [written[name]] for name in mixed})
    # Popped one by one: the pieces and the joined columns never stand side by side.
    return pd.DataFrame({n.strip(): _join(pieces.pop(n)) for n in list(pieces)}, copy=False)


def _compact(column: pd.Series, exact: bool) -> pd.Series | np.ndarray:
    """Numbers in four bytes each, unless `exact` or too extreme; everything else as it is."""
    if column.dtype.kind not in "if":
        return column
    values = column.to_numpy()
    if exact:
        return values
    if column.dtype.kind == "f":
        # What float32 does not show is complained of later.
        return values.astype(np.float32) if fits_float32(values) else values
    fits = values.size == 0 or (values.min() >= INT32.min and values.max() <= INT32.max)
    return values.astype(np.int32) if fits else values


def _is_mixed(parts: list) -> bool:
    kinds = {"number" if part.dtype.kind in "if" else str(part.dtype) for part in parts}
    return len(kinds) > 1


def _join(parts: list) -> pd.Series | np.ndarray:
    if isinstance(parts[0], pd.Series):
        return pd.concat(parts, ignore_index=True)
    floats = [part.dtype for part in parts if part.dtype.kind == "f"]
    # NumPy would join int32 and float32 as float64.
    return np.concatenate(parts, dtype=max(floats)) if floats else np.concatenate(parts)
