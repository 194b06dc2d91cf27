"""`rnncell predict`: how texts go on, or labels of sequences, by the saved model."""

from pathlib import Path

import pandas as pd
from rich.console import Console

from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.predict import free_output, of_classes, write_predictions
from rnncell.data.text import text_in
from rnncell.final.delivered import LanguageModel, load

NEXT = 5


def predict(run: Path, data: Path, output: Path | None, console: Console) -> None:
    """Write a CSV: for each line of a text the most probable next tokens, or for each sequence
    its label and the probability of every class.

    Args:
        run: folder of a finished run.
        data: a text file, or an npz with `x`.
        output: what to write; None for `DATA-predictions.csv` in this directory.
        console: where to print.

    Raises:
        InputError: for what the user can mend.
    """
    output = free_output(data, output)
    with console.status("starting TensorFlow"):
        network = load(run)
    if isinstance(network, LanguageModel):
        notes: list[str] = []
        lines = [line for line in text_in(data, notes).splitlines() if line.strip()]
        print_notes(notes, console)
        table = _continued(network, lines)
    else:
        found = network.predict_proba(data)
        table = of_classes(found, network.classes_.tolist(), "prediction")
    write_predictions(table, output, console)


def _continued(network: LanguageModel, lines: list[str]) -> pd.DataFrame:
    """A line of the table per line, with the next tokens, most probable first."""
    rows = []
    for line in lines:
        row: dict[str, object] = {"text": line}
        for place, (token, chance) in enumerate(network.next(line, NEXT), start=1):
            row |= {f"next {place}": token, f"probability {place}": chance}
        rows.append(row)
    return pd.DataFrame(rows)
