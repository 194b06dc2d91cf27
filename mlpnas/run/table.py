"""The table that a run's settings name, and its test rows as they stand in the user's file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlpnas.core.run.folder import check_data
from mlpnas.data.arrays import read_arrays
from mlpnas.data.folds import Split
from mlpnas.data.reading import read_frame
from mlpnas.data.schema import Declared, Habits
from mlpnas.data.selection import drop_named
from mlpnas.data.table import Table, read_table
from mlpnas.data.targets import read_target
from mlpnas.data.weights import balanced
from mlpnas.run.settings import Settings
from mlpnas.scoring import check_scoring


def table_of(settings: Settings, rows: int | None = None) -> Table:
    """The settings' table, with the loss and the weights that they ask for.

    Args:
        settings: say which.
        rows: at most so many, drawn at random; None for all.

    Raises:
        InputError: for what cannot be used, a measure that does not fit the target included.
    """
    s = settings
    table = read_table(
        s.data,
        s.target,
        task=s.task,
        drop=s.drop,
        declared=Declared(s.categorical, s.numeric, s.date),
        seed=s.seed,
        scaling=s.scaling,
        rows=rows,
        dialect=s.dialect,
    )
    task = replace(table.task, regression_loss=s.loss)
    table = replace(table, task=balanced(task) if s.class_weight == "balanced" else task)
    check_scoring(table, s.scoring)
    return table


def unseen_rows(settings: Settings, then: dict[str, Any]) -> tuple[Any, pd.Series]:
    """The test rows and their targets, raw, as the run's search left them unseen.

    Args:
        settings: of the run, with the place where its data is now.
        then: what run.json says of the data.

    Returns:
        A dataframe with the target in it, or arrays `(rows, inputs)`; and the targets.

    Raises:
        InputError: if the data are not those of the run.
    """
    check_data(table_of(settings).task, then, settings.data)
    path, s = Path(settings.data), settings
    if path.suffix == ".npz":
        arrays = read_arrays(path)
        cells = pd.Series(arrays.y)
        target, present = read_target(cells, "y_train", s.task, [])
        given = int((present >= arrays.train_rows).sum())
        test = present[Split(s.seed).rows(target.strata, given).test]
        return arrays.x[test], _at(cells, test)
    declared, name = Declared(s.categorical, s.numeric, s.date), str(s.target)
    frame = read_frame(path, s.target, declared, s.dialect)
    drop_named(frame, name, s.drop)
    target, present = read_target(frame[name], name, s.task, [], Habits.of(frame, s.dialect))
    test = present[Split(s.seed).rows(target.strata).test]
    return frame.iloc[test].reset_index(drop=True), _at(frame[name], test)


def _at(cells: pd.Series, rows: np.ndarray) -> pd.Series:
    return cells.iloc[rows].reset_index(drop=True)
