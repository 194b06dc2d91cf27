"""`mlpnas search`: the table that settings name, and what follows the search."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as TextTable

from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.display import steps
from mlpnas.core.errors import InputError
from mlpnas.core.run.record import read_record
from mlpnas.data.table import Table
from mlpnas.run.settings import Settings
from mlpnas.run.table import table_of
from mlpnas.scoring import from_unit_interval, measure_name

ASYNCHRONOUS = (
    "--async: results are told as they come, so another run will differ; finished trials "
    "outlive a kill, children under way are replaced by others"
)

VALIDATION = (
    "validation: rows held out of the training; of an average the mean of its networks, each "
    "on the rows it has not seen"
)
AVERAGE = "average of {} such networks, each trained on a fold"

if TYPE_CHECKING:
    from mlpnas.baselines.scikit_learn import Result
    from mlpnas.core.trial import History
    from mlpnas.final.retrain import Winner
    from mlpnas.run.run import Run


def open_table(settings: Settings, console: Console) -> Table:
    """The settings' table; prints what was inferred, dropped and looks wrong.

    Raises:
        InputError: see `table_of`; or if the loss is not for such a target.
    """
    with steps(console, f"reading {settings.data}"):
        table = table_of(settings)
    print_notes(table.notes, console)
    if settings.loss != "mse" and table.task.classes:
        raise InputError(
            f"--loss {settings.loss} is for targets that are numbers, and '{table.target}' has "
            f"{len(table.task.classes)} classes; leave it out, or say --task regression"
        )
    if settings.asynchronous:
        print_notes([ASYNCHRONOUS], console)
    return table


def finish(run: "Run", history: "History", console: Console) -> None:
    """Retrain the finalists, save the winner, test it once beside the baselines."""
    from mlpnas.baselines.scikit_learn import baselines, judge
    from mlpnas.final.export import export
    from mlpnas.final.finish import choose_winner
    from mlpnas.final.judged import judge_test_fold
    from mlpnas.final.story import story

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
        told("judging the test rows")
        evaluation = judge_test_fold(winner.predictor, table, scoring, seed)
    run.write(
        **winner.record(),
        results=[result._asdict() for result in results],
        trials=len(history),
        evaluation=evaluation and asdict(evaluation),
    )
    console.print(_comparison(results, measure_name(table.task, scoring)))
    told_last = [f"model:  {path}, {_kind(winner)}", f"run:    {run.folder.path}"]
    for line in [*story(run.folder.path, read_record(run.folder.path)), *told_last]:
        console.print(escape(line), soft_wrap=True)


def _kind(winner: "Winner") -> str:
    """What the delivered file holds."""
    if not winner.ensemble:
        return "trained from fresh weights"
    return f"{AVERAGE.format(winner.ensemble.size)}; beside it single.keras, the winner alone"


def _comparison(results: "list[Result]", name: str) -> TextTable:
    title = "After the search: trained at length, tested on unseen rows"
    table = TextTable(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
    table.add_column("model")
    table.add_column(f"validation {name}", justify="right")
    table.add_column(f"test {name}", justify="right")
    for result in results:
        table.add_row(result.name, f"{result.valid:.4f}", f"{result.test:.4f}")
    table.caption = VALIDATION
    return table
