"""The command line: a CSV in, a searched multi-layer perceptron out."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from mlpnas.commands.program import PROGRAM
from mlpnas.core.commands import options as o
from mlpnas.core.commands import program
from mlpnas.core.commands.command_line import listed, refuse_unread, seconds
from mlpnas.core.run.folder import Folder
from mlpnas.data.dialect import DateOption, DecimalOption, Dialect
from mlpnas.run.settings import Settings
from mlpnas.space import MLPSpace

app = program.make_app("Neural architecture search for multi-layer perceptrons.")
console = Console(highlight=False)


def _joined(values: tuple) -> str:
    return ",".join(map(str, values))


def _columns(help: str) -> Any:
    """An option that names columns; it may be given several times."""
    return o.option(o.DATA, help, metavar="COL[,COL]")


Separator = Annotated[str | None, o.option(o.DATA, "Between a CSV's fields; ';', tab, ...")]
Encoding = Annotated[str | None, o.option(o.DATA, "Of a CSV, such as cp1252.")]


@app.command()
def search(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="A CSV, parquet or npz file.")],
    target: Annotated[str | None, o.option(o.DATA, "The column to predict.")] = None,
    task: Annotated[
        Literal["auto", "classification", "regression"], o.option(o.DATA, "What to learn.")
    ] = "auto",
    drop: Annotated[list[str] | None, _columns("To leave out.")] = None,
    categorical: Annotated[list[str] | None, _columns("To read as categories.")] = None,
    numeric: Annotated[list[str] | None, _columns("To read as numbers.")] = None,
    date: Annotated[list[str] | None, _columns("To read as dates.")] = None,
    separator: Separator = None,
    decimal: Annotated[
        DecimalOption, o.option(o.DATA, "Mark of decimals, where 1,234 may be two numbers.")
    ] = "auto",
    dates: Annotated[
        DateOption, o.option(o.DATA, "Order, where 01/02 may be two dates.")
    ] = "auto",
    missing: Annotated[
        str | None,
        o.option(o.DATA, "Words that mean a missing cell; default NA, None, ? and the like."),
    ] = None,
    encoding: Encoding = None,
    scaling: Annotated[
        Literal["standard", "quantile", "auto"], o.option(o.DATA, "Of columns of numbers.")
    ] = "standard",
    strategy: o.Strategy = "bayesian",
    trials: Annotated[int, o.option(o.SEARCH, "Architectures to try.")] = 100,
    per_round: Annotated[int, o.option(o.SEARCH, "How many are chosen at a time.")] = 10,
    widths: Annotated[str, o.option(o.SEARCH, "Units that a layer may have.")] = _joined(
        MLPSpace.widths
    ),
    activations: Annotated[
        str, o.option(o.SEARCH, "That a layer may have: also silu, gelu, selu, mish.")
    ] = _joined(MLPSpace.activations),
    max_layers: Annotated[
        int, o.option(o.SEARCH, "Longest chain, the final layer included.")
    ] = MLPSpace.max_layers,
    layers: Annotated[
        str, o.option(o.SEARCH, "More layers: batch_norm, residual, or package.module:Class.")
    ] = "",
    encodings: Annotated[
        str, o.option(o.SEARCH, "Before the first layer: ple, or package.module:Class.")
    ] = "",
    predictor: Annotated[bool, o.option(o.SEARCH, "Give a controller its predictor.")] = True,
    controller_decay: Annotated[
        float,
        o.option(o.SEARCH, "Of reinforce's learning rate: rate / (1 + decay * steps)."),
    ] = 0.1,
    reward: Annotated[
        Literal["weighted", "best", "last"], o.option(o.SEARCH, "From learning curve to score.")
    ] = "weighted",
    scoring: Annotated[
        str | None, o.option(o.SEARCH, "Choose by such as roc_auc, not accuracy or R².")
    ] = None,
    asynchronous: Annotated[
        bool,
        o.option(o.SEARCH, "No child waits for another; gives up equal results.", "--async"),
    ] = False,
    seed: o.Seed = 0,
    time_limit: o.TimeLimit = None,
    epochs: Annotated[int, o.option(o.TRAINING, "Passes of each child.")] = 10,
    one_shot: Annotated[bool, o.option(o.TRAINING, "Children inherit weights.")] = True,
    loss: Annotated[
        Literal["mse", "mae"], o.option(o.TRAINING, "To minimise where the target is a number.")
    ] = "mse",
    class_weight: Annotated[
        Literal["none", "balanced"], o.option(o.TRAINING, "Let rare classes count as others.")
    ] = "none",
    jobs: o.Jobs = 2,
    trial_timeout: o.TrialTimeout = None,
    executor: o.Executor = "local",
    address: o.Address = None,
    gpus_per_job: o.Gpus = 0.0,
    run: o.NewRun = None,
    ensemble: Annotated[
        int,
        o.option(o.OUTPUT, "Average this many networks in the end; 0 for the single best."),
    ] = 5,
    tensorboard: o.Tensorboard = False,
    compare: Annotated[
        bool,
        o.option(o.OUTPUT, "When done, compare as mlpnas compare does.", "--compare"),
    ] = False,
) -> None:
    """Search for the best multi-layer perceptron for a table."""
    settings = Settings(
        data=str(data),
        target=target,
        task=task,
        drop=tuple(drop or ()),
        categorical=tuple(categorical or ()),
        numeric=tuple(numeric or ()),
        date=tuple(date or ()),
        trials=trials,
        per_round=per_round,
        epochs=epochs,
        strategy=strategy,
        one_shot=one_shot,
        predictor=predictor,
        loss=loss,
        reward=reward,
        seed=seed,
        scoring=scoring,
        class_weight=class_weight,
        scaling=scaling,
        ensemble=ensemble,
        asynchronous=asynchronous,
        widths=listed(widths, int, "--widths"),
        activations=listed(activations, str, "--activations"),
        max_layers=max_layers,
        layers=listed(layers, str, "--layers"),
        encodings=listed(encodings, str, "--encodings"),
        controller_decay=controller_decay,
        separator=separator,
        decimal=decimal,
        dates=dates,
        missing=missing,
        encoding=encoding,
    )
    refuse_unread(context, settings.unread())
    limit = seconds(time_limit)
    workers = o.workers_of(jobs, trial_timeout, executor, address, gpus_per_job)
    given: program.Program = context.obj

    def prepare(folder: Folder) -> None:
        if compare:
            from mlpnas.commands.compare import plan

            plan(folder)

    path = program.search(given, settings, run, limit, workers, console, tensorboard, prepare)
    given.afterwards(path, workers.jobs, console)


program.add_resume(app, console)


@app.command()
def predict(
    run: o.RunFolder,
    data: Annotated[Path, typer.Argument(help="A CSV, parquet or npz file of new rows.")],
    output: o.Predictions = None,
    id: Annotated[
        list[str] | None, _columns("To copy; default those that numbered the run's rows.")
    ] = None,
    separator: Separator = None,
    encoding: Encoding = None,
) -> None:
    """Predict new rows with the model of a finished run."""
    from mlpnas.commands import predict as command

    reading = command.Reading(tuple(id or ()), Dialect(separator, encoding=encoding))
    command.predict(run, data, output, console, reading)


@app.command()
def evaluate(
    run: o.RunFolder,
    table: Annotated[
        Path | None,
        typer.Argument(help="Labelled rows; default the run's own test rows."),
    ] = None,
    threshold: o.Threshold = None,
    explain: Annotated[
        bool, o.option(o.OUTPUT, "Shuffle columns to see which of them matter.")
    ] = True,
    data: o.DataNow = None,
) -> None:
    """Say how good a finished run's model is, and what it looks at."""
    from mlpnas.commands import evaluate as command

    command.evaluate(run, table, threshold, explain, data, console)


