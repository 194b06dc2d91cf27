"""`evaluate` of every package: a finished run's model judged, printed, kept, drawn."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.display import steps
from mlpnas.core.commands.program import Program, report
from mlpnas.core.report.quality.record import Evaluation, Explanation
from mlpnas.core.report.quality.terminal import print_evaluation, print_explanation
from mlpnas.core.run.folder import Folder

# Given what is told of each step, and a list for sentences on what was read.
Judge = Callable[[Callable[[str], None], list[str]], tuple[Evaluation, Explanation | None]]


def evaluate(program: Program, run: Path, judge: Judge, console: Console) -> None:
    """Print what labelled rows say of a run's model, and write it into run.json and the page.

    Args:
        program: whose run it should be.
        run: folder of a finished run.
        judge: reads the rows and asks the model.
        console: where to print.

    Raises:
        InputError: for what the user can mend.
    """
    with Folder.open(run, program.name) as folder, folder.guarded():
        notes: list[str] = []
        with steps(console, "reading labelled rows") as told:
            evaluation, explanation = judge(told, notes)
        print_notes(notes, console)
        folder.note(
            evaluation=asdict(evaluation), explanation=explanation and asdict(explanation)
        )
    print_evaluation(evaluation, console)
    if explanation:
        print_explanation(explanation, console)
    report(program, run, html=True, console=console)
