"""The command line: a CSV in, a searched multi-layer perceptron out."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from mlpnas.core.commands.command_line import (  # fmt: skip
    StrategyOption,
    listed,
    refuse_unread,
    run_app,
    seconds,
)
from mlpnas.data.dialect import DateOption, DecimalOption, Dialect
from mlpnas.run.settings import Settings, Workers
from mlpnas.space import MLPSpace

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Neural architecture search for multi-layer perceptrons.",
)
console = Console(highlight=False)


def _joined(values: tuple) -> str:
    return ",".join(map(str, values))


# Options of more than one command.
Data = Annotated[
    str | None, typer.Option(help="Where its data is now; default where it was, or beside it.")
]
TimeLimit = Annotated[str | None, typer.Option(help="Such as 90s, 10m or 2h.")]
Jobs = Annotated[int, typer.Option(help="Processes that train children.")]
TrialTimeout = Annotated[str | None, typer.Option(help="Give up a child after, say, 5m.")]
Executor = Annotated[
    Literal["local", "ray"], typer.Option(help="Processes here, or on a Ray cluster.")
]
Address = Annotated[str | None, typer.Option(help="Of the Ray cluster, such as auto.")]
Gpus = Annotated[float, typer.Option(help="GPUs per process on Ray; a fraction shares one.")]


Separator = Annotated[str | None, typer.Option(help="Between a CSV's fields; ';', tab, ...")]
Encoding = Annotated[str | None, typer.Option(help="Of a CSV, such as cp1252.")]


def columns(help: str) -> Any:
    """An option that names columns; it may be given several times."""
    return typer.Option(help=help, metavar="COL[,COL]")


@app.command()
def search(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="A CSV, parquet or npz file.")],
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    task: Annotated[
        Literal["auto", "classification", "regression"], typer.Option(help="What to learn.")
    ] = "auto",
    run: Annotated[Path | None, typer.Option(help="Folder to write; default runs/...")] = None,
    trials: Annotated[int, typer.Option(help="Architectures to try.")] = 100,
    per_round: Annotated[int, typer.Option(help="How many are chosen at a time.")] = 10,
    epochs: Annotated[int, typer.Option(help="Training epochs per trial.")] = 10,
    strategy: StrategyOption = "bayesian",
    one_shot: Annotated[bool, typer.Option(help="Children inherit weights.")] = True,
    predictor: Annotated[bool, typer.Option(help="Give a controller its predictor.")] = True,
    controller_decay: Annotated[
        float, typer.Option(help="Of reinforce's learning rate: rate / (1 + decay * steps).")
    ] = 0.1,
    loss: Annotated[
        Literal["mse", "mae"], typer.Option(help="To minimise where the target is a number.")
    ] = "mse",
    reward: Annotated[
        Literal["weighted", "best", "last"], typer.Option(help="From learning curve to score.")
    ] = "weighted",
    drop: Annotated[list[str] | None, columns("To leave out.")] = None,
    categorical: Annotated[list[str] | None, columns("To read as categories.")] = None,
    numeric: Annotated[list[str] | None, columns("To read as numbers.")] = None,
    date: Annotated[list[str] | None, columns("To read as dates.")] = None,
    scoring: Annotated[
        str | None, typer.Option(help="Choose by such as roc_auc, not accuracy or R².")
    ] = None,
    class_weight: Annotated[
        Literal["none", "balanced"], typer.Option(help="Let rare classes count as others.")
    ] = "none",
    scaling: Annotated[
        Literal["standard", "quantile", "auto"], typer.Option(help="Of columns of numbers.")
    ] = "standard",
    widths: Annotated[str, typer.Option(help="Units that a layer may have.")] = _joined(
        MLPSpace.widths
    ),
    activations: Annotated[
        str, typer.Option(help="That a layer may have: also silu, gelu, selu, mish.")
    ] = _joined(MLPSpace.activations),
    max_layers: Annotated[
        int, typer.Option(help="Longest chain, the final layer included.")
    ] = MLPSpace.max_layers,
    layers: Annotated[
        str, typer.Option(help="More layers: batch_norm, residual, or package.module:Class.")
    ] = "",
    encodings: Annotated[
        str, typer.Option(help="Before the first layer: ple, or package.module:Class.")
    ] = "",
    ensemble: Annotated[
        int, typer.Option(help="Average this many networks in the end; 0 for the single best.")
    ] = 5,
    asynchronous: Annotated[
        bool,
        typer.Option("--async", help="No child waits for another; gives up equal results."),
    ] = False,
    separator: Separator = None,
    decimal: Annotated[
        DecimalOption, typer.Option(help="Mark of decimals, where 1,234 may be two numbers.")
    ] = "auto",
    dates: Annotated[
        DateOption, typer.Option(help="Order, where 01/02 may be two dates.")
    ] = "auto",
    missing: Annotated[
        str | None,
        typer.Option(help="Words that mean a missing cell; default NA, None, ? and the like."),
    ] = None,
    encoding: Encoding = None,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal results.")] = 0,
    time_limit: TimeLimit = None,
    jobs: Jobs = 1,
    trial_timeout: TrialTimeout = None,
    executor: Executor = "local",
    address: Address = None,
    gpus_per_job: Gpus = 0.0,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Log trials to the run's tensorboard/.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="When done, compare as mlpnas compare does.")
    ] = False,
) -> None:
    """Search for the best multi-layer perceptron for a table."""
    settings = Settings(
        str(data),
        target,
        task,
        tuple(drop or ()),
        tuple(categorical or ()),
        tuple(numeric or ()),
        tuple(date or ()),
        trials,
        per_round,
        epochs,
        strategy,
        one_shot,
        predictor,
        loss,
        reward,
        seed,
        scoring,
        class_weight,
        scaling,
        ensemble,
        asynchronous,
        listed(widths, int, "--widths"),
        listed(activations, str, "--activations"),
        max_layers,
        listed(layers, str, "--layers"),
        listed(encodings, str, "--encodings"),
        controller_decay,
        separator,
        decimal,
        dates,
        missing,
        encoding,
    )
    refuse_unread(context, settings.unread())
    limit = seconds(time_limit)
    timeout = seconds(trial_timeout, "--trial-timeout")
    workers = Workers(jobs, timeout, executor, address, gpus_per_job)
    # Imported here, so that --help and bad options answer at once.
    from mlpnas.commands import search as command
    from mlpnas.commands.compare import go_on

    path = command.search(settings, run, limit, workers, console, tensorboard, compare)
    go_on(path, jobs, console)


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    trials: Annotated[int | None, typer.Option(help="Extend the run to so many.")] = None,
    data: Data = None,
    time_limit: TimeLimit = None,
    jobs: Jobs = 1,
    trial_timeout: TrialTimeout = None,
    executor: Executor = "local",
    address: Address = None,
    gpus_per_job: Gpus = 0.0,
) -> None:
    """Continue a search that was stopped or killed, or extend a finished one."""
    limit = seconds(time_limit)
    timeout = seconds(trial_timeout, "--trial-timeout")
    workers = Workers(jobs, timeout, executor, address, gpus_per_job)
    from mlpnas.commands import resume as command
    from mlpnas.commands.compare import go_on

    command.resume(run, trials, data, limit, workers, console)
    go_on(run, jobs, console)


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    data: Annotated[Path, typer.Argument(help="A CSV, parquet or npz file of new rows.")],
    output: Annotated[
        Path | None, typer.Option(help="CSV to write; default DATA-predictions.csv.")
    ] = None,
    id: Annotated[
        list[str] | None, columns("To copy; default those that numbered the run's rows.")
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
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    table: Annotated[
        Path | None,
        typer.Argument(help="Labelled rows; default the run's own test rows."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Predict the second of two classes from this probability on."),
    ] = None,
    explain: Annotated[
        bool, typer.Option(help="Shuffle columns to see which of them matter.")
    ] = True,
    data: Data = None,
) -> None:
    """Say how good a finished run's model is, and what it looks at."""
    from mlpnas.commands import evaluate as command

    command.evaluate(run, table, threshold, explain, data, console)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    html: Annotated[bool, typer.Option(help="Write report.html there.")] = False,
    against: Annotated[
        Path | None, typer.Option(help="Another run, drawn beside this one in report.html.")
    ] = None,
) -> None:
    """Show what a run found, as text or as one HTML file."""
    from mlpnas.commands import report as command

    command.report(run, html, against, console)


@app.command()
def compare(
    run: Annotated[Path, typer.Argument(help="The run's folder: table and settings.")],
    seeds: Annotated[int, typer.Option(help="How many splits.")] = 3,
    trials: Annotated[int | None, typer.Option(help="Per search; default the run's.")] = None,
    rows: Annotated[
        int | None, typer.Option(help="At most so many of the table, drawn at random.")
    ] = None,
    data: Data = None,
    jobs: Jobs = 1,
) -> None:
    """Compare the search with scikit-learn's methods and with random search."""
    from mlpnas.commands import compare as command

    command.compare(run, command.Extent(seeds, trials, rows), jobs, console, data)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake is told in one line, with exit status 2.

    Args:
        arguments: instead of the process's own.
    """
    run_app(app, "mlpnas", arguments)


if __name__ == "__main__":
    main()
