"""Run: one search on one table, from settings to a verdict, and its folder on the disk.

    runs/wine-quality-0/
      run.json        settings, data fingerprint, versions; at the end the results
      trials.jsonl    a line per finished trial
      best.keras      the retrained winner

The folder is made when the table has been read and found usable, not before.
"""

import json
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import keras

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator import ChildEvaluator, Recipe
from mlpnas.core.executors import InProcess, WorkerProcesses
from mlpnas.core.shared_weights import SharedWeights
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.strategies.reinforce import Predictor, ReinforceStrategy
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.generator import MLPGenerator
from mlpnas.settings import Settings
from mlpnas.space import MLPSpace
from mlpnas.table import Table
from mlpnas.trainer import MLPTrainer

FORMAT = 1  # of the run folder; a reader refuses newer ones


@dataclass
class Run:
    """The pieces of a search, put together from settings and a table.

    Attributes:
        settings, table: what was asked.
        jobs: processes that train children; does not change any result.
    """

    settings: Settings
    table: Table
    jobs: int = 1
    generator: MLPGenerator = field(init=False)
    strategy: Strategy = field(init=False)
    evaluator: ChildEvaluator = field(init=False)

    def __post_init__(self) -> None:
        s, task = self.settings, self.table.task
        space = MLPSpace(task.head)
        self.generator = MLPGenerator(space)
        self.strategy = make_strategy(s, space)
        trainer = partial(MLPTrainer, task, self.generator, Recipe(epochs=s.epochs))
        self.executor = (
            InProcess(trainer) if self.jobs == 1 else WorkerProcesses(trainer, self.jobs)
        )
        store = SharedWeights() if s.one_shot else None
        self.evaluator = ChildEvaluator(
            self.generator, task, self.executor.run, s.seed, store, s.reward
        )


def make_strategy(settings: Settings, space: MLPSpace) -> Strategy:
    """The strategy that the settings name."""
    if settings.strategy == "random":
        return RandomStrategy(space, settings.seed)
    predictor = Predictor() if settings.predictor else None
    return ReinforceStrategy(space, settings.seed, settings.trials, predictor=predictor)


class Folder:
    """A run's folder.

    Args:
        path: where; its parents are made as needed.

    Raises:
        InputError: if the path holds something already.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise InputError(
                f"{path} exists already; expected a new folder for the run: choose another "
                "--run, or remove it"
            ) from None
        except OSError as error:
            raise InputError(
                f"cannot make the run folder {path}: {error.strerror}; choose another --run"
            ) from None

    @property
    def journal(self) -> Path:
        """The trials, a line each."""
        return self.path / "trials.jsonl"

    def write(self, run: Run, **results: Any) -> None:
        """Write run.json; called at the start, and again with results at the end."""
        record = {
            "format": FORMAT,
            "settings": asdict(run.settings),
            "data": {"fingerprint": run.table.task.fingerprint(), "notes": run.table.notes},
            "space": run.generator.space.name,
            "versions": versions(),
            **results,
        }
        replace_file(self.path / "run.json", json.dumps(record, indent=2).encode())

    def save(self, model: keras.Model) -> Path:
        """Write best.keras."""
        path, part = self.path / "best.keras", self.path / "part.keras"
        model.save(part)
        os.replace(part, path)
        return path


def free_folder(data: str, seed: int) -> Path:
    """runs/NAME-SEED, or with -2, -3, ... behind it: a default never overwrites a run."""
    first = Path("runs") / f"{Path(data).stem}-{seed}"
    taken = 1
    path = first
    while path.exists():
        taken += 1
        path = first.with_name(f"{first.name}-{taken}")
    return path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old content or the new, never a part."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def versions() -> dict[str, str]:
    """What the run was made with."""
    names = ("mlpnas", "tensorflow", "keras", "numpy", "scikit-learn", "pandas")
    return {"python": platform.python_version(), "platform": sys.platform} | {
        name: metadata.version(name) for name in names
    }


class Clock:
    """Says when to stop: at a time limit, or when the user asked to.

    Args:
        limit: seconds from now; None for no limit.
    """

    def __init__(self, limit: float | None = None):
        self._deadline = None if limit is None else time.monotonic() + limit
        self.interrupted = False

    def should_stop(self) -> bool:
        return self.interrupted or self.out_of_time

    @property
    def out_of_time(self) -> bool:
        """Whether the time limit has passed."""
        return self._deadline is not None and time.monotonic() >= self._deadline
