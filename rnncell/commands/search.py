"""What `rnncell` fills in of search, resume and report."""

from typing import TYPE_CHECKING, Any

from rich.console import Console

from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.kit_program import kit_program
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.workers import Workers
from rnncell.run.settings import Settings

if TYPE_CHECKING:
    from mlpnas.core.run.run import Run
    from rnncell.data.text import Text


def open_text(settings: Settings, console: Console) -> "Text":
    """The settings' data; prints what was found."""
    from rnncell.run.source import read_data

    text = read_data(settings)
    print_notes(text.notes, console)
    return text


def make_run(settings: Settings, text: "Text", folder: Folder, workers: Workers) -> "Run[Text]":
    """See `run.make_run`."""
    from rnncell.run.run import make_run

    return make_run(settings, text, folder, workers)


def retrain(*what: Any) -> Any:
    """See `final.retrain`."""
    from rnncell.final.retrain import retrain

    return retrain(*what)


PROGRAM = kit_program(
    "rnncell", Settings, open_text, make_run, retrain, "rnncell.load_model loads it"
)
