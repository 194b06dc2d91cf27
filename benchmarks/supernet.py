"""What sharing weights costs: steps of a supernet against those of one network alone.

    python benchmarks/supernet.py [--space macro|micro] [--size small|published]
                                  [--architectures 5] [--steps 10] [--repeats 3]

Three ways to make a training step on the same architectures and random images:

* shared: the supernet, which runs the sampled operations only.
* everything: the same supernet computing all operations and picking one result.
* alone: a Keras model of that architecture with the same weights, losses and optimizer, traced
  anew for each architecture.

Each way runs in a process of its own, one after another, in every repeat. A step's time is the
median over steps, after the first, which traces. Prints as one JSON line: steps per second,
the ratio of seconds per step to `alone`, seconds of the first step (for `alone`, per
architecture) and peak memory in MB, as medians over repeats with their range.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WAYS = ("shared", "everything", "alone")
# Layers, channels, image and batch: of the command line's preset, and of the publication.
SIZES = {
    ("macro", "small"): (6, 16, (28, 28, 1), 32),
    ("micro", "small"): (2, 8, (28, 28, 1), 64),
    ("macro", "published"): (12, 36, (32, 32, 3), 128),
    ("micro", "published"): (6, 20, (32, 32, 3), 160),
}
CLASSES = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--space", choices=("macro", "micro"), default="macro")
    parser.add_argument("--size", choices=("small", "published"), default="small")
    parser.add_argument("--architectures", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10, help="per architecture")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    parser.add_argument("--run", choices=WAYS, help="internal: one way, here")
    args = parser.parse_args()
    print(json.dumps(run(args) if args.run else compare(args)))


def compare(args: argparse.Namespace) -> dict:
    """Every way in every repeat, and what came out."""
    found: dict[str, list[dict]] = {way: [] for way in args.ways}
    for _ in range(args.repeats):
        for way in args.ways:
            command = [sys.executable, *sys.argv, "--run", way]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[way].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{way:12}", found[way][-1], file=sys.stderr, flush=True)
    record = {"benchmark": "supernet", **vars(args), "run": None}
    for way, runs in found.items():
        record[way] = {name: spread([run[name] for run in runs]) for name in runs[0]}
        if "alone" in found:
            pairs = zip(runs, found["alone"], strict=True)
            ratios = [a["seconds_per_step"] / b["seconds_per_step"] for a, b in pairs]
            record[way]["ratio_to_alone"] = spread(ratios)
        record[way]["steps_per_second"] = 1 / record[way]["seconds_per_step"][0]
    return record


def spread(values: list[float]) -> tuple[float, ...]:
    """Median, least and greatest."""
    middle = statistics.median(values)
    return tuple(round(v, 4) for v in (middle, min(values), max(values)))


def run(args: argparse.Namespace) -> dict:
    """One way, in this process."""
    from mlpnas.core.runtime.start import start_tensorflow

    start_tensorflow(args.threads)
    if args.run != "everything":
        return timed(args)
    with mock.patch("tensorflow.switch_case", all_computed):
        return timed(args)


def timed(args: argparse.Namespace) -> dict:
    """Steps of the way that is run, architecture by architecture."""
    import numpy as np

    task, space = images(args), make_space(args)
    rng, supernet = np.random.default_rng(0), None
    firsts, steps = [], []
    for _ in range(args.architectures):
        architecture = space.sample_walk(rng)
        if args.run == "alone":
            supernet = alone(args, space, architecture, task)
        supernet = supernet or shared(args, space, task)
        first, *times = [seconds(supernet, architecture) for _ in range(args.steps + 1)]
        firsts.append(first)
        steps.append(statistics.median(times))
    return {
        "seconds_per_step": statistics.mean(steps),
        "first_step": statistics.mean(firsts) if args.run == "alone" else firsts[0],
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def seconds(supernet: Any, architecture: Any) -> float:
    begin = time.perf_counter()
    supernet.train([architecture])
    return time.perf_counter() - begin


def all_computed(index, branches):
    """What stands in for `tf.switch_case`: runs all branches, gives one result."""
    import tensorflow as tf

    return tf.stack([branch() for branch in branches])[index]


def images(args: argparse.Namespace) -> Any:
    """Noise, as a task."""
    import numpy as np

    from mlpnas.core.task import Fold, Task

    _, _, shape, batch = SIZES[args.space, args.size]
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2 * batch, *shape)).astype(np.float32)
    fold = Fold(x, rng.integers(0, CLASSES, len(x)).astype(np.int32))
    return Task("noise", "multiclass", fold, fold, fold, classes=tuple(range(CLASSES)))


def make_space(args: argparse.Namespace) -> Any:
    from cnnnas.space.cell_space import CellSpace
    from cnnnas.space.macro_space import MacroSpace

    layers = SIZES[args.space, args.size][0]
    return MacroSpace(layers) if args.space == "macro" else CellSpace.enas_micro()


def shared(args: argparse.Namespace, space: Any, task: Any) -> Any:
    """The supernet."""
    from cnnnas.supernet.macro_network import MacroNetwork
    from cnnnas.supernet.micro_network import MicroNetwork
    from cnnnas.supernet.weight_bank import WeightBank

    layers, channels, shape, _ = SIZES[args.space, args.size]
    network: Any
    if args.space == "macro":
        network = MacroNetwork(space, WeightBank(0), channels, shape[2], CLASSES)
    else:
        network = MicroNetwork(space, WeightBank(0), layers, channels, shape[2], CLASSES)
    return trained(args, network, task)


def alone(args: argparse.Namespace, space: Any, architecture: Any, task: Any) -> Any:
    """A supernet of one architecture, whose network is a Keras model."""
    from paths import macro_path, micro_path

    layers, channels, shape, _ = SIZES[args.space, args.size]
    if args.space == "macro":
        child = macro_path(space, architecture, shape, channels, CLASSES)
    else:
        child = micro_path(space, architecture, shape, layers, channels, CLASSES)
    weights = {variable.path: variable.value for variable in child.trainable_variables}

    def network(tokens: Any, rows: Any, seed: Any = None) -> Any:
        return child(rows, training=True)

    vars(network).update(space=space, bank=SimpleNamespace(variables=weights))
    return trained(args, network, task)


def trained(args: argparse.Namespace, network: Any, task: Any) -> Any:
    from cnnnas.supernet.image_supernet import ImageSupernet, SharedTraining

    batch = SIZES[args.space, args.size][3]
    return ImageSupernet(network, task, SharedTraining(batch_size=batch))


if __name__ == "__main__":
    main()
