"""A table becomes a Task: CSV, parquet, npz or DataFrame in, three scaled folds out.

The order is what keeps the test fold honest: the target is read, the rows are split, and only
then is anything fitted, on the training fold. What was inferred, dropped or looks wrong is
told in `Table.notes`, one sentence each.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer

from mlpnas.core.data.arrays import unread
from mlpnas.core.data.rounding import first_complaint
from mlpnas.core.data.rows import check_classes
from mlpnas.core.errors import InputError, listing
from mlpnas.core.task import Fold, Task
from mlpnas.data.arrays import TEST, TRAIN, read_arrays, scale_folds
from mlpnas.data.columns import WARNING, Column
from mlpnas.data.dialect import GUESSED, MISSING_CELLS, Dialect
from mlpnas.data.encoding import clean_folds, clean_rows, encode
from mlpnas.data.extremes import far_off, rounded_off
from mlpnas.data.folds import Rows, Split
from mlpnas.data.frames import as_frame
from mlpnas.data.reading import check_target, draw_rows, read_frame
from mlpnas.data.scaling import Sample, ScalingOption, fit_preprocessor
from mlpnas.data.schema import UNDECLARED, Declared, Habits
from mlpnas.data.selection import choose_columns, drop_named, left_out_numbers, target_leaks
from mlpnas.data.standard import Standard
from mlpnas.data.targets import Target, TaskOption, read_target

log = logging.getLogger(__name__)

ROWS_KEPT = 1000


class Kept(NamedTuple):
    """The first validation rows, by which a delivered model is checked.

    Attributes:
        raw: as they stand in the user's table, or array.
        encoded: as the networks see them, `(rows, inputs)` float32.
    """

    raw: pd.DataFrame | np.ndarray
    encoded: np.ndarray


@dataclass(frozen=True)
class Table:
    """A Task, and how it came out of the user's table.

    Attributes:
        task: the three folds, encoded.
        target: name of the target column; empty for npz.
        columns: the columns that the network reads, in order; empty for npz.
        preprocessor: what turned cleaned columns into inputs, fitted on the training fold;
            for npz a Standard, or None for pixels, which are divided by 255.
        target_mean, target_std: a regression target is standardised with these, the training
            fold's, because networks learn best on that scale (R² does not depend on it);
            arrays `(outputs,)`; 0 and 1 for classes.
        kept: `ROWS_KEPT` validation rows at most; None if the table was made of no rows.
        notes: sentences on what was inferred and dropped; warnings begin with "Warning: ".
        missing: what a CSV writes in a missing cell.
        identifiers: the columns that merely number the rows.
    """

    task: Task
    target: str = ""
    columns: tuple[Column, ...] = ()
    preprocessor: ColumnTransformer | Standard | None = field(default=None, repr=False)
    target_mean: float | np.ndarray = 0.0
    target_std: float | np.ndarray = 1.0
    kept: Kept | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = MISSING_CELLS
    identifiers: tuple[str, ...] = ()

    def encode(self, frame: Any) -> np.ndarray:
        """Inputs `(rows, inputs)` float32 of new raw rows; further columns are ignored.

        Not for npz, whose rows have no columns. Of what looks unlike training, see
        `tables.drift`, the log is told.

        Args:
            frame: a dataframe of any library.
        """
        notes: list[str] = []
        rows = clean_rows(_plain(frame), self.columns, notes.append)
        log_notes(notes)
        return encode(self.preprocessor, rows)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """The user's labels or values for a model's outputs `(rows, units)`.

        Returns:
            `(rows,)`; for several outputs of a regression `(rows, outputs)`.
        """
        if self.task.kind == "regression":
            values = outputs.astype(np.float64) * self.target_std + self.target_mean
            return values[:, 0] if values.shape[1] == 1 else values
        binary = self.task.kind == "binary"
        index = (outputs[:, 0] > 0.5).astype(int) if binary else outputs.argmax(axis=1)
        return np.asarray(self.task.classes)[index]

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities `(rows, classes)` float64 for a model's outputs; rows sum to 1."""
        outputs = outputs.astype(np.float64)
        if self.task.kind == "binary":
            return np.hstack([1 - outputs, outputs])
        return outputs / outputs.sum(axis=1, keepdims=True)


class _Wishes(NamedTuple):
    """What a user says of a table, see `read_table`."""

    task: TaskOption
    drop: Sequence[str]
    declared: Declared
    plan: Split
    scaling: ScalingOption
    dialect: Dialect = GUESSED


