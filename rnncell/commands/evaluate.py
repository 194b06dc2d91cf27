"""`rnncell evaluate`: how good a finished run's model is on a text or on sequences."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from mlpnas.core.commands import evaluate as core
from mlpnas.core.report.quality.classes import check_threshold
from mlpnas.core.report.quality.record import Evaluation
from rnncell.commands.search import PROGRAM
from rnncell.final.delivered import LanguageModel, load


def evaluate(
    run: Path, rows: Path | None, threshold: float | None, data: str | None, console: Console
) -> None:
    """Print measures with intervals, and write them into run.json and report.html.

    Args:
        run: folder of a finished run.
        rows: a text file, or an npz with x and y; None for the run's own test data.
        threshold: of two classes the second is predicted from this probability on.
        data: where the run's data is now; None to look where it was, and beside the run.
        console: where to print.

    Raises:
        InputError: for what the user can mend.
    """

    def judge(told: Callable[[str], None], notes: list[str]) -> tuple[Evaluation, None]:
        network = load(run)
        if isinstance(network, LanguageModel):
            check_threshold(threshold, network.classes_.tolist())
            return network.evaluate(rows, data=data, warn=notes.append), None
        check_threshold(threshold, network.classes_.tolist())
        return network.evaluate(rows, threshold=threshold, data=data), None

    core.evaluate(PROGRAM, run, judge, console)
