"""The command line: a text in, a searched recurrent cell and its network out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mlpnas.core.commands import options as o
from mlpnas.core.commands import program
from mlpnas.core.commands.command_line import refuse_unread, seconds
from mlpnas.core.run.search_settings import draft
from rnncell.commands.search import PROGRAM
from rnncell.data.text import Unit
from rnncell.names import SPACES
from rnncell.run.settings import Settings

app = program.make_app("Neural architecture search for recurrent cells.")
console = Console(highlight=False)


@app.command()
def search(
    context: typer.Context,
    data: Annotated[
        str,
        typer.Argument(
            help="A text file, a folder with files for train, valid and test, or an npz file "
            "of sequences (x_train, len_train, y_train, x_test, len_test, y_test)."
        ),
    ],
    unit: Annotated[Unit, o.option(o.DATA, "What a text consists of.")] = "words",
    vocabulary: Annotated[
        int | None, o.option(o.DATA, "Different tokens to keep; default the preset's.")
    ] = None,
    tokens: Annotated[
        int | None, o.option(o.DATA, "Training tokens to use; default the preset's.")
    ] = None,
    space: Annotated[str, o.space_option(tuple(SPACES))] = "enas",
    strategy: o.Strategy = "reinforce",
    preset: o.Preset = "small",
    trials: o.Trials = None,
    per_round: o.PerRound = None,
    exponent: Annotated[
        float | None,
        o.option(o.SEARCH, "Of the perplexity in the reward; default 1, and 2 for zoph."),
    ] = None,
    base: Annotated[
        int | None, o.option(o.SEARCH, "Leaves of zoph's trees: 2, 4, 8 or so; default 8.")
    ] = None,
    order: o.Order = 1,
    seed: o.Seed = 0,
    time_limit: o.TimeLimit = None,
    epochs: o.Epochs = None,
    one_shot: o.OneShot = None,
    jobs: o.Jobs = 2,
    trial_timeout: o.TrialTimeout = None,
    executor: o.Executor = "local",
    address: o.Address = None,
    gpus_per_job: o.Gpus = 0.0,
    run: o.NewRun = None,
    tensorboard: o.Tensorboard = False,
) -> None:
    """Search for the best recurrent cell for a text or for sequences."""
    settings: Settings = draft(
        Settings,
        data,
        one_shot,
        strategy,
        space=space,
        preset=preset,
        unit=unit,
        vocabulary=vocabulary,
        tokens=tokens,
        exponent=exponent,
        base=base,
        order=order,
        seed=seed,
    )
    refuse_unread(context, settings.unread())
    settings = settings.planned(trials, per_round, epochs)
    limit = seconds(time_limit)
    workers = o.workers_of(jobs, trial_timeout, executor, address, gpus_per_job)
    program.search(context.obj, settings, run, limit, workers, console, tensorboard)


program.add_resume(app, console)
program.add_report(app, console)


@app.command()
def predict(
    run: o.RunFolder,
    data: Annotated[
        Path,
        typer.Argument(help="A text file, of which each line goes on; or an npz file with x."),
    ],
    output: o.Predictions = None,
) -> None:
    """Say how texts go on, or what sequences are, by the model of a finished run."""
    from rnncell.commands import predict as command

    command.predict(run, data, output, console)


@app.command()
def evaluate(
    run: o.RunFolder,
    data_: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA",
            help="A text file, or an npz file with x and y; default the run's own test data.",
        ),
    ] = None,
    threshold: o.Threshold = None,
    data: o.DataNow = None,
) -> None:
    """Say how good a finished run's model is on a text, or on labelled sequences."""
    from rnncell.commands import evaluate as command

    command.evaluate(run, data_, threshold, data, console)


def main(arguments: list[str] | None = None, program_: program.Program = PROGRAM) -> None:
    """Run the command line; a user's mistake is told in one line, with exit status 2.

    Args:
        arguments: instead of the process's own.
        program_: what the commands work on.
    """
    program.run_program(app, program_, arguments)


if __name__ == "__main__":
    main()
