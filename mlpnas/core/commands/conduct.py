"""A search in the terminal: shown while it runs, stopped by Ctrl-C or the clock, finished.

`conduct` is what a search and its resumption have in common on a command line.
"""

from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape

from mlpnas.core.commands.command_line import interrupted_after, stop_on_interrupt
from mlpnas.core.commands.display import SearchDisplay
from mlpnas.core.data.measure import Measure
from mlpnas.core.errors import InputError
from mlpnas.core.executor.executors import Executor
from mlpnas.core.report.terminal import failures, leaderboard
from mlpnas.core.run.clock import Clock
from mlpnas.core.run.event_log import event_log
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.session import Session
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.trial import History, Trial


class Run(Protocol):
    """A session with its data, as a package puts it together."""

    settings: Any
    folder: Folder
    session: Session

    @property
    def executor(self) -> Executor:
        """Where children are trained; closed at the end."""
        ...

    @property
    def measure(self) -> Measure:
        """What scores are shown in."""
        ...

    def parameters(self, architecture: Architecture) -> int:
        """Trainable parameters, by which the clock foresees a child's time."""
        ...

    def restore(self) -> History:
        """See `Session`."""
        ...

    def search(self, history: History, clock: Clock, on_trial: Callable[[Trial], None]) -> None:
        """See `Session`."""
        ...

    def write(self) -> None:
        """Write run.json."""
        ...


def conduct(
    run: Run,
    limit: float | None,
    finish: Callable[[History], None],
    console: Console,
    done: Any = None,
) -> None:
    """Search, or go on with a search, showing how it goes; then finish.

    Args:
        limit: seconds after which the search ends; None for no limit.
        finish: what follows the search, unless the user interrupted it.
        done: the results, if the run was finished before.

    Raises:
        InputError: for what the user can mend, a full disk included.
        typer.Exit: with status 130 if the user interrupted it.
    """
    with run.folder.guarded(), run.executor, closing(run.restore()) as history:
        before, trials = len(history), run.settings.trials
        if before > trials:
            raise InputError(
                f"--trials is {trials}, but the run has {before} already; expected that many "
                "or more"
            )
        if done and before == trials:
            console.print(f"{run.folder.path} is finished: {before} trials.", soft_wrap=True)
            return
        run.write()
        _show(run, history, Clock(limit, run.parameters), console)
        finish(history)


def _show(run: Run, history: History, clock: Clock, console: Console) -> None:
    """The search itself, with its display."""
    s, folder = run.settings, run.folder
    restore = stop_on_interrupt(clock, console)
    with (
        SearchDisplay(
            console, history, s.trials, s.per_round, run.measure, run.session.strategy.picture
        ) as display,
        event_log(folder.tensorboard, history) as log,
    ):

        def note(trial: Trial) -> None:
            display.show(trial)
            log(trial)

        run.search(history, clock, note)
    restore()
    console.print(leaderboard(history, run.measure))
    if problem := failures(history):
        console.print(escape(problem), style="yellow", soft_wrap=True)
    if clock.interrupted:
        raise interrupted_after(len(history), folder.program, folder.path, console)
    if clock.out_of_time:
        console.print(f"The time limit ended the search after {len(history)} trials.")
