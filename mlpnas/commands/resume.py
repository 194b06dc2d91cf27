"""`mlpnas resume`: a search that was interrupted goes on as if it had not been."""

from pathlib import Path

from rich.console import Console

from mlpnas.commands.search import carry_on, open_table
from mlpnas.core.commands.command_line import warn_of_versions
from mlpnas.core.run.folder import Folder, check_data
from mlpnas.core.run.session import earlier
from mlpnas.run.settings import Settings, Workers


def resume(
    path: Path,
    trials: int | None,
    data: str | None,
    limit: float | None,
    workers: Workers,
    console: Console,
) -> None:
    """Check that folder and data are what they were, and carry on.

    Args:
        path: the run's folder.
        trials: how many to have in the end; None for as many as were planned.
        data: where the run's data is now; None to look where it was, and beside the run.
        limit: seconds after which the search ends; None for no limit.
        workers: where children are trained.
        console: where to print.

    Raises:
        InputError: for what the user can mend; nothing in the folder is changed then.
    """
    with Folder.open(path) as folder:
        settings, record = earlier(path, Settings, trials, data)
        table = open_table(settings, console)
        check_data(table.task, record["data"], settings.data)
        warn_of_versions(record["versions"], console)
        carry_on(settings, table, folder, limit, workers, console, done=record.get("results"))
