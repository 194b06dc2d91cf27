"""`predict` of every package: a CSV of predictions, which never takes another file's place."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from mlpnas.core.errors import InputError
from mlpnas.core.run.files import replacing


def free_output(data: Path, output: Path | None) -> Path:
    """Where to write; `DATA-predictions.csv` in this directory if nothing else is asked for.

    Raises:
        InputError: if there is a file already.
    """
    output = output or Path(f"{data.stem}-predictions.csv")
    if output.exists():
        raise InputError(
            f"{output} exists already; expected a new file: choose another --output"
        )
    return output


def of_classes(probabilities: np.ndarray, labels: Sequence[str], target: str) -> pd.DataFrame:
    """A column of labels called `target`, and one per probability; rows without a finite
    answer are empty.

    Args:
        probabilities: `(rows, classes)`.
        labels: of the classes.
        target: name of the first column.
    """
    found = pd.Series(np.asarray(labels, object)[probabilities.argmax(axis=1)])
    table = pd.DataFrame({target: found.mask(np.isnan(probabilities[:, 0]))})
    for label, column in zip(labels, probabilities.T, strict=True):
        table[f"probability of {label}"] = column
    return table


def write_predictions(table: pd.DataFrame, output: Path, console: Console) -> None:
    """Write the CSV in one step, and say so."""
    with replacing(output) as file:
        table.to_csv(file, index=False)
    console.print(f"{len(table)} predictions: {output}", soft_wrap=True)
