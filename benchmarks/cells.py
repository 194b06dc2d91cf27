"""Found recurrent cells against random ones, LSTM and GRU, over seeds.

    python benchmarks/cells.py ../shared/data/ptb --seeds 3 --out runs/ptb
    python benchmarks/cells.py ../shared/data/audio/japanese_vowels.npz --seeds 3 --out runs/jv

Runs `rnncell search` once per seed, or takes the results of a seed that is in --out already;
prints test perplexity or accuracy of every network, their means, and one JSON line. ± is the
standard deviation over seeds. Other arguments are handed on to the search.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    options, others = parser.parse_known_args()
    records = [run(options.data, seed, options.out, others) for seed in range(options.seeds)]
    table = {
        result["name"]: [_of(record, result["name"])["test"] for record in records]
        for result in records[0]["results"]
    }
    for name, tests in table.items():
        each = "  ".join(f"{test:9.4f}" for test in tests)
        print(f"{name:20} {each}   {np.mean(tests):9.4f} ± {_deviation(tests):.4f}")
    taus = [record["kendall_tau"] for record in records if "kendall_tau" in record]
    print(
        json.dumps(
            {
                "benchmark": "cells",
                "data": Path(options.data).name,
                "seeds": options.seeds,
                "test": table,
                "kendall_tau": taus,
                "cells": [record["results"][0]["architecture"] for record in records],
                "epochs": {n: [_of(r, n)["epochs"] for r in records] for n in table},
                "parameters": {n: [_of(r, n)["parameters"] for r in records] for n in table},
                "wall_seconds": [record.get("wall_seconds") for record in records],
            }
        )
    )


def run(data: str, seed: int, out: Path, others: list[str]) -> dict:
    """The record of a seed's run."""
    folder = out / str(seed)
    start = time.perf_counter()
    found = _record(folder)
    if "results" not in found:
        command = ["search", data, "--seed", str(seed), "--run", str(folder), *others]
        if found:
            command = ["resume", str(folder)]
        subprocess.run([sys.executable, "-m", "rnncell", *command], check=True, cwd=ROOT)
        found = _record(folder) | {"wall_seconds": time.perf_counter() - start}
    return found


def _record(folder: Path) -> dict:
    path = folder / "run.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _of(record: dict, name: str) -> dict:
    return next(result for result in record["results"] if result["name"] == name)


def _deviation(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
