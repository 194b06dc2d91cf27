"""`rnncell resume`: a search that was interrupted goes on as if it had not been."""

from pathlib import Path

from rich.console import Console

from mlpnas.core.commands.command_line import warn_of_versions
from mlpnas.core.run.folder import Folder, check_data
from mlpnas.core.run.session import earlier
from rnncell.commands.search import carry_on, open_text
from rnncell.run.settings import Settings


def resume(
    path: Path,
    trials: int | None,
    data: str | None,
    limit: float | None,
    jobs: int,
    console: Console,
) -> None:
    """Check that folder and data are what they were, and carry on.

    Args:
        path: the run's folder.
        trials: how many to have in the end; None for as many as were planned.
        data: where the run's data is now; None to look where it was, and beside the run.
        limit: seconds after which the search ends; None for no limit.
        jobs: processes that train children.
        console: where to print.

    Raises:
        InputError: for what the user can mend; nothing in the folder is changed then.
    """
    with Folder.open(path, "rnncell") as folder:
        settings, record = earlier(path, Settings, trials, data)
        text = open_text(settings, console)
        check_data(text.task, record["data"], settings.data)
        warn_of_versions(record["versions"], console)
        carry_on(settings, text, folder, limit, jobs, console, done=record.get("results"))
