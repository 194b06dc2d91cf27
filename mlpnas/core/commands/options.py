"""Options that several commands have, with the same words, defaults and panels everywhere."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mlpnas.core.commands.command_line import seconds
from mlpnas.core.run.workers import Workers
from mlpnas.core.strategies.names import strategy_names

# Panels of the help, in the order in which they are shown.
DATA, SEARCH, TRAINING, WORKERS, OUTPUT = "Data", "Search", "Training", "Workers", "Output"


def option(panel: str, help: str, *names: str, **more: Any) -> Any:
    """An option of a panel; typer takes the rest. A flag that nobody takes back has a name."""
    return typer.Option(*names, help=help, rich_help_panel=panel, **more)


RunFolder = Annotated[Path, typer.Argument(help="The run's folder.")]
DataNow = Annotated[
    str | None,
    option(DATA, "Where its data is now; default where it was, or beside it."),
]
Strategy = Annotated[
    str,
    option(
        SEARCH,
        f"Who chooses: {', '.join(strategy_names())}, or package.module:Class.",
        metavar="NAME",
    ),
]
Preset = Annotated[str, option(SEARCH, "Sizes and durations: tiny, small, ...", metavar="NAME")]
Trials = Annotated[int | None, option(SEARCH, "Architectures to try; default the preset's.")]
MoreTrials = Annotated[int | None, option(SEARCH, "Extend the run to this many.")]
PerRound = Annotated[
    int | None, option(SEARCH, "How many are chosen at a time; default the preset's.")
]
Order = Annotated[int, option(SEARCH, "Of the gradient of a differentiable search: 1 or 2.")]
Seed = Annotated[int, option(SEARCH, "Equal seeds, equal results.")]
TimeLimit = Annotated[str | None, option(SEARCH, "Of the search, such as 90s, 10m or 2h.")]
Epochs = Annotated[
    int | None,
    option(TRAINING, "Passes of the shared weights, or of each child; default the preset's."),
]
OneShot = Annotated[
    bool | None,
    option(TRAINING, "Share weights (default where that can be), or train one by one."),
]
Jobs = Annotated[int, option(WORKERS, "Processes that train children.")]
TrialTimeout = Annotated[str | None, option(WORKERS, "Give up a child after, say, 5m.")]
Executor = Annotated[
    Literal["local", "ray"], option(WORKERS, "Processes here, or on a Ray cluster.")
]
Address = Annotated[str | None, option(WORKERS, "Of the Ray cluster, such as auto.")]
Gpus = Annotated[float, option(WORKERS, "GPUs per process on Ray; a fraction shares one.")]
NewRun = Annotated[
    Path | None, option(OUTPUT, "Folder to write; default runs/NAME-SEED.", metavar="DIR")
]
Tensorboard = Annotated[
    bool, option(OUTPUT, "Log trials to the run's tensorboard/.", "--tensorboard")
]
Predictions = Annotated[
    Path | None, option(OUTPUT, "CSV to write; default DATA-predictions.csv.")
]
Threshold = Annotated[
    float | None,
    option(OUTPUT, "Predict the second of two classes from this probability on."),
]
Html = Annotated[bool, option(OUTPUT, "Write report.html there.", "--html")]


def space_option(spaces: tuple[str, ...]) -> Any:
    """What to search, of these names or from outside."""
    words = f"What to search: {', '.join(spaces)}, or a kit as package.module:NAME."
    return option(SEARCH, words, metavar="NAME")


def workers_of(
    jobs: int, timeout: str | None, executor: Any, address: str | None, gpus: float
) -> Workers:
    """Where to train, of what was given.

    Raises:
        InputError: for what does not fit together.
    """
    return Workers(jobs, seconds(timeout, "--trial-timeout"), executor, address, gpus)
