"""`rnncell report`: what a run found, as text or as one HTML file."""

from pathlib import Path

from rich.console import Console

from mlpnas.core.report.terminal import Record, print_report, read_run, write_page
from mlpnas.core.run.record import settings_of
from rnncell.run.record import TextRecord
from rnncell.run.settings import Settings
from rnncell.run.spaces import Space, make_space


def report(run: Path, html: bool, console: Console) -> None:
    """Print leaderboard and results, or write report.html into the run's folder.

    Args:
        run: folder of a run, finished or not.
        html: whether to write the page.
        console: where to print.

    Raises:
        InputError: if the folder is no run, or damaged.
    """

    def space_of(settings: Settings, record: Record) -> Space:
        return make_space(settings)

    record, history, space = read_run(run, Settings, space_of, "rnncell", TextRecord)
    measure = settings_of(run, record, Settings).measure(len(record["data"]["classes"]))
    if not html:
        print_report(record, history, console, measure)
        return
    # Imported here: drawing loads matplotlib, which the text does not need.
    from rnncell.report.page import html_report

    write_page(run, html_report(run, record, history, space, measure), console)
