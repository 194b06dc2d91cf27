"""A CSV or parquet file becomes a DataFrame, or a complaint that says what to mend."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from mlpnas.core.errors import InputError, extra_missing, listing
from mlpnas.data import numbers
from mlpnas.data.columns import WARNING, Column, is_text, typed
from mlpnas.data.csv_file import as_written, parse
from mlpnas.data.dialect import GUESSED, Dialect
from mlpnas.data.layout import Layout, scan
from mlpnas.data.names import did_you_mean
from mlpnas.data.schema import UNDECLARED, Declared, Habits

PARQUET = (".parquet", ".pq")


def read_frame(
    path: Path,
    target: str | None,
    declared: Declared = UNDECLARED,
    dialect: Dialect = GUESSED,
    notes: list[str] | None = None,
) -> pd.DataFrame:
    """Reads a table; numbers come as float32 or int32, the target as precise as it is.

    Args:
        path: the file.
        target: a column that must be there.
        declared: what of a CSV is kept as it is written, though it looks like numbers.
        dialect: how a CSV is written.
        notes: sentences on what was guessed are added here.

    Raises:
        InputError: the file is missing, empty, no text, ragged, or lacks the target.
    """
    notes = [] if notes is None else notes
    _check_kind(path)
    if path.suffix in PARQUET:
        check_for_parquet(path, dialect)
        return _read_parquet(path)
    layout = scan(path, dialect, [target] if target else [], notes)
    twice = layout.header.count(str(target)) > 1
    check_target(target, layout.header if twice else layout.names, f"'{path}'")
    kinds = declared.kinds(layout.names, target)
    texts = [name for name, kind in kinds.items() if kind != "numeric"]
    frame = parse(path, layout, target, texts)
    frame[target] = _without_blanks(frame[target], layout.words)
    _note_words(path, layout, frame, str(target), notes)
    return _with_thousands(path, layout, frame, dialect)


def read_rows(
    path: Path,
    columns: Sequence[Column] = (),
    identifiers: Sequence[str] = (),
    dialect: Dialect = GUESSED,
    notes: list[str] | None = None,
    target: str | None = None,
) -> pd.DataFrame:
    """Reads rows to predict, or with a target to compare with; otherwise as `read_frame`.

    Args:
        path: the file.
        columns: of the run; what is no plain number there is kept as it is written.
        identifiers: names of further columns that are kept so, if they are there.
        dialect: how a CSV is written.
        notes: sentences on what was guessed are added here.
        target: a column that keeps its precision, if it is there; None for none.
    """
    notes = [] if notes is None else notes
    _check_kind(path)
    if path.suffix in PARQUET:
        return _read_parquet(path)
    layout = scan(path, dialect, [column.name for column in columns], notes)
    texts = [column.name for column in columns if column.kind != "numeric" or column.format]
    there = {*texts, *identifiers}.intersection(layout.names)
    frame = parse(path, layout, target, there)
    for column in columns:  # a frame may have taught the run that NA is a category
        words = tuple(word for word in layout.words if word not in column.categories)
        if words != layout.words and column.name in frame:
            name = column.name
            frame[name] = as_written(path, replace(layout, words=words), [name])[name]
    return frame


def check_for_parquet(path: Path, dialect: Dialect) -> None:
    """Raises InputError for what a user says of a CSV's writing, if `path` is none."""
    for name, value in dialect.said().items():
        if path.suffix in PARQUET and name in ("separator", "missing", "encoding"):
            raise InputError(
                f"--{name} is {value!r}, but '{path}' is no CSV; expected one: omit it"
            )


def _without_blanks(cells: pd.Series, words: Sequence[str]) -> pd.Series:
    """Labels without blanks behind them, which nobody sees in a table."""
    stripped = typed(cells)
    return stripped.mask(stripped.isin(words)) if is_text(stripped) else cells


def _note_words(
    path: Path, layout: Layout, frame: pd.DataFrame, target: str, notes: list[str]
) -> None:
    """Says which words in the target count as missing: one of them may be a class."""
    missing = frame[target].isna()
    if missing.any():
        written = as_written(path, replace(layout, words=("",)), [target])[target]
        words = written[missing].str.strip()
        for word, count in words[words != ""].value_counts().items():
            notes.append(
                f"{WARNING}{count} cells of target '{target}' are '{word}', which counts as "
                "missing: if it is a class, name the other words for missing with --missing, "
                "or none with --missing ''."
            )


def _with_thousands(
    path: Path, layout: Layout, frame: pd.DataFrame, dialect: Dialect
) -> pd.DataFrame:
    """Where commas mark decimals, what was read as 1.234 may be a thousand: as texts then."""
    floats = [name for name in frame if frame[name].dtype.kind == "f"]
    if not floats or (habits := Habits.of(frame, dialect)).usual != ",":
        return frame
    written = as_written(path, layout, floats)
    for name in floats:
        texts = written[name].dropna()
        found = numbers.recognise(texts, habits.decimal, habits.usual)
        if found and found.format:
            frame[name] = written[name]
    return frame


def draw_rows(frame: pd.DataFrame, most: int | None, seed: int) -> pd.DataFrame:
    """At most so many rows, drawn at random and left in their order; None for all.

    Raises:
        InputError: for less than one row.
    """
    if most is not None and most < 1:
        raise InputError(f"--rows is {most}; expected 1 or more: omit it for all")
    if most is None or len(frame) <= most:
        return frame
    drawn = np.random.default_rng([seed, most]).choice(len(frame), most, replace=False)
    return frame.iloc[np.sort(drawn)].reset_index(drop=True)


def _check_kind(path: Path) -> None:
    check_file(path)
    if path.suffix in (".xls", ".xlsx", ".ods"):
        raise InputError(f"'{path}' is a spreadsheet; expected a CSV: save it as 'CSV UTF-8'")


def check_file(path: Path) -> None:
    """Raises InputError unless `path` is a file with something in it."""
    if path.is_dir():
        raise InputError(f"'{path}' is a directory; expected a file: name the table inside it")
    if not path.exists():
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, siblings) or "; check the path"
        raise InputError(f"There is no file '{path}'; expected a CSV, parquet or npz{hint}")
    if path.stat().st_size == 0:
        raise InputError(f"'{path}' is empty; expected a header line and rows: write it again")


def check_target(target: str | None, columns: Sequence[str], where: str) -> None:
    """Raises InputError unless exactly one column is called `target`."""
    if target is None:
        raise InputError(f"No target; expected one of {listing(columns)}: use --target COL")
    if target not in columns:
        hint = did_you_mean(target, columns)
        raise InputError(
            f"{where} has no column '{target}'; expected one of {listing(columns)}"
            f"{hint or _advice(columns)}"
        )
    if list(columns).count(target) > 1:
        raise InputError(
            f"{where} has {list(columns).count(target)} columns called '{target}'; expected "
            "one target: rename or delete the others"
        )


def _advice(columns: Sequence[str]) -> str:
    """A clause for whoever names a column that is not there, and none like it is."""
    if any(re.fullmatch(r"[+-]?\d+[.,]\d+", name) for name in columns):
        return "; the first line looks like a row: write a header above it"
    return "; choose one of them with --target"


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path).reset_index(drop=True)
    except ImportError:
        raise extra_missing(f"Reading '{path}'", "pyarrow", "parquet") from None
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"'{path}' is not a readable parquet file ({reason}); expected one: write it "
            "again, or give a CSV"
        ) from None
