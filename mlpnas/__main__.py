"""The command line: a CSV in, a searched multi-layer perceptron out."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from mlpnas.core.errors import InputError
from mlpnas.settings import Settings

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Neural architecture search for multi-layer perceptrons.",
)
console = Console(highlight=False)


@app.callback()
def _commands() -> None:
    """Keeps `search` a command of its own while it is the only one."""


@app.command()
def search(
    data: Annotated[Path, typer.Argument(help="A CSV, parquet or npz file.")],
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    task: Annotated[
        Literal["auto", "classification", "regression"], typer.Option(help="What to learn.")
    ] = "auto",
    run: Annotated[Path | None, typer.Option(help="Folder to write; default runs/...")] = None,
    trials: Annotated[int, typer.Option(help="Architectures to try.")] = 100,
    per_round: Annotated[int, typer.Option(help="How many are chosen at a time.")] = 10,
    epochs: Annotated[int, typer.Option(help="Training epochs per trial.")] = 10,
    strategy: Annotated[
        Literal["reinforce", "random"], typer.Option(help="Who chooses.")
    ] = "reinforce",
    one_shot: Annotated[bool, typer.Option(help="Children inherit weights.")] = True,
    predictor: Annotated[bool, typer.Option(help="Give the controller its predictor.")] = True,
    reward: Annotated[
        Literal["weighted", "best", "last"], typer.Option(help="From learning curve to score.")
    ] = "weighted",
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out.")] = None,
    time_limit: Annotated[str | None, typer.Option(help="Such as 90s, 10m or 2h.")] = None,
    jobs: Annotated[int, typer.Option(help="Processes that train children.")] = 1,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal results.")] = 0,
) -> None:
    """Search for the best multi-layer perceptron for a table."""
    dropped = tuple(drop or ())
    settings = Settings(
        str(data),
        target,
        task,
        dropped,
        trials,
        per_round,
        epochs,
        strategy,
        one_shot,
        predictor,
        reward,
        seed,
    )
    limit = seconds(time_limit)
    if jobs < 1:
        raise InputError(f"--jobs is {jobs}; expected 1 or more")
    # Imported here, so that --help and bad options answer at once.
    from mlpnas.commands import search as command

    command.search(settings, run, limit, jobs, console)


def seconds(text: str | None) -> float | None:
    """Seconds of `90`, `90s`, `10m` or `2h`; None for None."""
    if text is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        value = float(number) * units[unit]
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise InputError(f"--time-limit is {text!r}; expected such as 90s, 10m or 2h")
    return value


# Typer re-exports this one class of a misused command line; its parent covers them all.
_UsageError: Any = typer.BadParameter.__mro__[1]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake is told in one line, with exit status 2.

    Args:
        arguments: instead of the process's own.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        sys.exit(app(args=given or ["--help"], standalone_mode=False))
    except InputError as error:
        message = str(error)
    except _UsageError as error:
        message = f"{error.format_message()} See mlpnas --help."
    print("mlpnas:", " ".join(message.split()), file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
