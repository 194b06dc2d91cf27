"""Session: a search that is kept in a folder, can be stopped at any moment, and goes on.

The loop is in `search`; here is what keeps its parts on the disk, and takes them up again.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.run.checkpoint import Saved
from mlpnas.core.run.clock import Clock
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.journal import read_journal, reopen
from mlpnas.core.run.policy_record import note_policy
from mlpnas.core.run.record import check_journal, located, read_record, settings_of
from mlpnas.core.run.settings import differences
from mlpnas.core.search import search
from mlpnas.core.strategies.base import Strategy
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
