"""Session: a search that is kept in a folder, can be stopped at any moment, and goes on.

The loop is in `search`; here is what every program puts around it. `Session` holds the parts
that learn, and keeps them on the disk. `conduct` is what a search and its resumption have in
common on a command line: the display, Ctrl-C, the time limit, the leaderboard.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from rich.console import Console
from rich.markup import escape

from mlpnas.core.checkpoint import Saved
from mlpnas.core.clock import Clock
from mlpnas.core.command_line import interrupted_after, stop_on_interrupt
from mlpnas.core.configuration import differences
from mlpnas.core.display import SearchDisplay
from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import Evaluator
from mlpnas.core.event_log import event_log
from mlpnas.core.executors import Executor
from mlpnas.core.folder import Folder
from mlpnas.core.journal import read_journal, reopen
from mlpnas.core.measure import Measure
from mlpnas.core.policy_record import note_policy
from mlpnas.core.record import check_journal, located, read_record, settings_of
from mlpnas.core.report import failures, leaderboard
from mlpnas.core.search import search
from mlpnas.core.search_space import Architecture
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.core.trial import History, Trial

Check = Callable[[list[Trial]], None]
S = TypeVar("S")


@dataclass
class Session:
    """What learns in a search, and where it is kept.

    Attributes:
        settings: a dataclass; of its fields `trials` and `per_round` are used here.
        folder: keeps journal and checkpoint.
        strategy, evaluator: what learns.
        loop: `search`, or `search_asynchronously`.
    """

    settings: Any
    folder: Folder
    strategy: Strategy
    evaluator: Evaluator
    loop: Callable[..., History] = search

    def search(self, history: History, clock: Clock, on_trial: Callable[[Trial], None]) -> None:
        """Search until all trials are there or the clock says stop; `on_trial` sees each."""

        def note(trial: Trial) -> None:
            clock.note(trial)
            on_trial(trial)

        s = self.settings
        self.loop(
            self.strategy, self.evaluator, history, s.trials, s.per_round,
            note, clock.should_stop, checkpoint=lambda: self.checkpoint(history.told),
        )  # fmt: skip

    def checkpoint(self, told: int) -> None:
        """Write what has been learned from the first `told` trials, now and then."""
        if (probabilities := self.strategy.probabilities()) is not None:
            note_policy(self.folder.policy, told, probabilities)
        if self.folder.checkpoint.is_due():
            settings, store = asdict(self.settings), self.evaluator.state()
            self.folder.checkpoint.save(Saved(told, settings, self.strategy.state(), store))

    def restore(self, check: Check = lambda trials: None) -> History:
        """Take up strategy, evaluator and journal where the folder left them, if it did.

        Args:
            check: given the earlier trials once the parts are restored; raises InputError if
                they do not fit together.

        Raises:
            InputError: if what is in the folder is damaged or does not belong together.
        """
        trials, _ = read_journal(self.folder.journal, self.strategy.space)
        saved = self.folder.checkpoint.load()
        if saved is not None:
            self._check(saved, len(trials))
            self._take_up(saved)
            check(trials)
        # Last, since it repairs a torn line: a folder that is refused is left as it was.
        history = reopen(self.folder.journal, self.strategy.space)
        history.told = 0 if saved is None else saved.told
        return history

    def _take_up(self, saved: Saved) -> None:
        try:
            self.strategy.restore(saved.strategy)
            self.evaluator.restore(saved.store)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise InputError(
                f"the checkpoint in {self.folder.path / 'state'} does not fit this run: "
                f"{error}; expected the run's own: put it back, or start a new run"
            ) from None

    def _check(self, saved: Saved, trials: int) -> None:
        if not 0 <= saved.told <= trials:
            raise InputError(
                f"{self.folder.journal} holds {trials} trials, but the search had been "
                f"told {saved.told}; expected at least as many: put the journal back as it was"
            )
        if changed := differences(self.settings, saved.settings):
            raise InputError(
                f"the settings in {self.folder.path / 'run.json'} were changed since the "
                f"search began ({'; '.join(changed)}); expected the same: put them back, or "
                "start a new run"
            )


def earlier(
    path: Path, kind: type[Any], trials: int | None, data: str | None = None
) -> tuple[Any, dict[str, Any]]:
    """Settings and record of the run in a folder, for whoever goes on with it.

    Args:
        kind: the settings' class.
        trials: how many to have in the end; None for as many as were planned.
        data: where the data is now, see `record.located`.

    Raises:
        InputError: if run.json cannot be read, or its trials or its data are gone.
    """
    record = read_record(path)
    check_journal(path, record)
    settings = located(path, record, settings_of(path, record, kind), data)
    return settings if trials is None else replace(settings, trials=trials), record


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
