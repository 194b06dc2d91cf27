"""The command line: a text in, a searched recurrent cell and its network out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mlpnas.core.commands.command_line import StrategyOption, refuse_unread, run_app, seconds
from rnncell.data.text import Unit
from rnncell.run.presets import PresetName
from rnncell.run.settings import Settings, SpaceName, plan, shareable

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Search for recurrent cells."
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
            help="A text file, a folder with files for train, valid and test, or an npz file "
            "of sequences (x_train, len_train, y_train, x_test, len_test, y_test)."
        ),
    ],
    space: Annotated[SpaceName, typer.Option(help="What to search.")] = "enas",
    strategy: StrategyOption = "reinforce",
    preset: Annotated[PresetName, typer.Option(help="Sizes and durations.")] = "small",
    run: Annotated[Path | None, typer.Option(help="Folder to write; default runs/...")] = None,
    unit: Annotated[Unit, typer.Option(help="What a text consists of.")] = "words",
    vocabulary: Annotated[int | None, typer.Option(help="Different tokens to keep.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Training tokens to use.")] = None,
    trials: Annotated[int | None, typer.Option(help="Cells to score.")] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes of the shared weights, or of each child.")
    ] = None,
    one_shot: Annotated[
        bool | None,
        typer.Option(help="Share weights (default for enas and darts on a text), or do not."),
    ] = None,
    exponent: Annotated[
        float | None,
        typer.Option(help="Of the perplexity in the reward; default 1, and 2 for zoph."),
    ] = None,
    base: Annotated[
        int | None, typer.Option(help="Leaves of zoph's trees: 2, 4, 8 or so; default 8.")
    ] = None,
    order: Annotated[
        int, typer.Option(help="Of the gradient of a darts search.", min=1, max=2)
    ] = 1,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal results.")] = 0,
    time_limit: TimeLimit = None,
    jobs: Jobs = 2,
) -> None:
    """Search for the best recurrent cell for a text or for sequences."""
    shared = shareable(data, space) if one_shot is None else one_shot
    power = (2.0 if space == "zoph" else 1.0) if exponent is None else exponent
    by_gradient = space == "darts" and shared
    settings = Settings(
        data,
        **plan(preset, data, space, shared, trials, epochs),
        space=space,
        strategy="gradient" if by_gradient else strategy,
        preset=preset,
        one_shot=shared,
        unit=unit,
        vocabulary=vocabulary,
        tokens=tokens,
        exponent=power,
        base=base,
        order=order,
        seed=seed,
    )
    refuse_unread(context, settings.unread())
    limit = seconds(time_limit)
    # Imported here, so that --help and bad options answer at once.
    from rnncell.commands import search as command

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
    from rnncell.commands import resume as command

    command.resume(run, trials, data, limit, jobs, console)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    html: Annotated[bool, typer.Option(help="Write report.html there.")] = False,
) -> None:
    """Show what a run found, as text or as one HTML file."""
    from rnncell.commands import report as command

    command.report(run, html, console)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake is told in one line, with exit status 2.

    Args:
        arguments: instead of the process's own.
    """
    run_app(app, "rnncell", arguments)


if __name__ == "__main__":
    main()