def read_table(
    path: str | Path,
    target: str | None = None,
    *,
    task: TaskOption = "auto",
    drop: Sequence[str] = (),
    declared: Declared = UNDECLARED,
    seed: int = 0,
    valid_fraction: float = 0.2,
    test_fraction: float = 0.2,
    scaling: ScalingOption = "standard",
    rows: int | None = None,
    dialect: Dialect = GUESSED,
) -> Table:
    """Reads a CSV, parquet or npz file and makes a Task of it.

    Args:
        path: `.npz` (`x_train`, `y_train`, optionally `x_test`, `y_test`, which then are the
            test fold), `.parquet`, or anything else as a CSV with a header, compressed or not.
        target: the column to predict; not needed for npz.
        task: "classification" or "regression" where the inference is not right.
        drop: columns to leave out.
        declared: columns whose kind you say, such as `Declared(categorical=["zip"])`.
        seed: of the one split.
        valid_fraction: validation rows among those that are not test rows, in (0, 0.5).
        test_fraction: test rows among all, in (0, 0.5).
        scaling: of numbers, see `tables.scaling`; arrays of npz know the standard one only.
        rows: at most so many, drawn at random by the seed; None for all. Not for npz.
        dialect: how the CSV is written, where that is not to be guessed.

    Raises:
        InputError: in one line, what cannot be used and how to mend it.

    Examples:
        >>> from mlpnas import read_table
        >>> table = read_table("data/wine.csv", target="cultivar")
        >>> table.task.kind, table.task.input_shape, table.task.classes
        ('multiclass', (13,), ('class_0', 'class_1', 'class_2'))
    """
    path = Path(path)
    plan = Split(seed, valid_fraction, test_fraction).check()
    if path.suffix.lower() in (".npz", ".npy"):  # the latter is told what to do
        named = declared._asdict() | dialect.said()
        _refuse_for_arrays(path, rows=rows, drop=drop, **named)
        return _from_npz(path, task, plan, scaling)
    wishes = _Wishes(task, drop, declared, plan, scaling, dialect)
    notes: list[str] = []
    return _from_columns(
        draw_rows(read_frame(path, target, declared, dialect, notes), rows, seed),
        path.stem,
        str(target),
        wishes,
        notes,
    )


def _refuse_for_arrays(path: Path, **options: Any) -> None:
    """Raises InputError for options that name or draw what arrays do not have."""
    for name, value in options.items():
        if value not in (None, (), []):
            raise InputError(
                f"--{name} is {value}, but '{path}' has no columns; expected a table of "
                "columns: omit it"
            )


def from_frame(
    frame: Any,
    target: str,
    *,
    name: str = "table",
    task: TaskOption = "auto",
    drop: Sequence[str] = (),
    declared: Declared = UNDECLARED,
    seed: int = 0,
    valid_fraction: float = 0.2,
    test_fraction: float = 0.2,
    scaling: ScalingOption = "standard",
) -> Table:
    """As `read_table`, for a dataframe of any library, which is left as it is.

    An index is ignored.
    """
    plan = Split(seed, valid_fraction, test_fraction).check()
    wishes = _Wishes(task, drop, declared, plan, scaling)
    return _from_columns(_plain(frame), name, str(target), wishes, [])


def _plain(frame: Any) -> pd.DataFrame:
    """A shallow copy for pandas, whose column names are text and whose index counts from 0."""
    known = as_frame(frame)
    if known is None:
        raise InputError(
            f"The rows are of type {type(frame).__name__}; expected a dataframe with named "
            "columns: make one of them"
        )
    copy = known.reset_index(drop=True)
    copy.columns = [str(name) for name in known.columns]
    return copy


