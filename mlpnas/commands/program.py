"""What `mlpnas` fills in of search, resume and report. Light to import: all else is loaded when
a command is called."""

from typing import Any

from mlpnas.core.commands.program import Program, Record
from mlpnas.core.data.measure import Measure
from mlpnas.core.runtime.plugins import imported, later
from mlpnas.run.settings import Settings
from mlpnas.space import MLPSpace


def space_of(settings: Settings, record: Record) -> MLPSpace:
    """The space that a run.json names."""
    return MLPSpace.from_name(record.get("space", ""))


def measure_of(settings: Settings, record: Record) -> Measure:
    """What scores are shown in."""
    measure: Measure = imported("mlpnas.scoring:measure_in")(record)
    return measure


def records() -> tuple[type[Any], ...]:
    """What run.json of a table holds besides."""
    return (imported("mlpnas.run.record:TableRecord"),)


PROGRAM = Program(
    "mlpnas",
    Settings,
    open_data=later("mlpnas.commands.search:open_table"),
    make_run=later("mlpnas.run.run:Run"),
    finish=later("mlpnas.commands.search:finish"),
    space_of=space_of,
    measure_of=measure_of,
    page=later("mlpnas.report:html_report"),
    records=records,
    story=later("mlpnas.final.story:story"),
    afterwards=later("mlpnas.commands.compare:go_on"),
)
