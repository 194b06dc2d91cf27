"""What a step of a differentiable search costs, by order of the gradient and by variant.

    python benchmarks/darts.py [--channels 8] [--cells 5] [--batch 32] [--size 16]
                               [--steps 10] [--repeats 3]

A step moves the architecture parameters once and the weights once: two forward and backward
passes in first order, five in second. PC-DARTS mixes a quarter of the channels, GDAS runs one
operation per edge. Each way runs in a process of its own, one after another, in every repeat,
on noise. Prints as one JSON line: seconds per step (median over steps, after the first, which
traces), megabytes at the peak of a step above those before it, when everything had been traced
(Linux only), and both as ratios to first order; medians over repeats with their range.
"""

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from supernet import spread

# Name -> variant and order.
WAYS: dict[str, Any] = {
    "first": ("plain", 1),
    "second": ("plain", 2),
    "pc": ("pc", 1),
    "gdas": ("gdas", 1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--cells", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=16, help="pixels along each side")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--run", choices=WAYS, help="internal: one way, here")
    args = parser.parse_args()
    print(json.dumps(run(args) if args.run else compare(args)))


def compare(args: argparse.Namespace) -> dict:
    """Every way in every repeat, and what came out."""
    found: dict[str, list[dict]] = {way: [] for way in WAYS}
    for _ in range(args.repeats):
        for way in WAYS:
            command = [sys.executable, *sys.argv, "--run", way]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[way].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{way:8}", found[way][-1], file=sys.stderr, flush=True)
    record = {"benchmark": "darts", **vars(args), "run": None}
    for way, runs in found.items():
        record[way] = {name: spread([run[name] for run in runs]) for name in runs[0]}
        for name in ("seconds_per_step", "megabytes"):
            pairs = zip(runs, found["first"], strict=True)
            record[way][f"{name}_to_first"] = spread([a[name] / b[name] for a, b in pairs])
    return record


def run(args: argparse.Namespace) -> dict:
    """One way, in this process."""
    from mlpnas.core.runtime.start import start_tensorflow

    start_tensorflow(args.threads)
    import numpy as np
    import tensorflow as tf

    from cnnnas.differentiable.image_darts import DartsTraining, ImageDARTS
    from cnnnas.differentiable.variants import VARIANTS
    from mlpnas.core.differentiable.bilevel import as_built

    variant, order = WAYS[args.run]
    task, rng = noise(args), np.random.default_rng(0)
    mixture = ImageDARTS(
        task, VARIANTS[variant], DartsTraining(batch_size=args.batch, order=order),
        channels=args.channels, number=args.cells,
    )  # fmt: skip
    rows = np.arange(args.batch)
    batches = [mixture.batch(rows, rng) for _ in range(2)]

    def step() -> float:
        begin = time.perf_counter()
        with as_built():
            loss, _ = mixture.bilevel.step(*batches, tf.constant(0.01))
        loss.numpy()
        return time.perf_counter() - begin

    seconds = [step() for _ in range(args.steps + 1)]
    return {
        "seconds_per_step": statistics.median(seconds[1:]),
        "first_step": seconds[0],
        "megabytes": megabytes_of(step),
    }


def megabytes_of(step: Callable[[], Any]) -> float:
    """What this process takes at most during a step, above what it held before."""
    ctypes.CDLL(None).malloc_trim(0)  # gives back what former steps have freed
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    step()
    return memory("VmHWM") - before


def memory(name: str) -> float:
    """A line of the process's status, in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def noise(args: argparse.Namespace) -> Any:
    """Images without meaning."""
    import numpy as np

    from mlpnas.core.task import Fold, Task

    rng = np.random.default_rng(1)
    shape = (2 * args.batch, args.size, args.size, 3)
    fold = Fold(
        rng.normal(size=shape).astype(np.float32),
        rng.integers(10, size=shape[0], dtype=np.int32),
    )
    return Task("noise", "multiclass", fold, fold, fold, classes=tuple(range(10)))


if __name__ == "__main__":
    main()
