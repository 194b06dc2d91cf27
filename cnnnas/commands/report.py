"""`cnnnas report`: what a run found, as text or as one HTML file."""

from pathlib import Path
from typing import Any

from rich.console import Console

from cnnnas.settings import Settings
from cnnnas.spaces import make_space
from mlpnas.core.errors import InputError
from mlpnas.core.files import replacing
from mlpnas.core.journal import read_journal
from mlpnas.core.report import failures, leaderboard
from mlpnas.core.rivals import agreement_line
from mlpnas.core.search_space import SearchSpace
from mlpnas.core.session import earlier
from mlpnas.core.trial import History


def report(run: Path, html: bool, console: Console) -> None:
    """Print leaderboard and results, or write report.html into the run's folder.

    Args:
        run: folder of a run, finished or not.
        html: whether to write the page.
        console: where to print.

    Raises:
        InputError: if the folder is no run, or damaged.
    """
    record, history, space = read_run(run)
    if not html:
        print_report(record, history, console)
        return
    # Imported here: drawing loads matplotlib, which the text does not need.
    from cnnnas.report import html_report

    path = run / "report.html"
    with replacing(path) as file:
        file.write(html_report(run, record, history, space).encode())
    console.print(f"report: {path}", soft_wrap=True, markup=False)


def read_run(path: Path) -> tuple[dict[str, Any], History, SearchSpace]:
    """A run's record, its trials, and the space that it searched."""
    if not (path / "run.json").is_file():
        raise InputError(f"{path} is no folder of a run; expected one made by cnnnas search")
    settings, record = earlier(path, Settings, None)
    space = make_space(settings.space, settings.sizes)
    trials, _ = read_journal(path / "trials.jsonl", space)
    return record, History(trials=trials), space


def print_report(record: dict[str, Any], history: History, console: Console) -> None:
    """The report as text."""
    console.print(leaderboard(history, 10))
    if problem := failures(history):
        console.print(problem, style="yellow", soft_wrap=True, markup=False)
    for r in record.get("results", []):
        told = f"{r['name']}: validation {r['valid']:.4f}, test {r['test']:.4f}"
        console.print(f"{told}, {r['parameters']:,} parameters", soft_wrap=True, markup=False)
    if "kendall_tau" in record:
        console.print(agreement_line(record), soft_wrap=True, markup=False)
