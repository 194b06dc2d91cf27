"""Does a differentiable search collapse to skip connections, and do the cures help?

    python benchmarks/collapse.py DATA [--variants plain pc fair minus gdas] [--epochs 60]
                                  [--operations skip_connect sep_conv_3x3]
                                  [--train-rows 1000] [--shrink 2] [--seeds 3]
                                  [--figure FILE.svg]

Searches with every variant and seed, and counts the skip connections of the normal cell after
each epoch, out of two per node; beside it the accuracy of the mixture and of the genotype alone
on the validation rows. Every edge chooses between a skip and a separable convolution, the space
S2 of Zela et al. (ICLR 2020), in which collapse shows most clearly. Images are shrunk by
averaging. Prints as one JSON line, and draws the counts if asked to.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# One thread: which operation wins hangs on the last digits of sums, and these on the threads.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))  # a fresh clone need not be installed

import numpy as np

from cnnnas.data.images import read_images
from cnnnas.differentiable.image_darts import DartsTraining, ImageDARTS
from cnnnas.differentiable.variants import VARIANTS
from cnnnas.space.cell_space import DARTS_OPERATIONS
from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.report.figures import drawn
from mlpnas.core.task import Fold, Task

S2 = ["skip_connect", "sep_conv_3x3"]
DEFAULT = ["plain", "pc", "fair", "minus", "gdas"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="an .npz file, or as for cnnnas search")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=DEFAULT)
    parser.add_argument("--operations", nargs="+", choices=DARTS_OPERATIONS, default=S2)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--train-rows", type=int, default=1000)
    parser.add_argument("--shrink", type=int, default=2, help="side of the blocks averaged")
    parser.add_argument("--channels", type=int, default=4)
    parser.add_argument("--cells", type=int, default=12)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--alpha-rate", type=float, default=0.02)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    begin = time.perf_counter()
    found = {v: [searched(args, v, seed) for seed in range(args.seeds)] for v in args.variants}
    record = {"benchmark": "collapse", **vars(args), "figure": None, **found}
    print(json.dumps(record | {"seconds": round(time.perf_counter() - begin, 1)}))
    if args.figure:
        args.figure.write_text(picture(found, 2 * args.nodes))


def searched(args: argparse.Namespace, variant: Any, seed: int) -> dict[str, list]:
    """One search, epoch by epoch."""
    task = shrunk(read_images(args.data, args.train_rows, seed).task, args.shrink)
    training = DartsTraining(
        args.epochs, args.batch, high=args.rate, alpha_rate=args.alpha_rate
    )
    relaxed = replace(VARIANTS[variant], operations=tuple(args.operations))
    mixture = ImageDARTS(
        task, relaxed, training,
        nodes=args.nodes, channels=args.channels, number=args.cells, seed=seed,
    )  # fmt: skip
    space = mixture.space
    told: dict[str, list] = {"skips": [], "mixture": [], "genotype": []}
    search = GradientSearch(mixture, args.epochs)
    for epoch in search.run():
        [alone] = search.validate([epoch.architecture])
        told["skips"].append(space.cells(epoch.architecture)["normal"].skips)
        told["mixture"].append(round(epoch.mixed, 4))
        told["genotype"].append(round(alone, 4))
        print(variant, seed, epoch.number, *(v[-1] for v in told.values()), file=sys.stderr)
    return told


def shrunk(task: Task, by: int) -> Task:
    """Images that are means of blocks of `by` times `by` pixels."""

    def smaller(fold: Fold) -> Fold:
        rows, height, width, channels = fold.x.shape
        blocks = fold.x.reshape(rows, height // by, by, width // by, by, channels)
        return replace(fold, x=blocks.mean(axis=(2, 4)))

    train, valid, test = map(smaller, (task.train, task.valid, task.test))
    return replace(task, train=train, valid=valid, test=test)


def picture(found: dict[str, list[dict]], most: int) -> str:
    """Skips of the normal cell by epoch, of `most`: the mean of the seeds, and each of them."""

    def draw(figure: Any, axes: Any) -> None:
        for number, (variant, runs) in enumerate(found.items()):
            counts = np.array([run["skips"] for run in runs])
            for row in counts:
                axes.plot(row, color=f"C{number}", alpha=0.3, lw=0.8)
            axes.plot(counts.mean(axis=0), color=f"C{number}", lw=2, label=variant)
        label = f"skip connections of {most}"
        axes.set(xlabel="epoch", ylabel=label, ylim=(-0.2, most + 0.2))
        axes.legend(
            frameon=False, ncols=len(found), loc="lower center", bbox_to_anchor=(0.5, 1)
        )

    return drawn(draw)


if __name__ == "__main__":
    main()
