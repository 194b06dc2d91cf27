"""What `mlpnas` fills in of search, resume and report. Light to import: all else is loaded when
a command is called."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from mlpnas.core.commands.program import Program, Record, read_run
from mlpnas.core.data.measure import Measure
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.workers import Workers
from mlpnas.core.trial import History
from mlpnas.run.settings import Settings
from mlpnas.space import MLPSpace

if TYPE_CHECKING:
    from mlpnas.data.table import Table
    from mlpnas.run.run import Run


def open_data(settings: Settings, console: Console) -> "Table":
    """See `search.open_table`."""
    from mlpnas.commands.search import open_table

    return open_table(settings, console)


def make_run(settings: Settings, table: "Table", folder: Folder, workers: Workers) -> "Run":
    """See `run.Run`."""
    from mlpnas.run.run import Run

    return Run(settings, table, folder, workers)


def finish(run: "Run", history: History, console: Console) -> None:
    """See `search.finish`."""
    from mlpnas.commands.search import finish

    finish(run, history, console)


def space_of(settings: Settings, record: Record) -> MLPSpace:
    """The space that a run.json names."""
    return MLPSpace.from_name(record.get("space", ""))


def measure_of(settings: Settings, record: Record) -> Measure:
    """What scores are shown in."""
    from mlpnas.scoring import measure_in

    return measure_in(record)


def make_page(
    path: Path, record: Record, history: History, space: MLPSpace, against: Path | None = None
) -> str:
    """See `report.html_report`, which loads matplotlib.

    Args:
        against: folder of another run on the same split, to be drawn beside this one.
    """
    from mlpnas.report import html_report

    other: Any = None if against is None else read_run(PROGRAM, against)
    return html_report(path, record, history, space, other)


def records() -> tuple[type[Any], ...]:
    """What run.json of a table holds besides."""
    from mlpnas.run.record import TableRecord

    return (TableRecord,)


def go_on(path: Path, workers: Workers, console: Console) -> None:
    """Finish the run's comparison, if one was asked for."""
    from mlpnas.commands import compare

    compare.go_on(path, workers.jobs, console)


PROGRAM = Program(
    "mlpnas", Settings, open_data, make_run, finish, space_of, measure_of, make_page, records,
    afterwards=go_on,
)  # fmt: skip
