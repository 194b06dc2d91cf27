"""Time until the best of KerasTuner's random trials is reached, on wine-quality.

    python benchmarks/search.py [--trials 50] [--epochs 10] [--seed 0] [--jobs 2]

KerasTuner's random search trains `trials` models of the reference vocabulary. Ours, a random
search too, with two worker processes, then runs until it meets the best validation accuracy
that any epoch of any of those had (or has tried ten times as many). Times begin after the
imports and include all that follows. The last line is JSON. Luck has a large part in a single
run: repeat with other seeds.
"""

import argparse
import json
import os
import time
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from children import BATCH, make_tuner, run_search
from tasks import load

from mlpnas.core.executor.executors import WorkerProcesses
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace
from mlpnas.trainer.mlp_trainer import MLPTrainer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    task = load("wine")
    generator = MLPGenerator(MLPSpace(head=task.head))
    begin = time.perf_counter()
    best = tuner_best(task, generator, args)
    theirs = time.perf_counter() - begin
    print(f"KerasTuner: {best:.4f} after {args.trials} trials, {theirs:.1f} s", flush=True)
    begin = time.perf_counter()
    tried, reached = search_until(best, task, generator, args)
    ours = time.perf_counter() - begin
    print(f"ours: {reached:.4f} after {tried} trials, {ours:.1f} s")
    record = {"benchmark": "search", **vars(args), "target": best, "reached": reached}
    record |= {"keras_tuner_seconds": theirs, "seconds": ours, "tried": tried}
    print(json.dumps(record | {"ratio": round(theirs / ours, 2)}))


def tuner_best(task: Task, generator: MLPGenerator, args: argparse.Namespace) -> float:
    """Best validation accuracy of KerasTuner's trials."""
    tuner = make_tuner(task, generator, args.trials, args.seed)
    run_search(tuner, task, args.epochs)
    return max(trial.score for trial in tuner.oracle.trials.values() if trial.score)


def search_until(
    target: float, task: Task, generator: MLPGenerator, args: argparse.Namespace
) -> tuple[int, float]:
    """How many children it took, and the best accuracy among them."""
    recipe = Recipe(epochs=args.epochs, patience=None, batch_size=BATCH)
    factory = partial(MLPTrainer, task, generator, recipe)
    rng = np.random.default_rng(args.seed)
    most = 10 * args.trials
    jobs = (Job(generator.space.sample_walk(rng), seed) for seed in range(most))
    reached: list[float] = []
    with WorkerProcesses(factory, args.jobs) as executor:
        for outcome in executor.run(jobs):
            reached.append(max(outcome.curve, default=0.0))
            # Half a row, because accuracies are fractions rounded to float32 on their side.
            if reached[-1] >= target - 0.5 / len(task.valid):
                break
    return len(reached), max(reached)


if __name__ == "__main__":
    main()
