"""`cnnnas evaluate`: how good a finished run's model is on labelled images."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from cnnnas.commands.search import PROGRAM
from cnnnas.final.delivered import DeliveredNetwork
from mlpnas.core.commands import evaluate as core
from mlpnas.core.report.quality.classes import check_threshold
from mlpnas.core.report.quality.record import Evaluation


def evaluate(
    run: Path,
    images: Path | None,
    threshold: float | None,
    data: str | None,
    console: Console,
) -> None:
    """Print measures with intervals and classes, and write them into run.json and report.html.

    Args:
        run: folder of a finished run.
        images: a folder of class folders, or an npz with x and y; None for the run's test
            images.
        threshold: of two classes the second is predicted from this probability on.
        data: where the run's data is now; None to look where it was, and beside the run.
        console: where to print.

    Raises:
        InputError: for what the user can mend.
    """

    def judge(told: Callable[[str], None], notes: list[str]) -> tuple[Evaluation, None]:
        network = DeliveredNetwork(run)
        check_threshold(threshold, network.classes_.tolist())
        found = network.evaluate(images, threshold=threshold, data=data, warn=notes.append)
        return found, None

    core.evaluate(PROGRAM, run, judge, console)
