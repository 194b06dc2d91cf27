"""How a network on images is best trained at length: the former recipe against one cycle.

    python benchmarks/image_recipes.py [--networks plain macro micro] [--passes 4] [--seed 0]

The same network, a random one of its space, is trained on 7,000 of the 8,000 training images of
CIFAR-10 (10,000 images) for as many passes over images of full size, or what costs as much, and
scored on the other 1,000; test images are not read. `cosine` is what children are trained
by, `cycle` is `cnnnas.trainer.recipe.Cycle`, and `cycle, full size` the same without small
images. CPU seconds of the process, with one thread. The last line is JSON.
"""

import argparse
import json
import os
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from tasks import DATA

from mlpnas.core.task import Fold, Task

NETWORKS = ("plain", "macro", "micro", "darts")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS[:3])
    parser.add_argument("--passes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    from mlpnas.core.runtime.start import start_tensorflow

    start_tensorflow(threads=1)
    task, results = cifar(), []
    for network in args.networks:
        for recipe in ("cosine", "cycle", "cycle, full size"):
            results.append(measure(network, recipe, task, args))
            shown = "".join(f"  {key} {value}" for key, value in results[-1].items())
            print(shown.strip(), flush=True)
    print(json.dumps({"benchmark": "image_recipes", **vars(args), "results": results}))


def cifar() -> Task:
    """Standardised images; the last 1,000 training images validate."""
    path = DATA / "cifar10_10k.npz"
    if not path.exists():
        sys.exit(f"skipped: {path} is missing; put it there")
    data = np.load(path)
    x, y = data["x_train"].astype(np.float32), data["y_train"].ravel().astype(np.int32)
    learned = x[:-1000]
    x = (x - learned.mean((0, 1, 2))) / learned.std((0, 1, 2))
    train, valid = Fold(x[:-1000], y[:-1000]), Fold(x[-1000:], y[-1000:])
    return Task("cifar", "multiclass", train, valid, valid.take(np.arange(0)), tuple(range(10)))


def measure(network: str, recipe: str, task: Task, args: argparse.Namespace) -> dict[str, Any]:
    """Accuracy on the validation images, and what it cost."""
    from cnnnas.trainer.cycle import make_cycle_trainer
    from cnnnas.trainer.recipe import Cycle
    from cnnnas.trainer.training import make_trainer
    from mlpnas.core.trainer.base import Job, Recipe, Trainer
    from mlpnas.core.trainer.keras_trainer import set_weights

    generator, architecture = built(network, args.seed)
    trainer: Trainer
    if recipe == "cosine":
        plain = Recipe(args.passes, None, batch_size=64, learning_rate=0.05)
        trainer = make_trainer(task, generator, plain, "auto")
    else:
        scales = (1.0,) if "full" in recipe else Cycle.scales
        trainer = make_cycle_trainer(task, generator, Cycle(args.passes, scales=scales), "auto")
    begin = time.process_time()
    outcome = trainer.train(Job(architecture, args.seed))
    took = time.process_time() - begin
    model = generator.build(architecture, task, args.seed)
    set_weights(model, outcome.weights)
    accuracy = task.score(task.valid.y, model.predict(task.valid.x, verbose=0))
    return {
        "network": network, "recipe": recipe, "accuracy": round(accuracy, 4),
        "epochs": len(outcome.curve), "cpu_seconds": round(took),
    }  # fmt: skip


def built(network: str, seed: int) -> tuple[Any, Any]:
    """Generator and architecture of that network."""
    from cnnnas.baselines import PlainCNN
    from cnnnas.run.settings import Settings

    if network == "plain":
        plain = PlainCNN(26)
        return plain, plain.architecture
    strategy = "gradient" if network == "darts" else "reinforce"
    settings = Settings("", 5, 5, 1, space=network, strategy=strategy)
    space = settings.kit.space(settings)
    walk = space.sample_walk(np.random.default_rng(seed + 100))
    return settings.kit.generator(space, settings, False), walk


if __name__ == "__main__":
    main()
