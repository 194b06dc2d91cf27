"""`mlpnas report`: what a run found, as text or as one HTML file."""

from pathlib import Path
from typing import Any

from rich.console import Console

from mlpnas.core.errors import InputError
from mlpnas.core.files import replacing
from mlpnas.core.folder import read_record
from mlpnas.core.journal import read_journal
from mlpnas.core.report import failures, leaderboard
from mlpnas.core.trial import History
from mlpnas.space import MLPSpace


def report(run: Path, html: bool, against: Path | None, console: Console) -> None:
    """Print the leaderboard and the results, or write report.html into the run's folder.

    Args:
        run: folder of a run, finished or not.
        html: whether to write the page.
        against: folder of another run on the same split, to be drawn beside this one.
        console: where to print.

    Raises:
        InputError: if a folder is no run, or damaged; or if the runs cannot be compared.
    """
    record, history, space = read_run(run)
    if not html and against is None:
        print_report(record, history, console)
        return
    # Imported here: drawing loads matplotlib, which the text does not need.
    from mlpnas.report import html_report

    other = None if against is None else read_run(against)
    path = run / "report.html"
    with replacing(path) as file:
        file.write(html_report(run, record, history, space, other).encode())
    console.print(f"report: {path}", soft_wrap=True, markup=False)


def read_run(path: Path) -> tuple[dict[str, Any], History, MLPSpace]:
    """A run's record, its trials, and the space that it searched."""
    if not (path / "run.json").is_file():
        raise InputError(f"{path} is no folder of a run; expected one made by mlpnas search")
    record = read_record(path)
    space = MLPSpace.from_name(str(record.get("space")))
    trials, _ = read_journal(path / "trials.jsonl", space)
    return record, History(trials=trials), space


def print_report(record: dict[str, Any], history: History, console: Console) -> None:
    """The report as text."""
    console.print(leaderboard(history, 10))
    if problem := failures(history):
        console.print(problem, style="yellow", soft_wrap=True, markup=False)
    for result in record.get("results", []):
        told = f"{result['name']}: validation {result['valid']:.4f}, test {result['test']:.4f}"
        console.print(told, soft_wrap=True, markup=False)
