"""`mlpnas search`: a table in, a searched and retrained network out."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as TextTable

from mlpnas.core.command_line import print_notes
from mlpnas.core.folder import Folder, free_folder
from mlpnas.core.runtime import start_tensorflow
from mlpnas.settings import Settings, Workers
from mlpnas.table import Table, read_table

if TYPE_CHECKING:
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
        from mlpnas.core.session import conduct
        from mlpnas.run import Run

        run = Run(settings, table, folder, workers)
    conduct(run, limit, lambda history: finish(run, history, console), console, done)


def open_table(settings: Settings, console: Console) -> Table:
    """The settings' table; prints what was inferred, dropped and looks wrong."""
    s = settings
    table = read_table(s.data, s.target, task=s.task, drop=s.drop, seed=s.seed)
    table = replace(table, task=replace(table.task, regression_loss=s.loss))
    print_notes(table.notes, console)
    return table


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
