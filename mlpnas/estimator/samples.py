"""Samples become a Table: what scikit-learn calls X, y and sample_weight, in two folds.

An estimator is tested by whoever calls it, so there is no test fold here: it is empty. Apart
from that the rows go the way of every table: split, then fit the encoding on the training fold.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from mlpnas.core.task import Fold, Task
from mlpnas.data.columns import Column
from mlpnas.data.encoding import clean_folds, encode
from mlpnas.data.extremes import far_off, rounded_off
from mlpnas.data.folds import hold_out
from mlpnas.data.scaling import Sample, ScalingOption, fit_preprocessor
from mlpnas.data.table import ROWS_KEPT, Kept, Table, log_notes
from mlpnas.data.targets import Target
from mlpnas.data.weights import weighted


def make_table(
    frame: pd.DataFrame,
    columns: list[Column],
    target: Target,
    weight: np.ndarray | None,
    valid_fraction: float,
    seed: int,
    scaling: ScalingOption,
    notes: list[str],
) -> Table:
    """Split, encode, and standardise a quantity.

    Args:
        frame: raw rows, its index counting from 0; left as it is.
        columns: the columns to learn from.
        target: classes, or values `(rows, outputs)`.
        weight: of each row, not negative; rows of weight 0 count for nothing and are left out.
        valid_fraction: rows held out to choose by.
        seed: of the split.
        scaling: of numbers, see `tables.scaling`.
        notes: on the columns; more sentences are added.
    """
    present = np.arange(len(frame)) if weight is None else np.flatnonzero(weight)
    rng = np.random.default_rng(seed)
    rows = [present[part] for part in hold_out(target.strata[present], valid_fraction, rng)]
    raw = frame.iloc[rows[1][:ROWS_KEPT]][[column.name for column in columns]]
    cleaned = clean_folds(dict(frame.items()), columns, rows)
    target = target.standardised(rows[0])
    samples = [Sample(x, target.y[part]) for x, part in zip(cleaned, rows, strict=True)]
    notes += rounded_off(frame, columns)
    preprocessor = fit_preprocessor(columns, samples[0], samples[1], scaling, notes)
    unit = 1.0 if weight is None else float(weight[rows[0]].mean())
    train, valid = (
        weighted(
            Fold(encode(preprocessor, x), y), None if weight is None else weight[part], unit
        )
        for (x, y), part in zip(samples, rows, strict=True)
    )
    task = Task("samples", target.kind, train, valid, empty(train), target.classes)
    notes += far_off(preprocessor, [valid.x])
    kept = Kept(raw, valid.x[: len(raw)])
    log_notes(notes)
    return Table(
        task, "y", tuple(columns), preprocessor, target.mean, target.std, kept, tuple(notes)
    )


def empty(fold: Fold) -> Fold:
    """A fold of no rows, of the same shape."""
    return Fold(fold.x[:0], fold.y[:0])


def without_rows(table: Table) -> Table:
    """What is needed to encode and decode, without the rows it was fitted on, but for those
    that an export is checked by."""
    task = table.task
    nothing = empty(task.train)
    kept = table.kept and table.kept._replace(encoded=table.kept.encoded.copy())  # no view
    return replace(
        table, task=replace(task, train=nothing, valid=nothing, test=nothing), kept=kept
    )
