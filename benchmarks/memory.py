"""Does memory stay flat? Trains 1,000 children on the digits data in one process.

    python benchmarks/memory.py [--children 1000] [--seed 0]

Prints resident memory after 50 children and after all, and their ratio as one JSON line; the
target is growth below 10 %. Linux only: it reads /proc.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from tasks import load

from mlpnas.core.trainer.base import Job, Recipe
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace
from mlpnas.trainer.mlp_trainer import MLPTrainer

WARM = 50


def resident() -> float:
    """Resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--children", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if not Path("/proc/self/statm").exists():
        sys.exit("skipped: reads /proc, which this system does not have")
    task = load("digits")
    generator = MLPGenerator(MLPSpace(head=task.head))
    trainer = MLPTrainer(task, generator, Recipe(epochs=1))
    rng = np.random.default_rng(args.seed)
    begin, memory = time.perf_counter(), {}
    for count in range(1, args.children + 1):
        outcome = trainer.train(Job(generator.space.sample_walk(rng), count))
        assert outcome.reason is None, outcome.reason
        if count == WARM or count % 250 == 0 or count == args.children:
            memory[count] = round(resident(), 1)
            print(f"{count:6} children {memory[count]:8.1f} MB", flush=True)
    growth = memory[args.children] / memory[min(WARM, args.children)] - 1
    record = {"benchmark": "memory", "children": args.children, "seed": args.seed}
    record |= {"megabytes": memory, "growth": round(growth, 4), "traces": trainer.traces}
    print(json.dumps(record | {"seconds": round(time.perf_counter() - begin, 1)}))


if __name__ == "__main__":
    main()
