"""What `rnncell` fills in of search, resume and report."""

from typing import TYPE_CHECKING

from rich.console import Console

from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.kit_program import kit_program
from mlpnas.core.runtime.plugins import later
from rnncell.run.settings import Settings

if TYPE_CHECKING:
    from rnncell.data.text import Text


def open_text(settings: Settings, console: Console) -> "Text":
    """The settings' data; prints what was found."""
    from rnncell.run.source import read_data

    text = read_data(settings)
    print_notes(text.notes, console)
    return text


PROGRAM = kit_program(
    "rnncell",
    Settings,
    open_text,
    make_run=later("rnncell.run.run:make_run"),
    retrain=later("rnncell.final.retrain:retrain"),
    model="rnncell.load_model loads it",
)
