"""`rnncell report`: what a run found."""

from pathlib import Path
from typing import Any

from rich.console import Console

from mlpnas.core.errors import InputError
from mlpnas.core.journal import read_journal
from mlpnas.core.report import failures, leaderboard
from mlpnas.core.rivals import agreement_line
from mlpnas.core.session import earlier
from mlpnas.core.trial import History
from rnncell.settings import Settings, is_text
from rnncell.spaces import make_space


def report(run: Path, console: Console) -> None:
    """Print leaderboard and results.

    Args:
        run: folder of a run, finished or not.
        console: where to print.

    Raises:
        InputError: if the folder is no run, or damaged.
    """
    if not (run / "run.json").is_file():
        raise InputError(f"{run} is no folder of a run; expected one made by rnncell search")
    settings, record = earlier(run, Settings, None)
    space = make_space(settings.space, settings.sizes)
    trials, _ = read_journal(run / "trials.jsonl", space)
    print_report(record, History(trials=trials), is_text(settings.data), console)


def print_report(
    record: dict[str, Any], history: History, of_text: bool, console: Console
) -> None:
    """The report as text."""
    console.print(leaderboard(history, 10))
    if problem := failures(history):
        console.print(problem, style="yellow", soft_wrap=True, markup=False)
    measure = "perplexity" if of_text else "accuracy"
    for r in record.get("results", []):
        told = f"{r['name']}: validation {measure} {r['valid']:.4f}, test {r['test']:.4f}"
        console.print(f"{told}, {r['parameters']:,} parameters", soft_wrap=True, markup=False)
    if "kendall_tau" in record:
        console.print(agreement_line(record), soft_wrap=True, markup=False)
