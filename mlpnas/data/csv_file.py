"""Reading a CSV: in compact types, and with the line named where it is broken.

A CSV is gone through twice. The first pass, `layout.scan`, sees how it is laid out and counts
separators, so that a row with a field too many or too few is named by its line instead of
being padded in silence. The second parses the file piece by piece and keeps each piece as
float32 or int32, so that the float64 table which pandas would build never exists as a whole.
What pandas does not take for numbers, such as `1.234,50 €`, stays text; `numbers` reads it.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlpnas.core.data.rounding import fits_float32
from mlpnas.core.errors import InputError
from mlpnas.data.layout import Layout
from mlpnas.data.text_file import open_text

CELLS_PER_PIECE = 2_000_000  # 16 MB of float64 while one piece is parsed
INT32 = np.iinfo(np.int32)
CODE = r"[+-]?0\d+"  # a whole number with leading zeros is none


def parse(
    path: Path, layout: Layout, target: str | None = None, texts: Collection[str] = ()
) -> pd.DataFrame:
    """Second pass: the columns, compact, each in its own block of memory.

    Args:
        path: the file.
        layout: what `scan` found.
        target: the column that keeps its full precision.
        texts: columns whose cells are kept as they are written.

    Raises:
        InputError: there are no rows, or values that no column of the header takes.
    """
    pieces: dict[str, list] = {}
    rows = max(1000, CELLS_PER_PIECE // layout.fields)
    with _reader(path, layout, chunksize=rows, dtype=dict.fromkeys(texts, str)) as reader:
        for chunk in reader:
            for name in chunk.columns:
                pieces.setdefault(name, []).append(_compact(chunk[name], name == target))
    if not pieces or not sum(map(len, next(iter(pieces.values())))):
        raise InputError(f"'{path}' has a header but no rows; expected data below the header")
    for name, cells in _written(path, layout, pieces).items():
        pieces[name] = [cells]
    # Popped one by one: the pieces and the joined columns never stand side by side.
    frame = pd.DataFrame({name: _join(pieces.pop(name)) for name in list(pieces)}, copy=False)
    return _without_nameless(path, layout, frame)


def as_written(path: Path, layout: Layout, names: Sequence[str]) -> pd.DataFrame:
    """The texts of some columns, missing where the layout's words say so."""
    with _reader(path, layout, usecols=names, dtype=str) as reader:
        return reader.read()


@contextmanager
def _reader(path: Path, layout: Layout, **options: Any) -> Iterator[Any]:
    """pandas' reader of the rows."""
    with open_text(path, layout.encoding) as lines:
        for _ in islice(lines, layout.start):
            pass
        try:
            with pd.read_csv(
                lines,
                iterator=True,
                sep=layout.separator,
                header=None,
                names=layout.names,
                index_col=False,
                skipinitialspace=True,
                na_values=list(layout.words),
                keep_default_na=False,
                low_memory=False,
                **options,
            ) as reader:
                yield reader
        except pd.errors.EmptyDataError:
            yield iter(())
        except pd.errors.ParserError as error:
            reason = str(error).strip().splitlines()[0]
            raise InputError(
                f"'{path}' cannot be read as CSV ({reason}); expected every quote to be "
                "closed: mend the line"
            ) from None


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


def _written(path: Path, layout: Layout, pieces: dict[str, list]) -> dict[str, pd.Series]:
    """The texts of columns that pandas took for numbers, at least in places, but are not.

    These are numbers in one piece and text in another, and codes such as 01067.
    """
    mixed = [name for name, parts in pieces.items() if _is_mixed(parts)]
    whole = [name for name, parts in pieces.items() if _is_whole(parts)]
    if whole and not _has_codes(path, layout):
        whole = []
    if not mixed + whole:
        return {}
    texts = as_written(path, layout, mixed + whole)
    codes = [name for name in whole if texts[name].str.fullmatch(CODE).any()]
    return {name: texts[name] for name in mixed + codes}


def _has_codes(path: Path, layout: Layout) -> bool:
    """Whether some field begins as a code does: a look over all lines, which is fast."""
    begins = re.compile(rf'{re.escape(layout.separator)}[ "+-]*0\d').search
    with open_text(path, layout.encoding) as lines:
        return any(
            begins(layout.separator + line) for line in islice(lines, layout.start, None)
        )


def _is_mixed(parts: list) -> bool:
    kinds = {"number" if part.dtype.kind in "if" else str(part.dtype) for part in parts}
    return len(kinds) > 1


def _is_whole(parts: list) -> bool:
    """Whether all are numbers without decimals, or missing."""

    def whole(part: pd.Series | np.ndarray) -> bool:
        if part.dtype.kind == "f":
            return not np.any(np.modf(part)[0] > 0)
        return part.dtype.kind == "i"

    return not _is_mixed(parts) and all(map(whole, parts))


def _join(parts: list) -> pd.Series | np.ndarray:
    if isinstance(parts[0], pd.Series):
        return pd.concat(parts, ignore_index=True)
    floats = [part.dtype for part in parts if part.dtype.kind == "f"]
    # NumPy would join int32 and float32 as float64.
    return np.concatenate(parts, dtype=max(floats)) if floats else np.concatenate(parts)


def _without_nameless(path: Path, layout: Layout, frame: pd.DataFrame) -> pd.DataFrame:
    """Without what separators at the ends of lines make: columns of no name and no values."""
    named = len(layout.header)
    for place, name in enumerate(layout.names):
        if place < named and layout.header[place]:
            continue
        if frame[name].isna().all():
            frame = frame.drop(columns=name)
        elif place >= named:
            value = frame[name].dropna().iloc[0]
            raise InputError(
                f"'{path}': field {place + 1} of a row is '{value}', but the header has "
                f"{named} names; expected one for each field: complete the header"
            )
    return frame
