"""Tokens per second of recurrent cells, and what searching all of them at once costs.

    python benchmarks/rnn.py [--units 128] [--nodes 8] [--repeats 5]

Language models of 3,000 tokens, 32 sequences of 35 steps, random tokens. Interleaved
repeats, medians and ranges: a random ENAS cell, Keras's LSTM of as many parameters, and the
shared weights of all cells. Prints one JSON line; peak memory is of the whole process.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # a fresh clone need not be installed

from mlpnas.core.runtime.start import start_tensorflow

BATCH, STEPS, TOKENS = 32, 35, 3000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    start_tensorflow()
    runners, sizes = prepare(options.units, options.nodes)
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    for run in runners.values():
        run()  # compiles
    for _ in range(options.repeats):
        for name, run in runners.items():
            start = time.perf_counter()
            for _ in range(5):
                run()
            seconds[name].append((time.perf_counter() - start) / 5)
    report(vars(options), seconds, sizes)


def prepare(units: int, nodes: int) -> tuple[dict[str, Callable[[], object]], dict[str, int]]:
    """What takes one training step each, and parameters."""
    from mlpnas.core.task import Fold, Task
    from rnncell.data.text import windows
    from rnncell.generator.networks import CellGenerator, baseline, sized
    from rnncell.recipes import Network, SupernetRecipe, TextRecipe
    from rnncell.space.enas_space import ENASCellSpace
    from rnncell.supernet.text_supernet import TextSupernet
    from rnncell.trainer.text_trainer import compile_model

    rng = np.random.default_rng(0)
    ids = rng.integers(0, TOKENS, BATCH * STEPS + 1).astype(np.int32)
    fold = Fold(ids[:-1], ids[1:])
    task = Task("random", "multiclass", fold, fold, fold, classes=tuple(range(TOKENS)))
    space, network = ENASCellSpace(nodes), Network(units)
    cell = space.sample_architecture(rng)
    found = CellGenerator(space, network, BATCH)
    size = found.parameters(cell, task)
    lstm = sized(found, "lstm", task, size)
    batch = [part[0] for part in windows(fold, BATCH, STEPS)]

    def trains(generator: CellGenerator, architecture: Any) -> Callable[[], object]:
        model = generator.build(architecture, task)
        compile_model(model, TextRecipe(batch=BATCH, steps=STEPS, optimizer="sgd"), 100)
        return lambda: model.train_on_batch(*batch)

    net = TextSupernet(space, task, network, SupernetRecipe(BATCH, STEPS))
    runners = {
        "cell": trains(found, cell),
        "lstm": trains(lstm, baseline("lstm")),
        "supernet": lambda: net.train([cell]),
    }
    return runners, {"cell": size, "lstm": lstm.parameters(baseline("lstm"), task)}


def report(options: dict, seconds: dict[str, list[float]], sizes: dict[str, int]) -> None:
    """A table, then one JSON line."""
    rates = {name: [BATCH * STEPS / s for s in taken] for name, taken in seconds.items()}
    for name, found in rates.items():
        middle, least, most = np.median(found), min(found), max(found)
        print(f"{name:9} {middle:9,.0f} tokens/s ({least:,.0f} to {most:,.0f})")
    ratio = np.median(seconds["supernet"]) / np.median(seconds["cell"])
    print(f"a step of the supernet takes {ratio:.2f} times that of the cell alone")
    record = {
        "benchmark": "rnn",
        **options,
        "tokens_per_second": {name: float(np.median(found)) for name, found in rates.items()},
        "supernet_to_cell": float(ratio),
        "parameters": sizes,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
