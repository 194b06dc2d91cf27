"""The command line: images in, a searched convolutional network out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cnnnas.names import PresetName, RuleName, SpaceName, VariantName, Variation
from cnnnas.run.settings import Settings, check_stop, plan, resting
from mlpnas.core.commands.command_line import (  # fmt: skip
    StrategyOption,
    listed,
    refuse_unread,
    run_app,
    seconds,
)

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Neural architecture search for convolutional networks.",
)
console = Console(highlight=False)


# Options of more than one command.
Data = Annotated[
    str | None, typer.Option(help="Where its data is now; default where it was, or beside it.")
]
TimeLimit = Annotated[str | None, typer.Option(help="Of the search, such as 90s, 10m or 2h.")]
Jobs = Annotated[int, typer.Option(help="Processes that train children.", min=1)]


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
    space: Annotated[SpaceName, typer.Option(help="What to search.")] = "macro",
    strategy: StrategyOption = "reinforce",
    preset: Annotated[PresetName, typer.Option(help="Sizes and durations.")] = "small",
    run: Annotated[Path | None, typer.Option(help="Folder to write; default runs/...")] = None,
    train_rows: Annotated[int | None, typer.Option(help="Take a sample of so many.")] = None,
    image_size: Annotated[
        int | None, typer.Option(help="Longer side of a folder's pictures, in pixels.")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Architectures to score.")] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes of the shared weights, or of each child.")
    ] = None,
    one_shot: Annotated[
        bool | None,
        typer.Option(help="Share weights (except in zoph), or train children one by one."),
    ] = None,
    augment: Annotated[Variation, typer.Option(help="How images are varied.")] = "auto",
    order: Annotated[
        int, typer.Option(help="Of the gradient of a darts search.", min=1, max=2)
    ] = 1,
    variant: Annotated[VariantName, typer.Option(help="Of a darts search.")] = "plain",
    stop: Annotated[RuleName, typer.Option(help="What ends a darts search early.")] = "never",
    warm_up: Annotated[
        int | None,
        typer.Option(
            metavar="EPOCHS",
            help="First epochs of a darts search, in which the weights alone learn; default 3 "
            "of 10 with --variant pc, else none.",
            min=0,
        ),
    ] = None,
    layer_types: Annotated[
        str, typer.Option(help="Of zoph's layers, such as conv,max,avg.")
    ] = "conv",
    strides: Annotated[
        str, typer.Option(help="That zoph's layers may have in each direction, such as 1,2,3.")
    ] = "1",
    mixed_precision: Annotated[
        bool,
        typer.Option(
            "--mixed-precision",
            help="Train in bfloat16, weights in float32 (darts: not the search itself). Meant "
            "for GPUs; a CPU may be slower with it.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal results.")] = 0,
    time_limit: TimeLimit = None,
    jobs: Jobs = 2,
) -> None:
    """Search for the best convolutional network for images."""
    one_shot = space != "zoph" if one_shot is None else one_shot
    by_gradient = space == "darts" and one_shot
    planned = plan(preset, space, one_shot, trials, epochs)
    warm_up = resting(variant, warm_up, planned["epochs"], by_gradient)
    if by_gradient:
        check_stop(stop, warm_up, planned["epochs"])
    settings = Settings(
        data,
        **planned,
        space=space,
        strategy="gradient" if by_gradient else strategy,
        preset=preset,
        one_shot=one_shot,
        augment=augment,
        train_rows=train_rows,
        image_size=image_size,
        order=order,
        variant=variant,
        stop=stop,
        warm_up=warm_up,
        layer_types=listed(layer_types, str, "--layer-types"),
        strides=listed(strides, int, "--strides"),
        mixed_precision=mixed_precision,
        seed=seed,
    )
    refuse_unread(context, settings.unread())
    limit = seconds(time_limit)
    # Imported here, so that --help and bad options answer at once.
    from cnnnas.commands import search as command

    command.search(settings, run, limit, jobs, console)


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    trials: Annotated[int | None, typer.Option(help="Extend the run to so many.")] = None,
    data: Data = None,
    time_limit: TimeLimit = None,
    jobs: Jobs = 2,
) -> None:
    """Continue a search that was stopped or killed, or extend a finished one."""
    limit = seconds(time_limit)
    from cnnnas.commands import resume as command

    command.resume(run, trials, data, limit, jobs, console)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    html: Annotated[bool, typer.Option(help="Write report.html there.")] = False,
) -> None:
    """Show what a run found, as text or as one HTML file."""
    from cnnnas.commands import report as command

    command.report(run, html, console)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake is told in one line, with exit status 2.

    Args:
        arguments: instead of the process's own.
    """
    run_app(app, "cnnnas", arguments)


if __name__ == "__main__":
    main()
