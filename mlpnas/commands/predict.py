"""`mlpnas predict`: raw rows in, predictions and probabilities out, by the saved model."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console

from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.display import steps
from mlpnas.core.commands.predict import free_output, of_classes, write_predictions
from mlpnas.core.errors import InputError, listing
from mlpnas.data.columns import WARNING
from mlpnas.data.dialect import GUESSED, Dialect
from mlpnas.data.encoding import clean_rows
from mlpnas.data.names import named
from mlpnas.data.reading import check_for_parquet, read_rows
from mlpnas.final.delivered import DeliveredNetwork


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
    output = free_output(data, output)
    network = DeliveredNetwork(run)
    if network.columns:
        check_for_parquet(data, reading.dialect)
        rows, beside = _read(data, network, reading, console)
    else:
        _check_plain(reading, data)
        rows, beside = network.cleaned(data), pd.DataFrame()
    with console.status("starting TensorFlow"):
        network.model  # noqa: B018 - loaded here, where it is told
    outputs = network.outputs(rows)
    table = _readable(outputs, network)
    print_notes(_unanswered(outputs), console)
    write_predictions(pd.concat([beside, table], axis=1), output, console)


def _check_plain(reading: Reading, data: Path) -> None:
    """Raises InputError if arrays are to be read as only a CSV can be."""
    if reading != AS_THE_RUN:
        raise InputError(
            f"'{data}' is for a run on arrays; expected neither --id nor --separator nor "
            "--encoding: leave them out"
        )


def _read(
    data: Path, network: DeliveredNetwork, reading: Reading, console: Console
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cleaned rows, and the columns that are copied beside their predictions."""
    notes: list[str] = []
    columns, known, identifiers = network.columns, network.identifiers, reading.identifiers
    # Each may be one name with commas in it, or several.
    asked = [*identifiers, *",".join(identifiers).split(",")] if identifiers else known
    dialect = replace(network.dialect, **reading.dialect.said())
    with steps(console, f"reading {data}"):
        frame = read_rows(data, columns, asked, dialect, notes)
        rows = clean_rows(frame, columns, notes.append)
    names = list(frame.columns)
    beside = named(identifiers, "--id", names, network.target) or [
        n for n in known if n in names
    ]
    used = {*beside, *(column.name for column in columns), network.target}
    if extra := [name for name in names if name not in used]:
        notes.append(f"Not used, since the run did not learn from them: {listing(extra)}")
    print_notes(notes, console)
    return rows, frame[beside]


def _readable(outputs: np.ndarray, network: DeliveredNetwork) -> pd.DataFrame:
    """A column called as the target was, and for classes one per probability; several values
    are numbered from 0. Rows for which there is no finite answer are empty."""
    target = network.target or "prediction"
    if not len(network.classes_):
        several = outputs.shape[1] > 1
        names = [f"{target} {i}" for i in range(outputs.shape[1])] if several else [target]
        return pd.DataFrame(outputs, columns=names)
    return of_classes(outputs, network.classes_.tolist(), target)


def _unanswered(outputs: np.ndarray) -> list[str]:
    """A warning of the rows for which the network gives no finite answer."""
    wrong = ~np.isfinite(outputs).all(axis=1)
    if not wrong.any():
        return []
    return [
        f"{WARNING}{wrong.sum()} predictions are empty, that of row {wrong.argmax() + 1} "
        "first: it lies too far from the rows that the network learned from."
    ]
