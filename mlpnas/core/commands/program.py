"""Program: what a package fills in of the commands that all have, and these commands.

Search and resume are one way: open the data, make the run, conduct the search, finish.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from mlpnas.core.commands.command_line import (  # fmt: skip
    print_notes,
    run_app,
    seconds,
    warn_of_versions,
)
from mlpnas.core.commands.options import (
    Address,
    DataNow,
    Executor,
    Gpus,
    Html,
    Jobs,
    MoreTrials,
    RunFolder,
    TimeLimit,
    TrialTimeout,
    workers_of,
)
from mlpnas.core.data.measure import Measure
from mlpnas.core.run.folder import Folder, check_data, free_folder
from mlpnas.core.run.workers import Workers
from mlpnas.core.runtime.capacity import check_jobs
from mlpnas.core.runtime.start import start_tensorflow
from mlpnas.core.space.search_space import SearchSpace
from mlpnas.core.trial import History

Record = dict[str, Any]


@dataclass(frozen=True)
class Program:
    """What a package fills in. Its functions import what they need when they are called, so
    that help and bad options answer at once.

    Attributes:
        name: of the command line.
        settings: their class.
        open_data: reads the settings' data, and prints what there is to say of it.
        make_run: from settings, data, folder and workers; TensorFlow has been started.
        finish: what follows a search: retrains, tests, delivers, prints.
        space_of: the space of a run, from its settings and run.json.
        measure_of: likewise what its scores are shown in.
        page: report.html, from the run's folder, run.json, trials and space.
        records: gives dataclasses of what its run.json holds besides what every one does.
        story: lines on what won, why, and how to use it, from the run's folder and run.json.
        afterwards: what follows search or resume, given the run's folder and --jobs.
    """

    name: str
    settings: type[Any]
    open_data: Callable[[Any, Console], Any]
    make_run: Callable[[Any, Any, Folder, Workers], Any]
    finish: Callable[[Any, History, Console], None]
    space_of: Callable[[Any, Record], SearchSpace]
    measure_of: Callable[[Any, Record], Measure]
    page: Callable[..., str]
    records: Callable[[], tuple[type[Any], ...]] = tuple
    story: Callable[[Path, Record], Sequence[str]] = lambda run, record: ()
    afterwards: Callable[[Path, int, Console], None] = lambda run, jobs, console: None


def search(
    program: Program,
    settings: Any,
    path: Path | None,
    limit: float | None,
    workers: Workers,
    console: Console,
    tensorboard: bool = False,
    prepare: Callable[[Folder], None] = lambda folder: None,
) -> Path:
    """Read the data, search, retrain, compare; print what a user wants to know of it.

    Args:
        settings: what to search.
        path: the run's folder; None chooses a free one under runs/.
        limit: seconds after which the search ends; None for no limit.
        workers: where children are trained.
        console: where to print.
        tensorboard: whether to log the trials for it.
        prepare: what else to put into the new folder, so that a resume knows of it.

    Returns:
        The run's folder.

    Raises:
        InputError: for what the user can mend. The folder is made after the data was read.
    """
    data = program.open_data(settings, console)
    path = path or free_folder(settings.data, settings.seed)
    with Folder.create(path, program.name) as folder:
        if tensorboard:
            folder.tensorboard.mkdir(exist_ok=True)
        prepare(folder)
        carry_on(program, settings, data, folder, limit, workers, console)
    return path


def resume(
    program: Program,
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
    from mlpnas.core.run.session import earlier

    with Folder.open(path, program.name) as folder:
        settings, record = earlier(path, program.settings, trials, data)
        read = program.open_data(settings, console)
        check_data(read.task, record["data"], settings.data)
        warn_of_versions(record["versions"], console)
        done = record.get("results")
        carry_on(program, settings, read, folder, limit, workers, console, done)


def carry_on(
    program: Program,
    settings: Any,
    data: Any,
    folder: Folder,
    limit: float | None,
    workers: Workers,
    console: Console,
    done: Any = None,
) -> None:
    """What a new search and a resumed one have in common.

    Args:
        done: the results, if the run was finished before.

    Raises:
        InputError: for what the user can mend, a full disk included.
    """
    print_notes(check_jobs(workers.jobs if workers.executor == "local" else 1), console)
    with console.status("starting TensorFlow"):
        # Whatever imports TensorFlow is imported after it was started quietly.
        start_tensorflow()
        from mlpnas.core.commands.conduct import conduct

        run = program.make_run(settings, data, folder, workers)
    conduct(run, limit, lambda history: program.finish(run, history, console), console, done)


def read_run(program: Program, path: Path) -> tuple[Record, History, SearchSpace]:
    """A run's run.json, its trials, and the space that it searched.

    Raises:
        InputError: if it is no folder of a run, or damaged.
    """
    from mlpnas.core.report import terminal

    return terminal.read_run(
        path, program.settings, program.space_of, program.name, *program.records()
    )


def report(program: Program, path: Path, html: bool, console: Console) -> None:
    """Print leaderboard and results, or write report.html into the run's folder.

    Args:
        path: folder of a run, finished or not.
        html: whether to write the page.
        console: where to print.

    Raises:
        InputError: if the folder is no run, or damaged.
    """
    from mlpnas.core.report.terminal import print_report, write_page
    from mlpnas.core.run.record import settings_of

    record, history, space = read_run(program, path)
    if html:
        write_page(path, program.page(path, record, history, space), console)
        return
    settings = settings_of(path, record, program.settings)
    print_report(record, history, console, program.measure_of(settings, record))
    for line in program.story(path, record):
        console.print(line, soft_wrap=True, markup=False)


def make_app(help: str) -> typer.Typer:
    """A command line, still without commands."""
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=help)


def add_resume(app: typer.Typer, console: Console) -> None:
    """The command `resume`."""

    @app.command(name="resume")
    def command(
        context: typer.Context,
        run: RunFolder,
        trials: MoreTrials = None,
        data: DataNow = None,
        time_limit: TimeLimit = None,
        jobs: Jobs = 2,
        trial_timeout: TrialTimeout = None,
        executor: Executor = "local",
        address: Address = None,
        gpus_per_job: Gpus = 0.0,
    ) -> None:
        """Continue a search that was stopped or killed, or extend a finished one."""
        program, limit = context.obj, seconds(time_limit)
        workers = workers_of(jobs, trial_timeout, executor, address, gpus_per_job)
        resume(program, run, trials, data, limit, workers, console)
        program.afterwards(run, workers.jobs, console)


def add_report(app: typer.Typer, console: Console) -> None:
    """The command `report`."""

    @app.command(name="report")
    def command(context: typer.Context, run: RunFolder, html: Html = False) -> None:
        """Show what a run found, as text or as one HTML file."""
        report(context.obj, run, html, console)


def run_program(app: typer.Typer, program: Program, arguments: list[str] | None) -> None:
    """Run the command line; a user's mistake is told in one line, with exit status 2.

    Args:
        program: what the commands work on.
        arguments: instead of the process's own.
    """
    run_app(app, program.name, arguments, program)
