"""`mlpnas search`: a table in, a searched and retrained network out."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as TextTable

from mlpnas.core.command_line import interrupted_after, print_notes, stop_on_interrupt
from mlpnas.core.errors import InputError
from mlpnas.core.folder import Folder, free_folder
from mlpnas.core.runtime import start_tensorflow
from mlpnas.settings import Settings, Workers
from mlpnas.table import Table, read_table

if TYPE_CHECKING:
    from mlpnas.core.clock import Clock
    from mlpnas.core.trial import History
    from mlpnas.final import Result
    from mlpnas.run import Run


def search(
    settings: Settings,
    path: Path | None,
    limit: float | None,
    workers: Workers,
    console: Console,
) -> None:
    """Read the table, search, retrain, compare; print what a user wants to know of it.

    Args:
        settings: what to search.
        path: the run's folder; None chooses a free one under runs/.
        limit: seconds after which the search ends; None for no limit.
        workers: where children are trained.
        console: where to print.

    Raises:
        InputError: for what the user can mend. The folder is made after the table was read.
    """
    table = open_table(settings, console)
    with Folder.create(path or free_folder(settings.data, settings.seed)) as folder:
        carry_on(settings, table, folder, limit, workers, console)


def carry_on(
    settings: Settings,
    table: Table,
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
    with console.status("starting TensorFlow"):
        # Whatever imports TensorFlow is imported after it was started quietly.
        start_tensorflow()
        from mlpnas.core.clock import Clock
        from mlpnas.run import Run

        run = Run(settings, table, folder, workers)
    with folder.guarded(), run.executor, closing(run.restore()) as history:
        before = len(history)
        if before > settings.trials:
            raise InputError(
                f"--trials is {settings.trials}, but the run has {before} already; expected "
                "that many or more"
            )
        if done and before == settings.trials:
            console.print(f"{folder.path} is finished: {before} trials.", soft_wrap=True)
            return
        run.write()
        run_search(run, history, Clock(limit, run.parameters), console)
        finish(run, history, console)


def open_table(settings: Settings, console: Console) -> Table:
    """The settings' table; prints what was inferred, dropped and looks wrong."""
    s = settings
    table = read_table(s.data, s.target, task=s.task, drop=s.drop, seed=s.seed)
    table = replace(table, task=replace(table.task, regression_loss=s.loss))
    print_notes(table.notes, console)
    return table


def run_search(run: "Run", history: "History", clock: "Clock", console: Console) -> None:
    """The search itself, with its display.

    Raises:
        typer.Exit: with status 130 if the user interrupted it.
    """
    from mlpnas.core.display import SearchDisplay
    from mlpnas.core.report import failures, leaderboard

    s = run.settings
    restore = stop_on_interrupt(clock, console)
    with SearchDisplay(console, history, s.trials, s.per_round) as display:
        run.search(history, clock, display.show)
    restore()
    console.print(leaderboard(history))
    if problem := failures(history):
        console.print(escape(problem), style="yellow", soft_wrap=True)
    path = run.folder.path
    if clock.interrupted:
        raise interrupted_after(len(history), "mlpnas", path, console)
    if clock.out_of_time:
        console.print(f"The time limit ended the search after {len(history)} trials.")


def finish(run: "Run", history: "History", console: Console) -> None:
    """Retrain the finalists, save the winner, test it once beside the baselines."""
    from mlpnas.export import raw_model
    from mlpnas.final import baselines, judge

    task, seed = run.table.task, run.settings.seed
    with console.status("retraining") as status:
        winner = run.retrain(history, on_finalist=status.update)
        path = run.folder.save(raw_model(winner.model, run.table))
        status.update("fitting scikit-learn's multi-layer perceptron on the same rows")
        results = [judge(winner, task), *baselines(task, seed)]
    run.write(
        **winner.record(),
        results=[result._asdict() for result in results],
    )
    console.print(_comparison(results, task.metric))
    for line in (
        f"winner: trial {winner.trial.id}: {winner.trial.architecture}",
        f"model:  {path}, trained from fresh weights",
        f"run:    {run.folder.path}",
    ):
        console.print(escape(line), soft_wrap=True)


def _comparison(results: "list[Result]", metric: str) -> TextTable:
    name = {"accuracy": "accuracy", "r2": "R²"}[metric]
    title = "After the search: trained at length, tested on unseen rows"
    table = TextTable(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
    table.add_column("model")
    table.add_column(f"validation {name}", justify="right")
    table.add_column(f"test {name}", justify="right")
    for result in results:
        table.add_row(result.name, f"{result.valid:.4f}", f"{result.test:.4f}")
    return table
