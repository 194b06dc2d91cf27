"""`mlpnas search`: a table in, a searched and retrained network out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as TextTable

from mlpnas.baselines.verdict import UNFINISHED
from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.display import steps
from mlpnas.core.errors import InputError
from mlpnas.core.run.files import replacing
from mlpnas.core.run.folder import Folder, free_folder
from mlpnas.core.runtime.capacity import check_jobs
from mlpnas.core.runtime.start import start_tensorflow
from mlpnas.data.table import Table
from mlpnas.final.finalists import name_of
from mlpnas.run.settings import Settings, Workers
from mlpnas.run.table import table_of
from mlpnas.scoring import ScoringOption, from_unit_interval, measure_name

ASYNCHRONOUS = (
    "--async: results are told as they come, so another run will differ; finished trials "
    "outlive a kill, children under way are replaced by others"
)

AVERAGE = "average of {} such networks, each trained on a fold"

if TYPE_CHECKING:
    from mlpnas.baselines.scikit_learn import Result
    from mlpnas.core.trial import History
    from mlpnas.final.retrain import Winner
    from mlpnas.run.run import Run


def search(
    settings: Settings,
    path: Path | None,
    limit: float | None,
    workers: Workers,
    console: Console,
    tensorboard: bool = False,
    compare: bool = False,
) -> Path:
    """Read the table, search, retrain, compare; print what a user wants to know of it.

    Args:
        settings: what to search.
        path: the run's folder; None chooses a free one under runs/.
        limit: seconds after which the search ends; None for no limit.
        workers: where children are trained.
        console: where to print.
        tensorboard: whether to log the trials for it.
        compare: whether `commands.compare.go_on` is to find something to do.

    Returns:
        The run's folder. What is asked for is noted there, so that a resume knows of it.

    Raises:
        InputError: for what the user can mend. The folder is made after the table was read.
    """
    table = open_table(settings, console)
    if settings.loss != "mse" and table.task.classes:
        raise InputError(
            f"--loss {settings.loss} is for targets that are numbers, and '{table.target}' has "
            f"{len(table.task.classes)} classes; leave it out, or say --task regression"
        )
    with Folder.create(path or free_folder(settings.data, settings.seed)) as folder:
        if tensorboard:
            folder.tensorboard.mkdir(exist_ok=True)
        if compare:
            with replacing(folder.path / UNFINISHED):
                pass  # empty: nothing is compared yet
        carry_on(settings, table, folder, limit, workers, console)
    return folder.path


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
    print_notes(check_jobs(workers.jobs if workers.executor == "local" else 1), console)
    with console.status("starting TensorFlow"):
        # Whatever imports TensorFlow is imported after it was started quietly.
        start_tensorflow()
        from mlpnas.core.commands.conduct import conduct
        from mlpnas.run.run import Run

        run = Run(settings, table, folder, workers)
    if settings.asynchronous:
        print_notes([ASYNCHRONOUS], console)
    conduct(run, limit, lambda history: finish(run, history, console), console, done)


def open_table(settings: Settings, console: Console) -> Table:
    """The settings' table; prints what was inferred, dropped and looks wrong."""
    with steps(console, f"reading {settings.data}"):
        table = table_of(settings)
    print_notes(table.notes, console)
    return table


def finish(run: "Run", history: "History", console: Console) -> None:
    """Retrain the finalists, save the winner, test it once beside the baselines."""
    from mlpnas.baselines.scikit_learn import baselines, judge
    from mlpnas.final.export import export
    from mlpnas.final.finish import choose_winner

    table, seed, scoring = run.table, run.settings.seed, run.settings.scoring
    with steps(console, "retraining") as told:
        winner = choose_winner(run, history, on_step=told)
        told("writing best.keras, and comparing it with the scored network")
        path = export(winner.predictor, table, run.folder.model)
        if winner.ensemble:
            export(winner.model, table, run.folder.single)
        told("fitting scikit-learn's multi-layer perceptron on the same rows")
        results = [judge("searched MLP, retrained", winner.model, table, scoring)]
        if winner.ensemble:
            averaged = judge(
                AVERAGE.format(winner.ensemble.size), winner.predictor, table, scoring
            )
            # On validation rows it would be judged by what it has learned from.
            valid = from_unit_interval(winner.ensemble.score, scoring)
            results.append(averaged._replace(valid=valid))
        results += baselines(table, seed, scoring)
    run.write(
        **winner.record(),
        results=[result._asdict() for result in results],
        trials=len(history),
    )
    console.print(_comparison(results, measure_name(table.task, scoring)))
    for line in (
        f"winner: {name_of(winner.trial.id)}: {winner.trial.architecture}",
        f"chosen: {_chosen(winner, scoring)}",
        f"model:  {path}, {_kind(winner)}",
        f"run:    {run.folder.path}",
        f'use:    mlpnas.load("{run.folder.path}").predict(frame)',
    ):
        console.print(escape(line), soft_wrap=True)


def _kind(winner: "Winner") -> str:
    """What the delivered file holds."""
    if not winner.ensemble:
        return "trained from fresh weights"
    return f"{AVERAGE.format(winner.ensemble.size)}; beside it single.keras, the winner alone"


def _chosen(winner: "Winner", scoring: ScoringOption) -> str:
    """By what the winner was chosen among the finalists."""
    every = winner.retrained
    mine, best = every[winner.trial.id], max(every.values())
    score, highest = (f"{from_unit_interval(value, scoring):.4f}" for value in (mine, best))
    by = "in a cross-validation" if winner.cross_validated else "on the validation rows"
    if mine == best:
        return f"the best of {len(every)} {by}, {score}"
    return (
        f"the smallest of {len(every)} within a standard error of the best {by}, "
        f"{score} to {highest}"
    )


def _comparison(results: "list[Result]", name: str) -> TextTable:
    title = "After the search: trained at length, tested on unseen rows"
    table = TextTable(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
    table.add_column("model")
    table.add_column(f"validation {name}", justify="right")
    table.add_column(f"test {name}", justify="right")
    for result in results:
        table.add_row(result.name, f"{result.valid:.4f}", f"{result.test:.4f}")
    return table
