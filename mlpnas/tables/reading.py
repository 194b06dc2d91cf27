"""A CSV or parquet file becomes a DataFrame, or a complaint that says what to mend."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mlpnas.core.errors import InputError, listing
from mlpnas.tables import csv_file
from mlpnas.tables.columns import Column
from mlpnas.tables.names import did_you_mean
from mlpnas.tables.schema import UNDECLARED, Declared


def read_frame(path: Path, target: str | None, declared: Declared = UNDECLARED) -> pd.DataFrame:
    """Reads a table; numbers come as float32 or int32, the target as precise as it is.

    Args:
        path: the file.
        target: a column that must be there.
        declared: what of a CSV is kept as it is written, though it looks like numbers.

    Raises:
        InputError: the file is missing, empty, not UTF-8, ragged, or lacks the target.
    """
    _check_kind(path)
    if path.suffix in (".parquet", ".pq"):
        return _read_parquet(path)
    layout = csv_file.scan(path)
    check_target(target, layout.header, f"'{path}'")
    kinds = declared.kinds(layout.header, target)
    texts = [name for name, kind in kinds.items() if kind != "numeric"]
    return csv_file.parse(path, layout, target, texts)


def read_rows(path: Path, columns: Sequence[Column] = ()) -> pd.DataFrame:
    """Reads rows to predict, which need no target; otherwise as `read_frame`.

    Args:
        path: the file.
        columns: of the run; what is no number there is kept as it is written.
    """
    _check_kind(path)
    if path.suffix in (".parquet", ".pq"):
        return _read_parquet(path)
    texts = [column.name for column in columns if column.kind != "numeric"]
    return csv_file.parse(path, csv_file.scan(path), None, texts)


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
            f"{hint or '; choose one of them with --target'}"
        )
    if list(columns).count(target) > 1:
        raise InputError(
            f"{where} has {list(columns).count(target)} columns called '{target}'; expected "
            "one target: rename or delete the others"
        )


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except ImportError:
        raise InputError(
            f"Reading '{path}' needs pyarrow, which is missing; expected the extra: "
            "pip install mlpnas[parquet]"
        ) from None
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"'{path}' is not a readable parquet file ({reason}); expected one: write it "
            "again, or give a CSV"
        ) from None
