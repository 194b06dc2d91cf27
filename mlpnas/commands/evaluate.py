"""`mlpnas evaluate`: how good a finished run's model is on labelled rows."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from mlpnas.commands.program import PROGRAM
from mlpnas.core.commands import evaluate as core
from mlpnas.core.report.quality.classes import check_threshold
from mlpnas.core.report.quality.explanation import MOST_COLUMNS
from mlpnas.core.report.quality.record import Evaluation, Explanation
from mlpnas.final import judged
from mlpnas.final.delivered import DeliveredNetwork


def evaluate(
    run: Path,
    table: Path | None,
    threshold: float | None,
    explain: bool,
    data: str | None,
    console: Console,
) -> None:
    """Print measures with intervals, classes or residuals and the importance of columns, and
    write them into run.json and report.html.

    Args:
        run: folder of a finished run.
        table: labelled rows; None for the test rows of the run's own data.
        threshold: of two classes the second is predicted from this probability on.
        explain: whether columns are shuffled to see which matter.
        data: where the run's data is now; None to look where it was, and beside the run.
        console: where to print.

    Raises:
        InputError: for what the user can mend.
    """

    def judge(
        told: Callable[[str], None], notes: list[str]
    ) -> tuple[Evaluation, Explanation | None]:
        network = DeliveredNetwork(run)
        check_threshold(threshold, list(network.classes_))
        rows = judged.read_labelled(network, table, None, data, notes.append)
        told("drawing rows for intervals")
        evaluation = judged.evaluate(network, rows, threshold)
        shown = explain and len(network.columns or range(network.inputs)) <= MOST_COLUMNS
        return evaluation, judged.explain(network, rows, on_step=told) if shown else None

    core.evaluate(PROGRAM, run, judge, console)
