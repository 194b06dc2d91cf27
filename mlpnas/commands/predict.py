"""`mlpnas predict`: raw rows in, predictions and probabilities out, by the saved model."""

import math
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console

from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.display import steps
from mlpnas.core.errors import InputError, listing
from mlpnas.core.run.files import replacing
from mlpnas.core.run.record import read_record, settings_of
from mlpnas.core.runtime.start import start_tensorflow
from mlpnas.data.arrays import read_new_rows
from mlpnas.data.columns import WARNING, Column
from mlpnas.data.dialect import GUESSED, Dialect
from mlpnas.data.encoding import clean_rows
from mlpnas.data.names import named
from mlpnas.data.reading import check_for_parquet, read_rows
from mlpnas.run.record import TableRecord
from mlpnas.run.settings import Settings

if TYPE_CHECKING:
    import keras

ROWS_AT_A_TIME = 10_000


class Reading(NamedTuple):
    """How new rows are read, where otherwise than the run's own.

    Attributes:
        identifiers: columns that are copied beside the predictions; empty for those that
            numbered the rows of the run's table.
        dialect: of which the separator and the encoding count; the rest is the run's.
    """

    identifiers: Sequence[str] = ()
    dialect: Dialect = GUESSED


AS_THE_RUN = Reading()


def predict(
    run: Path, data: Path, output: Path | None, console: Console, reading: Reading = AS_THE_RUN
) -> None:
    """Write a CSV with a line per row: the prediction, and the probability of every class.

    Columns are found by name, so their order does not matter; those that the run did not
    learn from are left out, and named, but for those that number the rows: these are copied
    beside the predictions. A run on arrays takes an npz with `x`.

    Args:
        run: folder of a finished run.
        data: the rows; the target may be missing.
        output: what to write; None for `DATA-predictions.csv` in this directory.
        console: where to print.
        reading: what is special about the file.

    Raises:
        InputError: for what the user can mend.
    """
    output = output or Path(f"{data.stem}-predictions.csv")
    if output.exists():
        raise InputError(
            f"{output} exists already; expected a new file: choose another --output"
        )
    record = _record(run)
    told = record["data"]
    columns = [Column.of(column) for column in told["columns"]]
    if columns:
        check_for_parquet(data, reading.dialect)
        run_dialect = settings_of(run, record, Settings).dialect
        dialect = replace(run_dialect, **reading.dialect.said())
        rows, beside = _read(data, columns, told, reading.identifiers, dialect, console)
    else:
        _check_plain(reading, data)
        rows, beside = read_new_rows(data, math.prod(told["inputs"])), pd.DataFrame()
    with console.status("starting TensorFlow"):
        start_tensorflow()
        model = _load(run / "best.keras", columns)
    target = told["target"] or "prediction"
    outputs = _outputs(model, rows, columns)
    table = _readable(outputs, told["classes"], target)
    with replacing(output) as file:
        pd.concat([beside, table], axis=1).to_csv(file, index=False)
    print_notes(_unanswered(outputs), console)
    console.print(f"{len(table)} predictions: {output}", soft_wrap=True)


def _record(run: Path) -> dict[str, Any]:
    """What run.json says of a finished run."""
    if not (run / "run.json").is_file():
        raise InputError(f"{run} is no folder of a run; expected one made by mlpnas search")
    if not (run / "best.keras").is_file():
        raise InputError(
            f"{run} has no best.keras yet; expected a finished run: mlpnas resume {run}"
        )
    return read_record(run, TableRecord)


def _check_plain(reading: Reading, data: Path) -> None:
    """Raises InputError if arrays are to be read as only a CSV can be."""
    if reading != AS_THE_RUN:
        raise InputError(
            f"'{data}' is for a run on arrays; expected neither --id nor --separator nor "
            "--encoding: leave them out"
        )


def _read(
    data: Path,
    columns: list[Column],
    told: dict[str, Any],
    identifiers: Sequence[str],
    dialect: Dialect,
    console: Console,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cleaned rows, and the columns that are copied beside their predictions."""
    notes: list[str] = []
    known = told.get("identifiers", [])
    # Each may be one name with commas in it, or several.
    asked = [*identifiers, *",".join(identifiers).split(",")] if identifiers else known
    with steps(console, f"reading {data}"):
        frame = read_rows(data, columns, asked, dialect, notes)
        rows = clean_rows(frame, columns, notes.append)
    names = list(frame.columns)
    beside = named(identifiers, "--id", names, told["target"]) or [
        n for n in known if n in names
    ]
    used = {*beside, *(column.name for column in columns), told["target"]}
    if extra := [name for name in names if name not in used]:
        notes.append(f"Not used, since the run did not learn from them: {listing(extra)}")
    print_notes(notes, console)
    return rows, frame[beside]


def _load(path: Path, columns: list[Column]) -> "keras.Model":
    """The model, with the inputs that the columns demand."""
    import keras

    from mlpnas.final.export import input_names

    try:
        model = keras.saving.load_model(path)
        inputs = sorted(tensor.name for tensor in model.inputs)
    except (ValueError, OSError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as e:
        reason = (str(e) or type(e).__name__).splitlines()[0]
        raise InputError(
            f"{path} cannot be loaded ({reason}); expected the file that mlpnas "
            "search wrote: put it back, or run it again"
        ) from None
    expected = sorted(input_names(columns)) or ["rows"]
    if inputs != expected:
        raise InputError(
            f"{path} takes {listing(inputs)}; expected {listing(expected)}: it is not the "
            "model of this run; put that back"
        )
    return model


def _outputs(
    model: "keras.Model", rows: pd.DataFrame | np.ndarray, columns: list[Column]
) -> np.ndarray:
    """Probabilities or values, `(rows, outputs)`."""
    from mlpnas.final.export import as_inputs

    def given(part: pd.DataFrame | np.ndarray) -> Any:
        return as_inputs(part, columns) if isinstance(part, pd.DataFrame) else part

    starts = range(0, len(rows), ROWS_AT_A_TIME)
    parts = (rows[start : start + ROWS_AT_A_TIME] for start in starts)
    return np.concatenate([np.asarray(model(given(part))) for part in parts])


def _readable(outputs: np.ndarray, classes: list[str], target: str) -> pd.DataFrame:
    """A column called as the target was, and for classes one per probability; several values
    are numbered from 0. Rows for which there is no finite answer are empty."""
    outputs = np.where(np.isfinite(outputs).all(axis=1, keepdims=True), outputs, np.nan)
    if not classes:
        several = outputs.shape[1] > 1
        names = [f"{target} {i}" for i in range(outputs.shape[1])] if several else [target]
        return pd.DataFrame(outputs, columns=names)
    labels = pd.Series(np.asarray(classes, dtype=object)[outputs.argmax(axis=1)])
    table = pd.DataFrame({target: labels.mask(np.isnan(outputs[:, 0]))})
    for label, column in zip(classes, outputs.T, strict=True):
        table[f"probability of {label}"] = column
    return table


def _unanswered(outputs: np.ndarray) -> list[str]:
    """A warning of the rows for which the network gives no finite answer."""
    wrong = ~np.isfinite(outputs).all(axis=1)
    if not wrong.any():
        return []
    return [
        f"{WARNING}{wrong.sum()} predictions are empty, that of row {wrong.argmax() + 1} "
        "first: it lies too far from the rows that the network learned from."
    ]