@app.command()
def report(
    context: typer.Context,
    run: o.RunFolder,
    html: o.Html = False,
    against: Annotated[
        Path | None, o.option(o.OUTPUT, "Another run, drawn beside this one in report.html.")
    ] = None,
) -> None:
    """Show what a run found, as text or as one HTML file."""
    given: program.Program = context.obj
    if against is not None:
        other = program.read_run(given, against)
        given = replace(given, page=partial(given.page, other=other))
    program.report(given, run, html or against is not None, console)


@app.command()
def compare(
    run: Annotated[Path, typer.Argument(help="The run's folder: table and settings.")],
    seeds: Annotated[int, typer.Option(help="How many splits.")] = 3,
    trials: Annotated[int | None, typer.Option(help="Per search; default the run's.")] = None,
    rows: Annotated[
        int | None, typer.Option(help="At most so many of the table, drawn at random.")
    ] = None,
    data: o.DataNow = None,
    jobs: o.Jobs = 2,
) -> None:
    """Compare the search with scikit-learn's methods and with random search."""
    from mlpnas.commands import compare as command

    command.compare(run, command.Extent(seeds, trials, rows), jobs, console, data)


def main(arguments: list[str] | None = None, program_: program.Program = PROGRAM) -> None:
    """Run the command line; a user's mistake is told in one line, with exit status 2.

    Args:
        arguments: instead of the process's own.
        program_: what the commands work on.
    """
    program.run_program(app, program_, arguments)


if __name__ == "__main__":
    main()
