"""Searched networks against the best random one and a plain network, over seeds.

    python benchmarks/images.py [--data cifar10_10k] [--space macro] [--preset small]
                                [--seeds 3] [--train-rows N] [--out FOLDER]

Per seed one `cnnnas search`, which trains what it found, the best random architecture and a
plain network with about as many parameters by the same recipe. A seed changes the validation
fold, the initial weights and the search. Runs are kept in FOLDER and not repeated. The last
line is JSON.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tasks import DATA, ROOT


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
    for row in rows:
        print({k: v for k, v in row.items() if k != "curve"}, flush=True)
    return rows


def run_of(args: argparse.Namespace, seed: int, out: Path) -> Path:
    """The folder of a seed's search."""
    return out / f"{args.data}-{args.space}-{args.preset}-{seed}"


def searched(args: argparse.Namespace, seed: int, out: Path) -> list[dict]:
    """What `cnnnas search` says of its network and of those beside it."""
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
