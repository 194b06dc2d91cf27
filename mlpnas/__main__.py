"""The command line: a CSV in, a searched multi-layer perceptron out."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as TextTable

from mlpnas.core.errors import InputError
from mlpnas.settings import Settings

if TYPE_CHECKING:
    from mlpnas.core.trial import History
    from mlpnas.final import Result
    from mlpnas.run import Clock, Folder, Run

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
    from mlpnas.core.runtime import start_tensorflow
    from mlpnas.table import read_table

    table = read_table(data, target, task=task, drop=dropped, seed=seed)
    for note in table.notes:
        console.print(escape(note), style="yellow" if note.startswith("Warning") else None)
    with console.status("starting TensorFlow"):
        start_tensorflow()
        from mlpnas.run import Clock, Folder, Run, free_folder

        whole = Run(settings, table, jobs)
    folder = Folder(run or free_folder(str(data), seed))
    folder.write(whole)
    _search(whole, folder, Clock(limit))


def _search(run: "Run", folder: "Folder", clock: "Clock") -> None:
    from mlpnas.core.report import failures, leaderboard
    from mlpnas.core.search import search as search_loop
    from mlpnas.core.trial import History
    from mlpnas.display import SearchDisplay

    history = History(folder.journal)
    s = run.settings
    restore = _stop_on_interrupt(clock)
    with SearchDisplay(console, s.trials, s.per_round) as display, run.executor:
        search_loop(
            run.strategy,
            run.evaluator,
            history,
            s.trials,
            s.per_round,
            on_trial=display.show,
            should_stop=clock.should_stop,
        )
    restore()
    console.print(leaderboard(history))
    if problem := failures(history):
        console.print(escape(problem), style="yellow")
    if clock.interrupted:
        console.print(
            f"Interrupted after {len(history)} trials. The trials are in {folder.path}"
        )
        raise typer.Exit(130)
    if clock.out_of_time:
        console.print(f"The time limit ended the search after {len(history)} trials.")
    _finish(run, folder, history)


def _finish(run: "Run", folder: "Folder", history: "History") -> None:
    from mlpnas.final import baselines, retrain

    winner = history.best()
    if winner is None:
        raise InputError(
            f"all {len(history)} trials failed, so there is no winner to retrain; expected at "
            f"least one to finish: the reasons are in {folder.journal}"
        )
    task = run.table.task
    with console.status("retraining the winner"):
        model, result = retrain(run.generator, task, winner.architecture, run.settings.seed)
        path = folder.save(model)
    with console.status("fitting scikit-learn's multi-layer perceptron on the same rows"):
        results = [result, *baselines(task, run.settings.seed)]
    folder.write(
        run,
        winner={"trial": winner.id, "architecture": str(winner.architecture)},
        results=[r._asdict() if hasattr(r, "_asdict") else vars(r) for r in results],
    )
    console.print(_comparison(results, task.metric))
    console.print(f"winner: {winner.architecture}, trained from fresh weights: {path}")
    console.print(f"run:    {folder.path}")


def _comparison(results: "list[Result]", metric: str) -> TextTable:
    name = {"accuracy": "accuracy", "r2": "R²"}[metric]
    table = TextTable(title="After the search, on rows never used before", title_style="bold")
    table.add_column("model")
    table.add_column(f"validation {name}", justify="right")
    table.add_column(f"test {name}", justify="right")
    for result in results:
        table.add_row(result.name, f"{result.valid:.4f}", f"{result.test:.4f}")
    return table


def _stop_on_interrupt(clock: "Clock") -> Callable[[], Any]:
    """Ctrl-C ends the search after the trials under way; a second one ends the program."""

    def note(signum: int, frame: object) -> None:
        clock.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        console.print("stopping after this trial; press Ctrl-C again to stop at once")

    before = signal.signal(signal.SIGINT, note)
    return lambda: signal.signal(signal.SIGINT, before)


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
