"""`cnnnas report`: what a run found, as text or as one HTML file."""

from pathlib import Path

from rich.console import Console

from cnnnas.run.record import ImageRecord
from cnnnas.run.settings import Settings
from cnnnas.run.spaces import make_space
from mlpnas.core.report import terminal as core
from mlpnas.core.report.terminal import Record, print_report, write_page
from mlpnas.core.run.record import settings_of
from mlpnas.core.space.search_space import SearchSpace
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
        measure = settings_of(run, record, Settings).measure
        print_report(record, history, console, measure)
        return
    # Imported here: drawing loads matplotlib, which the text does not need.
    from cnnnas.report.page import html_report

    write_page(run, html_report(run, record, history, space), console)


def read_run(path: Path) -> tuple[Record, History, SearchSpace]:
    """See `report.terminal.read_run`."""

    def space(settings: Settings, record: Record) -> SearchSpace:
        return make_space(settings)

    return core.read_run(path, Settings, space, "cnnnas", ImageRecord)
