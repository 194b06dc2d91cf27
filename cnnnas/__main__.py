"""The command line: images in, a searched convolutional network out."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cnnnas.commands.search import PROGRAM
from cnnnas.names import SPACES, RuleName, VariantName, Variation
from cnnnas.run.settings import Settings, check_stop, resting
from mlpnas.core.commands import options as o
from mlpnas.core.commands import program
from mlpnas.core.commands.command_line import listed, refuse_unread, seconds
from mlpnas.core.run.search_settings import draft

app = program.make_app("Neural architecture search for convolutional networks.")
console = Console(highlight=False)


@app.command()
def search(
    context: typer.Context,
    data: Annotated[
        str,
        typer.Argument(
            help="An npz file (x_train, y_train, x_test, y_test), a folder of class folders, "
            "or mnist, fashion_mnist, cifar10, cifar100."
        ),
    ],
    train_rows: Annotated[int | None, o.option(o.DATA, "Take a sample of this size.")] = None,
    image_size: Annotated[
        int | None, o.option(o.DATA, "Longer side of a folder's pictures, in pixels.")
    ] = None,
    space: Annotated[str, o.space_option(tuple(SPACES))] = "macro",
    strategy: o.Strategy = "reinforce",
    preset: o.Preset = "small",
    trials: o.Trials = None,
    per_round: o.PerRound = None,
    operations: Annotated[
        str,
        o.option(
            o.SEARCH,
            "More operations, such as dil_conv_3x3,package.module:NAME (not in zoph).",
        ),
    ] = "",
    layer_types: Annotated[
        str, o.option(o.SEARCH, "Of zoph's layers, such as conv,max,avg.")
    ] = "conv",
    strides: Annotated[
        str,
        o.option(o.SEARCH, "That zoph's layers may have in each direction, such as 1,2,3."),
    ] = "1",
    variant: Annotated[VariantName, o.option(o.SEARCH, "Of a darts search.")] = "plain",
    order: o.Order = 1,
    stop: Annotated[RuleName, o.option(o.SEARCH, "What ends a darts search early.")] = "never",
    warm_up: Annotated[
        int | None,
        o.option(
            o.SEARCH,
            "First epochs of a darts search, in which the weights alone learn; default 3 of 10 "
            "with --variant pc, else none.",
            metavar="EPOCHS",
            min=0,
        ),
    ] = None,
    seed: o.Seed = 0,
    time_limit: o.TimeLimit = None,
    epochs: o.Epochs = None,
    one_shot: o.OneShot = None,
    augment: Annotated[Variation, o.option(o.TRAINING, "How images are varied.")] = "auto",
    mixed_precision: Annotated[
        bool,
        o.option(
            o.TRAINING,
            "Train in bfloat16, weights in float32 (darts: not the search itself). Meant for "
            "GPUs; a CPU may be slower with it.",
            "--mixed-precision",
        ),
    ] = False,
    jobs: o.Jobs = 2,
    trial_timeout: o.TrialTimeout = None,
    executor: o.Executor = "local",
    address: o.Address = None,
    gpus_per_job: o.Gpus = 0.0,
    run: o.NewRun = None,
    tensorboard: o.Tensorboard = False,
) -> None:
    """Search for the best convolutional network for images."""
    settings: Settings = draft(
        Settings,
        data,
        one_shot,
        strategy,
        space=space,
        preset=preset,
        augment=augment,
        train_rows=train_rows,
        image_size=image_size,
        order=order,
        variant=variant,
        stop=stop,
        operations=listed(operations, str, "--operations"),
        layer_types=listed(layer_types, str, "--layer-types"),
        strides=listed(strides, int, "--strides"),
        mixed_precision=mixed_precision,
        seed=seed,
    )
    refuse_unread(context, settings.unread())
    settings = settings.planned(trials, per_round, epochs)
    if settings.differentiable:
        settings = replace(settings, warm_up=resting(variant, warm_up, settings.epochs))
        check_stop(stop, settings.warm_up, settings.epochs)
    limit = seconds(time_limit)
    workers = o.workers_of(jobs, trial_timeout, executor, address, gpus_per_job)
    program.search(context.obj, settings, run, limit, workers, console, tensorboard)


program.add_resume(app, console)
program.add_report(app, console)


@app.command()
def predict(
    run: o.RunFolder,
    data: Annotated[
        Path, typer.Argument(help="A picture, a folder of pictures, or an npz file with x.")
    ],
    output: o.Predictions = None,
) -> None:
    """Predict new images with the model of a finished run."""
    from cnnnas.commands import predict as command

    command.predict(run, data, output, console)


@app.command()
def evaluate(
    run: o.RunFolder,
    images: Annotated[
        Path | None,
        typer.Argument(
            help="A folder of class folders, or an npz file with x and y; default the run's "
            "own test images."
        ),
    ] = None,
    threshold: o.Threshold = None,
    data: o.DataNow = None,
) -> None:
    """Say how good a finished run's model is on labelled images."""
    from cnnnas.commands import evaluate as command

    command.evaluate(run, images, threshold, data, console)


def main(arguments: list[str] | None = None, program_: program.Program = PROGRAM) -> None:
    """Run the command line; a user's mistake is told in one line, with exit status 2.

    Args:
        arguments: instead of the process's own.
        program_: what the commands work on.
    """
    program.run_program(app, program_, arguments)


if __name__ == "__main__":
    main()