def _from_columns(
    frame: pd.DataFrame,
    name: str,
    target_name: str,
    wishes: _Wishes,
    notes: list[str],
) -> Table:
    """The way from raw columns to folds; `frame` must not be held elsewhere, if it is large."""
    task, drop, declared, plan, scaling, dialect = wishes
    check_target(target_name, list(frame.columns), f"Table '{name}'")
    kinds = declared.kinds(list(frame.columns), target_name)
    drop_named(frame, target_name, drop)
    habits = Habits.of(frame, dialect)
    target, present = read_target(frame.pop(target_name), target_name, task, notes, habits)
    columns = choose_columns(frame, notes, kinds, habits)
    notes += rounded_off(frame, columns)
    identifiers = left_out_numbers(frame, columns)
    rows = plan.rows(target.strata)
    raw = frame.iloc[present[rows.valid[:ROWS_KEPT]]][[column.name for column in columns]]
    cells = dict(frame.items())
    del frame  # nobody else holds it: now each column goes as soon as it has been read
    cleaned = clean_folds(cells, columns, [present[fold] for fold in rows])
    suspects = target_leaks(cleaned[0], target.y[rows.train], not target.classes, plan.seed)
    _warn_of_giveaways(columns, suspects, target_name, notes)
    target = target.standardised(rows.train)
    preprocessor = fit_preprocessor(
        columns,
        Sample(cleaned[0], target.y[rows.train]),
        Sample(cleaned[1], target.y[rows.valid]),
        scaling,
        notes,
    )
    # Popped: a fold's cleaned columns go as soon as its inputs are made.
    x = [encode(preprocessor, cleaned.pop(0)) for _ in rows]
    notes += far_off(preprocessor, x[1:])
    table = _assemble(name, target, rows, x, raw, plan, notes)
    return replace(
        table,
        target=target_name,
        columns=tuple(columns),
        preprocessor=preprocessor,
        missing=dialect.words,
        identifiers=identifiers,
    )


def _from_npz(path: Path, option: TaskOption, plan: Split, scaling: ScalingOption) -> Table:
    if scaling == "quantile":
        raise InputError(
            f"--scaling quantile is for columns, and '{path}' holds arrays; expected standard "
            "or auto: leave the option out"
        )
    arrays, notes = read_arrays(path), unread(path, (*TRAIN, *TEST))
    notes += first_complaint("feature", arrays.x)
    target, present = read_target(pd.Series(arrays.y), "y_train", option, notes)
    for_test = present >= arrays.train_rows
    if target.classes:
        labels = arrays.y[present]
        check_classes(f"'{path}'", labels[~for_test], labels[for_test])
    rows = plan.rows(target.strata, given_test=int(for_test.sum()))
    folds = Rows(*(present[fold] for fold in rows))
    x, scaler = scale_folds(arrays.x, folds)
    notes += far_off(scaler, x[1:])
    how = "standardised" if scaler else "divided by 255"
    notes.append(f"Rows of {x[0].shape[1]} numbers, {how}.")
    raw, target = arrays.x[folds.valid[:ROWS_KEPT]], target.standardised(rows.train)
    table = _assemble(path.stem, target, rows, x, raw, plan, notes)
    return replace(table, preprocessor=scaler)


def _warn_of_giveaways(
    columns: Sequence[Column], suspects: Sequence[str], target: str, notes: list[str]
) -> None:
    for column in columns:
        if set(column.parts) & set(suspects):
            notes.append(
                f"{WARNING}column '{column.name}' alone gives away target '{target}'. If it "
                f"will not be known for new rows, leave it out: --drop '{column.name}'."
            )


def _assemble(
    name: str,
    target: Target,
    rows: Rows,
    x: list[np.ndarray],
    raw: pd.DataFrame | np.ndarray,
    plan: Split,
    notes: list[str],
) -> Table:
    """Task and Table of encoded inputs and a standardised target."""
    train, valid, test = map(len, rows)
    notes.append(
        f"{train} training, {valid} validation and {test} test rows (seed {plan.seed}), "
        f"{x[0].shape[1]} inputs."
    )
    _note_thin_classes(target, rows, notes)
    folds = [Fold(part, target.y[fold]) for part, fold in zip(x, rows, strict=True)]
    task = Task(name, target.kind, folds[0], folds[1], folds[2], target.classes)
    log_notes(notes)
    kept = Kept(raw, x[1][: len(raw)])
    return Table(
        task, target_mean=target.mean, target_std=target.std, kept=kept, notes=tuple(notes)
    )


def _note_thin_classes(target: Target, rows: Rows, notes: list[str]) -> None:
    """Names the classes that are so small that a fold has none of them."""
    for fold, positions in zip(("training", "validation", "test"), rows, strict=True):
        seen = set(np.unique(target.y[positions]))
        absent = [label for i, label in enumerate(target.classes) if i not in seen]
        if absent:
            told = f"class {listing(absent, 5)} has too few rows for the {fold} fold"
            notes.append(f"{WARNING}{told}, which holds none of it.")


def log_notes(notes: Sequence[str]) -> None:
    """Logs what was inferred, dropped or looks wrong."""
    for note in notes:
        level = logging.WARNING if note.startswith(WARNING) else logging.INFO
        log.log(level, note.removeprefix(WARNING))
