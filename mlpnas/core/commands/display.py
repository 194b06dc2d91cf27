"""What a user sees while a search runs: one line that moves, or plain lines in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mlpnas.core.data.measure import Measure
from mlpnas.core.trial import History, Trial


class SearchDisplay:
    """Shows round, best score so far, trials per minute and time left.

    On a terminal a progress bar is redrawn; elsewhere a line is printed per round, since a
    log is read afterwards.

    Args:
        console: where to.
        history: what was found before.
        trials: how many are planned.
        per_round: how many make a round.
        measure: what scores are shown in.
        picture: what stands below the bar, asked for again and again.
    """

    def __init__(
        self, console: Console, history: History, trials: int, per_round: int,
        measure: Measure, picture: Callable[[], str] = lambda: "",
    ):  # fmt: skip
        self._console, self._trials, self._per_round = console, trials, per_round
        self._measure = measure
        self._done, self._start = 0, time.monotonic()
        best = history.best()
        self._best = None if best is None else best.score
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("round {task.fields[round]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("best {task.fields[best]}"),
            TextColumn("{task.fields[rate]}/min"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self._live = Live(
            get_renderable=lambda: Group(self._progress.get_renderable(), picture()),
            console=console,
            refresh_per_second=2,
            transient=True,
        )
        self._bar = self._progress.add_task(
            "", total=trials, completed=len(history), round=1, best="-", rate="-"
        )

    def __enter__(self) -> "SearchDisplay":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, trial: Trial) -> None:
        """Take note of a finished trial."""
        self._done += 1
        if trial.score is not None and (self._best is None or trial.score > self._best):
            self._best = trial.score
        best = "-" if self._best is None else self._measure.told(self._best)
        per_minute = 60 * self._done / max(time.monotonic() - self._start, 1e-9)
        rate = f"{per_minute:.{int(per_minute < 10)}f}"  # epochs of DARTS take minutes each
        self._progress.update(
            self._bar,
            completed=trial.id + 1,
            round=trial.round + 1,
            best=best,
            rate=rate,
        )
        last_of_round = (trial.id + 1) % self._per_round == 0 or trial.id + 1 == self._trials
        if last_of_round and not self._console.is_terminal:
            left = (self._trials - trial.id - 1) / per_minute
            self._console.print(
                f"round {trial.round + 1}: {trial.id + 1}/{self._trials} trials, best {best}, "
                f"{rate} trials/min, {60 * left:.0f} s left",
                highlight=False,
            )


@contextmanager
def steps(console: Console, first: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done, and for how long: one line that changes, or in a log a line for
    every step.

    Args:
        console: where to.
        first: what is being done at the beginning.

    Yields:
        What to call with the next step.
    """
    if console.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(escape(first), total=None)
            yield lambda step: progress.update(task, description=escape(step))
    else:
        console.print(escape(first), highlight=False)
        yield lambda step: console.print(escape(step), highlight=False)
