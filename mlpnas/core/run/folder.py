"""Folder: what a run leaves on the disk, and the lock that lets one process write there.

runs/wine-quality-0/
  run.json        settings, what the data was, versions; at the end the results
  trials.jsonl    a line per finished trial
  state/          what the search has learned, see `checkpoint`
  policy.jsonl    the controller's probabilities after each round, see `policy_record`
  tensorboard/    the trials once more, if that was asked for, see `event_log`
  best.keras      the retrained winner
  lock            held by the process at work; the system releases it with the process
"""

import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from mlpnas.core.errors import InputError
from mlpnas.core.run.checkpoint import Checkpoint
from mlpnas.core.run.files import explain, remove_parts, replacing
from mlpnas.core.run.record import FORMAT
from mlpnas.core.task import Task

_NOT_A_RUN = {"lock", "tensorboard", "compare.jsonl"}
_WRITTEN_IN_PLACE = (
    "lock", "trials.jsonl", "rivals.jsonl", "policy.jsonl", "tensorboard", "state",
    "state/pending",
)  # fmt: skip


class Folder:
    """A run's folder, locked against other processes until `close`. See `create` and `open`.

    Args:
        path: where it is.
        program: whose run it is; messages name its commands.

    Attributes:
        checkpoint: its folder `state`.
    """

    def __init__(self, path: Path, program: str = "mlpnas"):
        self.path, self.program = path, program
        self.checkpoint = Checkpoint(path / "state")
        self._refuse_links()
        self._lock = FileLock(path / "lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"{path} is in use by another process; expected to be the only one that "
                "writes there: wait until it ends, or stop it"
            ) from None
        except OSError as error:
            raise self._unwritable(error) from None
        for written in (path, path / "state", path / "state" / "pending"):
            remove_parts(written)

    @classmethod
    def create(cls, path: Path, program: str = "mlpnas") -> Self:
        """A new run's folder; its parents are made as needed.

        Raises:
            InputError: if the path holds something already, or cannot be made.
        """
        try:
            # A kill before anything was begun leaves the lock, and no trial.
            if path.is_dir() and {entry.name for entry in path.iterdir()} <= _NOT_A_RUN:
                return cls(path, program)
            path.mkdir(parents=True)
        except FileExistsError:
            raise InputError(
                f"{path} exists already; expected a new folder for the run: choose another "
                f"--run, remove it, or continue it with: {program} resume {path}"
            ) from None
        except OSError as error:
            raise InputError(
                f"cannot make the run folder {path}: {error.strerror}; choose another --run"
            ) from None
        return cls(path, program)

    @classmethod
    def open(cls, path: Path, program: str = "mlpnas") -> Self:
        """An earlier run's folder.

        Raises:
            InputError: if it is none, or another process works in it.
        """
        if not (path / "run.json").is_file():
            raise InputError(
                f"{path} is no folder of a run: there is no run.json in it; expected one made "
                f"by {program} search (see its line 'run:')"
            )
        return cls(path, program)

    def close(self) -> None:
        """Let others work here; a new folder in which nothing was begun is removed."""
        self._lock.release()
        if not (self.path / "run.json").exists():
            with suppress(OSError):
                (self.path / "lock").unlink(missing_ok=True)
                self.path.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def journal(self) -> Path:
        """The trials, a line each."""
        return self.path / "trials.jsonl"

    @property
    def policy(self) -> Path:
        """The policy after each round."""
        return self.path / "policy.jsonl"

    @property
    def tensorboard(self) -> Path:
        """A folder where the trials are logged, if it exists."""
        return self.path / "tensorboard"

    def write(self, settings: Any, data: dict[str, Any], **results: Any) -> None:
        """Write run.json: at the start of a run, and again with results at its end.

        Args:
            settings: a dataclass; its field `data` is a path, or the name of a data set.
            data: what the data was, see `describe_data`.
            results: further entries.
        """
        plain = asdict(settings)
        record = {"format": FORMAT, "settings": plain, "data": data, "versions": versions()}
        if (place := Path(plain["data"])).exists():
            # A run may be continued from another directory; and it may be moved with its data.
            plain["data"] = str(place.resolve())
            with suppress(ValueError):  # on another drive
                record["beside"] = os.path.relpath(place.resolve(), self.path.resolve())
        with replacing(self.path / "run.json") as file:
            file.write(json.dumps(record | results, indent=2).encode())

    def note(self, **entries: Any) -> None:
        """Add entries to run.json, which stay until the search goes on."""
        path = self.path / "run.json"
        record = json.loads(path.read_bytes()) | entries
        with replacing(path) as file:
            file.write(json.dumps(record, indent=2).encode())

    @property
    def model(self) -> Path:
        """The delivered network's file, see `delivery.deliver`."""
        return self.path / "best.keras"

    @property
    def single(self) -> Path:
        """The file of the winner alone, where the other holds an average."""
        return self.path / "single.keras"

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Errors of the disk become an InputError that says how to go on."""
        try:
            yield
        except BrokenPipeError:  # standard output was closed; the disk is well
            raise
        except OSError as error:
            raise self._unwritable(error) from None

    def _refuse_links(self) -> None:
        """Raise InputError if a run of somebody else's leads out of its folder: what is written
        to in place, unlike what is replaced, must lie there itself."""
        for name in _WRITTEN_IN_PLACE:
            if (self.path / name).is_symlink():
                raise InputError(
                    f"{self.path / name} is a link; expected a file or folder of the run's "
                    "own: put what it points to in its place, or start a new run"
                )

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            f"cannot write in {self.path}: {explain(error)}; finished trials are safe: make "
            f"room or give permission, then continue with: {self.program} resume {self.path}"
        )


def describe_data(task: Task) -> dict[str, Any]:
    """What a resume compares: shapes first, so that a difference can be named."""
    return {
        "kind": task.kind,
        "rows": [len(fold) for fold in (task.train, task.valid, task.test)],
        "inputs": list(task.input_shape),
        "classes": [str(label) for label in task.classes],
        "fingerprint": task.fingerprint(),
    }


def check_data(task: Task, then: dict[str, Any], name: str) -> None:
    """Raise InputError, naming what differs, unless the data are those of the run.

    Args:
        then: what run.json says of them.
        name: of the data now.
    """
    for what, now in describe_data(task).items():
        if then.get(what) != now:
            differs = f"{what}: {then.get(what)} then, {now} now"
            raise InputError(
                f"{name} is not the data that the run began with: other "
                f"{'values' if what == 'fingerprint' else differs}; expected the same "
                "data: put them back, or start a new run"
            )


def free_folder(data: str, seed: int) -> Path:
    """runs/NAME-SEED, or with -2, -3, ... behind it: a default never overwrites a run."""
    first = Path("runs") / f"{Path(data).stem}-{seed}"
    taken = 1
    path = first
    while path.exists():
        taken += 1
        path = first.with_name(f"{first.name}-{taken}")
    return path


def versions() -> dict[str, str]:
    """What the run is made with."""
    names = ("mlpnas", "tensorflow", "keras", "numpy", "scikit-learn", "pandas")
    return {"python": platform.python_version(), "platform": sys.platform} | {
        name: metadata.version(name) for name in names
    }
