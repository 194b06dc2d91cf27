"""`mlpnas report`: what a run found, as text or as one HTML file."""

from pathlib import Path

from rich.console import Console

from mlpnas.core.report import terminal as core
from mlpnas.core.report.terminal import Record, print_report, write_page
from mlpnas.core.trial import History
from mlpnas.run.record import TableRecord
from mlpnas.run.settings import Settings
from mlpnas.scoring import measure_in
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
    if not html and against is None:
        record, history, _ = read_run(run)
        print_report(record, history, console, measure_in(record))
        return
    write_html(run, against, console)


def write_html(run: Path, against: Path | None, console: Console) -> None:
    """Write report.html into the run's folder; see `report`."""
    # Imported here: drawing loads matplotlib, which the text does not need.
    from mlpnas.report import html_report

    record, history, space = read_run(run)
    other = None if against is None else read_run(against)
    write_page(run, html_report(run, record, history, space, other), console)


def read_run(path: Path) -> tuple[Record, History, MLPSpace]:
    """See `report.terminal.read_run`."""

    def space(settings: Settings, record: Record) -> MLPSpace:
        return MLPSpace.from_name(record.get("space", ""))

    return core.read_run(path, Settings, space, "mlpnas", TableRecord)
