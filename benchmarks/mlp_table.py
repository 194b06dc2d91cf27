"""Trains every architecture of a small space, so that strategies can be compared offline.

All 999 chains of at most three hidden layers (16, 64 or 256 units; tanh, relu or elu;
dropout) on one data set, with three seeds each; then a random search passes once over all of
them with the one-shot store. The table that comes out is part of the package: see
`mlpnas/nasbench/mlp.py`, which says what its columns are and reads it.

    python benchmarks/mlp_table.py digits --jobs 2
    python benchmarks/strategies.py --bench mlp-digits

Takes some minutes per data set on two cores. It can be killed and started again: what has
been trained stands in a journal beside the table, which is removed at the end.
"""

import argparse
import json
import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import tasks

from mlpnas.core.evaluator.evaluator import ChildEvaluator, reward
from mlpnas.core.executor.executors import Executor, WorkerProcesses
from mlpnas.core.search import search
from mlpnas.core.shared_weights import SharedWeights, Weights
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Outcome, Recipe
from mlpnas.core.trial import History
from mlpnas.final.cross_validation import kept_score
from mlpnas.generator import MLPGenerator
from mlpnas.layers import Dense
from mlpnas.space import MLPSpace
from mlpnas.trainer.mlp_trainer import MLPTrainer

FOLDER = tasks.ROOT / "mlpnas" / "nasbench"
SEEDS = 3
FULL = Recipe(epochs=10, patience=None, batch_size=64)
EARLY = 3  # epochs after which the cheaper score is taken
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
}


class Training:
    """The table's data set and space, and where trainings run.

    Args:
        data: `"digits"` or `"wine"`.
        jobs: processes.
    """

    def __init__(self, data: str, jobs: int):
        self.task: Task = tasks.load(data)
        self.space = MLPSpace(self.task.head, (16, 64, 256), ("tanh", "relu", "elu"), 4)
        self.generator, self._jobs = MLPGenerator(self.space), jobs
        self.architectures = list(self.space)

    def workers(self, recipe: Recipe) -> Executor:
        """Processes that train by this recipe."""
        return WorkerProcesses(
            partial(MLPTrainer, self.task, self.generator, recipe), self._jobs
        )

    def rows(self, first: int) -> Iterator[list[float]]:
        """One row per training, seed by seed, from number `first` on; see `_row`."""
        jobs = (Job(a, seed) for seed in range(SEEDS) for a in self.architectures)
        asked = list(islice(jobs, first, None))
        with self.workers(FULL) as executor:
            for job, outcome in zip(asked, executor.run(asked), strict=True):
                yield self._row(job.architecture, outcome)

    def _row(self, architecture: Architecture, outcome: Outcome) -> list[float]:
        """Validation, early and test score, seconds, early seconds; NaN where it diverged."""
        early = outcome.seconds * min(1.0, EARLY / max(1, len(outcome.curve)))
        if outcome.reason is not None:
            return [math.nan, math.nan, math.nan, outcome.seconds, early]
        test = accuracy(self.space.hidden(architecture), outcome.weights, self.task.test)
        scores = [kept_score(outcome, FULL), reward(outcome.curve[:EARLY]), test]
        return [*scores, outcome.seconds, early]

    def one_shot(self) -> np.ndarray:
        """Score and seconds of each architecture in one random search with the store."""
        store, strategy = SharedWeights(), RandomStrategy(self.space)
        with self.workers(Recipe(epochs=EARLY, batch_size=64)) as executor:
            evaluator = ChildEvaluator(self.generator, self.task, executor.run, store=store)
            history = search(strategy, evaluator, History(), len(self.architectures))
        found = {t.architecture: (t.score, t.seconds) for t in history.trials}
        return np.array([found[a] for a in self.architectures], float).T

    def parameters(self, architecture: Architecture) -> int:
        """Trainable parameters."""
        return self.generator.parameters(architecture, self.task)


def accuracy(layers: list, weights: Weights, fold: Fold) -> float:
    """Fraction of the fold that a trained chain gets right, without building a model."""
    x = fold.x.reshape(len(fold), -1)
    *hidden, head = weights.values()
    activations = [
        ACTIVATIONS[layer.activation] for layer in layers if isinstance(layer, Dense)
    ]
    for (kernel, bias), activation in zip(hidden, activations, strict=True):
        x = activation(x @ kernel + bias)
    return float(np.mean(np.argmax(x @ head[0] + head[1], axis=1) == fold.y))


def journaled(training: Training, journal: Path) -> np.ndarray:
    """All rows, `(SEEDS, architectures, 5)`, those that the journal lacks trained now."""
    lines = journal.read_text().split("\n")[:-1] if journal.exists() else []
    rows, count = [json.loads(line) for line in lines], len(training.architectures)
    with journal.open("w") as file:  # again whole: a kill may have torn the last line
        file.writelines(f"{json.dumps(row)}\n" for row in rows)
        for row in training.rows(len(rows)):
            rows.append(row)
            file.write(f"{json.dumps(row)}\n")
            file.flush()
            if len(rows) % 500 == 0:
                print(f"{len(rows)} of {SEEDS * count} trained", flush=True)
    return np.array(rows).reshape(SEEDS, count, -1)


def write(data: str, jobs: int, folder: Path) -> Path:
    """Train what is missing and write the table; returns its path."""
    training, journal = Training(data, jobs), folder / f"mlp_{data}.jsonl"
    trained = journaled(training, journal)
    one_shot, one_shot_seconds = training.one_shot()
    valid, early, test, seconds, early_seconds = np.moveaxis(trained, 2, 0)
    times = [seconds.mean(axis=0), early_seconds.mean(axis=0), one_shot_seconds]
    path = folder / f"mlp_{data}.npz"
    np.savez_compressed(
        path,
        space=np.array(training.space.name),
        trained=valid.astype(np.float32),
        early=early.astype(np.float32),
        one_shot=one_shot[None].astype(np.float32),
        test=test.astype(np.float32),
        seconds=np.array(times).round(3).astype(np.float32),
        parameters=np.array([training.parameters(a) for a in training.architectures]),
    )
    journal.unlink()
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes a table of trained perceptrons.")
    parser.add_argument("data", choices=["digits", "wine"])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write it")
    options = parser.parse_args()
    path = write(options.data, options.jobs, options.folder)
    print(json.dumps({"table": path.name, "bytes": path.stat().st_size}))


if __name__ == "__main__":
    main()
