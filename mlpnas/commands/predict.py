"""`mlpnas predict`: raw rows in, predictions and probabilities out, by the saved model."""

import math
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.console import Console

from mlpnas.core.command_line import print_notes
from mlpnas.core.errors import InputError, listing
from mlpnas.core.files import replacing
from mlpnas.core.folder import read_record
from mlpnas.core.runtime import start_tensorflow
from mlpnas.tables.arrays import read_new_rows
from mlpnas.tables.columns import Column
from mlpnas.tables.encoding import clean_rows
from mlpnas.tables.reading import read_rows

if TYPE_CHECKING:
    import keras

ROWS_AT_A_TIME = 10_000


def predict(run: Path, data: Path, output: Path | None, console: Console) -> None:
    """Write a CSV with a line per row: the prediction, and the probability of every class.

    Columns are found by name, so their order does not matter; those that the run did not
    learn from are left out, and named. A run on arrays takes an npz with `x`.

    Args:
        run: folder of a finished run.
        data: the rows; the target may be missing.
        output: what to write; None for `DATA-predictions.csv` in this directory.
        console: where to print.

    Raises:
        InputError: for what the user can mend.
    """
    output = output or Path(f"{data.stem}-predictions.csv")
    if output.exists():
        raise InputError(
            f"{output} exists already; expected a new file: choose another --output"
        )
    told = _encoding(run)
    columns = [Column.of(record) for record in told["columns"]]
    rows = _read(data, columns, told, console)
    with console.status("starting TensorFlow"):
        start_tensorflow()
        model = _load(run / "best.keras", columns)
    target = told["target"] or "prediction"
    table = _readable(_outputs(model, rows, columns), told["classes"], target)
    with replacing(output) as file:
        table.to_csv(file, index=False)
    console.print(f"{len(table)} predictions: {output}", soft_wrap=True)


def _encoding(run: Path) -> dict[str, Any]:
    """What run.json says of the data."""
    if not (run / "run.json").is_file():
        raise InputError(f"{run} is no folder of a run; expected one made by mlpnas search")
    if not (run / "best.keras").is_file():
        raise InputError(
            f"{run} has no best.keras yet; expected a finished run: mlpnas resume {run}"
        )
    return read_record(run)["data"]


def _read(
    data: Path, columns: list[Column], told: dict[str, Any], console: Console
) -> pd.DataFrame | np.ndarray:
    """The cleaned rows; of a run on arrays, which knows no columns, as an array."""
    if not columns:
        return read_new_rows(data, math.prod(told["inputs"]))
    frame = read_rows(data, columns)
    _note_extra(frame, columns, told["target"], console)
    notes: list[str] = []
    rows = clean_rows(frame, columns, notes.append)
    print_notes(notes, console)
    return rows


def _note_extra(
    frame: pd.DataFrame, columns: list[Column], target: str, console: Console
) -> None:
    known = {column.name for column in columns} | {target}
    extra = [name for name in frame.columns if name not in known]
    if extra:
        told = f"Not used, since the run did not learn from them: {listing(extra)}"
        console.print(told, soft_wrap=True, markup=False)


def _load(path: Path, columns: list[Column]) -> "keras.Model":
    """The model, with the inputs that the columns demand."""
    import keras

    from mlpnas.export import input_names

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
    from mlpnas.export import as_inputs

    def given(part: pd.DataFrame | np.ndarray) -> Any:
        return as_inputs(part, columns) if isinstance(part, pd.DataFrame) else part

    starts = range(0, len(rows), ROWS_AT_A_TIME)
    parts = (rows[start : start + ROWS_AT_A_TIME] for start in starts)
    return np.concatenate([np.asarray(model(given(part))) for part in parts])


def _readable(outputs: np.ndarray, classes: list[str], target: str) -> pd.DataFrame:
    """A column called as the target was, and for classes one per probability; several values
    are numbered from 0."""
    if not classes:
        several = outputs.shape[1] > 1
        names = [f"{target} {i}" for i in range(outputs.shape[1])] if several else [target]
        return pd.DataFrame(outputs, columns=names)
    table = pd.DataFrame({target: np.asarray(classes)[outputs.argmax(axis=1)]})
    for label, column in zip(classes, outputs.T, strict=True):
        table[f"probability of {label}"] = column
    return table
