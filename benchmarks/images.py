"""Searched networks against the best random one and a plain Keras CNN, over seeds.

    python benchmarks/images.py [--data cifar10_10k] [--space macro] [--preset small]
                                [--seeds 3] [--train-rows N] [--out FOLDER]

Per seed one `cnnnas search`, which retrains what it found and the best random architecture by
the same recipe; then a plain convolutional network with about as many parameters, by that
recipe too, for as many epochs as take as long as those of the found network: steps of both are
timed in turns. A seed changes the validation fold, the initial weights and the search. Runs are
kept in FOLDER and not repeated. The last line is JSON.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from tasks import DATA, ROOT

from cnnnas.baselines import PlainCNN, plain_cnn
from cnnnas.data.images import read_images
from cnnnas.names import SPACES
from cnnnas.trainer.training import make_trainer
from mlpnas.core.baselines.step_time import seconds_per_step
from mlpnas.core.run.kit import find_kit
from mlpnas.core.runtime.start import start_tensorflow
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.core.trainer.keras_trainer import set_weights

PLAIN = "plain CNN"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="cifar10_10k")
    parser.add_argument("--space", default="macro")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--train-rows", type=int)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if not (DATA / f"{args.data}.npz").exists():
        sys.exit(f"skipped: {DATA / args.data}.npz is missing; put it there")
    with tempfile.TemporaryDirectory() as temporary:
        out = args.out or Path(temporary)
        out.mkdir(parents=True, exist_ok=True)
        seeds = range(args.first_seed, args.first_seed + args.seeds)
        rows = [row for seed in seeds for row in one_seed(args, seed, out)]
    table(rows)
    settings = {k: v for k, v in vars(args).items() if k != "out"}
    print(json.dumps({"benchmark": "images", **settings, "rows": rows}))


def one_seed(args: argparse.Namespace, seed: int, out: Path) -> list[dict]:
    """A row per network: accuracy on the test images, parameters, seconds."""
    path = run_of(args, seed, out).with_suffix(".json")
    if not path.exists():
        path.write_text(json.dumps(searched(args, seed, out)))
    rows = json.loads(path.read_text())
    if rows[-1]["name"] != PLAIN:
        rows.append(plain(args, seed, out, rows[0]))
        path.write_text(json.dumps(rows))
    for row in rows:
        print({k: v for k, v in row.items() if k != "curve"}, flush=True)
    return rows


def run_of(args: argparse.Namespace, seed: int, out: Path) -> Path:
    """The folder of a seed's search."""
    return out / f"{args.data}-{args.space}-{args.preset}-{seed}"


def searched(args: argparse.Namespace, seed: int, out: Path) -> list[dict]:
    """What `cnnnas search` says of its network and of the best random one."""
    run = run_of(args, seed, out)
    options = ["--space", args.space, "--preset", args.preset, "--seed", seed, "--run", run]
    options += ["--train-rows", args.train_rows] if args.train_rows else []
    data = DATA / f"{args.data}.npz"
    command = [sys.executable, "-m", "cnnnas", "search", data, *options]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    record = json.loads((run / "run.json").read_text())
    extra = {"seed": seed, "search_wall": round(wall), "search_cpu": round(cpu)}
    extra["kendall_tau"] = record.get("kendall_tau")
    return [result | extra for result in record["results"]]


def plain(args: argparse.Namespace, seed: int, out: Path, like: dict) -> dict:
    """The plain network, about as large as `like`, trained for about as long."""
    start_tensorflow()
    task = read_images(str(DATA / f"{args.data}.npz"), args.train_rows, seed).task
    generator, only = plain_cnn(like["parameters"], task), cast(Any, None)  # it has no space
    recipe = find_kit(SPACES, args.space).presets[args.preset].final
    found = keras.saving.load_model(run_of(args, seed, out) / "best.keras")
    networks = (found, generator.build(only, task, seed))
    own, pace = seconds_per_step([step(network, task, recipe) for network in networks])
    recipe = replace(recipe, epochs=max(1, round(recipe.epochs * own / pace)))
    return fit(task, generator, recipe, seed) | {"seed": seed}


def step(model: keras.Model, task: Task, recipe: Recipe) -> Callable[[], Any]:
    """A training step, always on the same batch."""
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy())  # as good as any
    x, y = task.train.x[: recipe.batch_size], task.train.y[: recipe.batch_size]
    return partial(model.train_on_batch, x.reshape(-1, *model.input_shape[1:]), y)


def fit(task: Task, generator: PlainCNN, recipe: Recipe, seed: int) -> dict:
    """A row for one training of the plain network."""
    only = cast(Any, None)
    outcome = make_trainer(task, generator, recipe, "auto").train(Job(only, seed))
    model = generator.build(only, task, seed)
    set_weights(model, outcome.weights)
    valid, test = (
        task.score(fold.y, model.predict(fold.x, batch_size=512, verbose=0))
        for fold in (task.valid, task.test)
    )
    return {
        "name": PLAIN, "architecture": f"{recipe.epochs} epochs", "valid": valid, "test": test,
        "parameters": outcome.parameters, "seconds": outcome.seconds, "curve": outcome.curve,
    }  # fmt: skip


def table(rows: list[dict]) -> None:
    """Mean and standard deviation over the seeds."""
    print("\n| network | test accuracy | parameters | seconds of training |\n|---|---|---|---|")
    for name in dict.fromkeys(row["name"] for row in rows):
        mine = [row for row in rows if row["name"] == name]
        test = np.array([row["test"] for row in mine])
        spread = f" ± {test.std(ddof=1):.4f}" if len(test) > 1 else ""
        size, took = (np.mean([row[k] for row in mine]) for k in ("parameters", "seconds"))
        print(f"| {name} | {test.mean():.4f}{spread} | {size:,.0f} | {took:.0f} |")


if __name__ == "__main__":
    main()
