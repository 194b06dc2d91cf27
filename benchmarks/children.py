"""Seconds per child: ours against Keras, scikit-learn and KerasTuner, interleaved.

    python benchmarks/children.py [--data wine|mnist] [--children 40] [--repeats 3]

Children are walks through the reference vocabulary with every open layer equally likely:
nearly all have seven to nine hidden layers. Batch 32, 10 epochs on wine-quality and 2 on
MNIST, no early stopping. Each method runs in a fresh process per repeat, one after another;
its time begins after its imports and includes all that follows: tracing, compiling,
validation, and starting the worker processes where there are any.

* keras: `compile` and `fit` with validation data, one child after another.
* sklearn: `MLPClassifier`, the same widths. Its activation is one for all layers: the child's
  most frequent (sigmoid is called logistic, elu is replaced by relu). No dropout, and no
  validation during training.
* sklearn-search: `RandomizedSearchCV(n_jobs=2)` over the same classifiers, one split (our
  training and validation folds), no refit.
* keras-tuner: its random search over the same vocabulary, where it is installed.
* ours-1, ours-2: our trainer here, and in two worker processes.

keras, sklearn and keras-tuner are slow and get a part of the children (`--part`), spread
evenly over all of them sorted by number of parameters.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial

METHODS = ("keras", "sklearn", "sklearn-search", "keras-tuner", "ours-1", "ours-2")
IN_PART = ("keras", "sklearn", "keras-tuner")
BATCH = 32
SKLEARN = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu", "elu": "relu"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("wine", "mnist"), default="wine")
    parser.add_argument("--children", type=int, default=40)
    parser.add_argument("--part", type=int, default=8, help="children for the slow methods")
    parser.add_argument("--epochs", type=int, help="10 for wine, 2 for mnist")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing of children")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=METHODS)
    parser.add_argument("--run", choices=METHODS, help="internal: one method, here")
    args = parser.parse_args()
    args.epochs = args.epochs or {"wine": 10, "mnist": 2}[args.data]
    if args.run:
        run(args)
    else:
        compare(args)


def compare(args: argparse.Namespace) -> None:
    """Every method in turn, `repeats` times over; prints the table and one JSON line."""
    print(f"{args.data}: {args.children} children (seed {args.seed}), {args.epochs} epochs")
    seconds: dict[str, list[float]] = {method: [] for method in args.methods}
    for _ in range(args.repeats):
        for method in list(seconds):
            result = _in_fresh_process(method)
            if result is None:
                del seconds[method]
            else:
                seconds[method].append(result)
    if not seconds:
        sys.exit(1)
    ratios = _ratios(seconds)
    _print_table(seconds, ratios)
    record = {"benchmark": "children", **vars(args), "cores": os.cpu_count()}
    record |= {"seconds_per_child": {m: _spread(s) for m, s in seconds.items()}}
    record |= {"ratios": {name: _spread(values) for name, values in ratios.items()}}
    del record["run"], record["methods"]
    print(json.dumps(record))


def _in_fresh_process(method: str) -> float | None:
    """Seconds per child; None if the method cannot run, after saying why."""
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, *sys.argv[1:], "--run", method]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        print(f"{method}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}", flush=True)
        return None
    return float(done.stdout.strip().splitlines()[-1])


def _ratios(seconds: dict[str, list[float]]) -> dict[str, list[float]]:
    """How many times longer than ours each peer takes, per repeat."""
    return {
        f"{peer} / {own}": [a / b for a, b in zip(seconds[peer], seconds[own], strict=True)]
        for peer in seconds
        for own in ("ours-1", "ours-2")
        if own in seconds and not peer.startswith("ours")
    }


def _spread(values: list[float]) -> dict[str, float]:
    numbers = {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return {name: float(f"{value:.4g}") for name, value in numbers.items()}


def _print_table(seconds: dict, ratios: dict) -> None:
    print(f"{'seconds per child':32} {'median':>8} {'low':>8} {'high':>8}")
    for name, values in (*seconds.items(), *ratios.items()):
        median, low, high = _spread(values).values()
        print(f"{name:32} {median:8.3g} {low:8.3g} {high:8.3g}")


def run(args: argparse.Namespace) -> None:
    """One method; prints its seconds per child as last line."""
    warnings.simplefilter("ignore")  # scikit-learn on convergence, which is not asked for
    import numpy as np
    from tasks import load

    from mlpnas.generator import MLPGenerator
    from mlpnas.space import MLPSpace

    task = load(args.data)
    generator = MLPGenerator(MLPSpace(head=task.head))
    rng = np.random.default_rng(args.seed)
    children = [generator.space.sample_walk(rng) for _ in range(args.children)]
    if args.run in IN_PART:
        children = _part(children, task, generator, args.part)
    methods: dict[str, Callable[..., float]] = {
        "keras": run_keras,
        "sklearn": run_sklearn,
        "sklearn-search": run_sklearn_search,
        "keras-tuner": run_keras_tuner,
        "ours-1": partial(run_ours, workers=1),
        "ours-2": partial(run_ours, workers=2),
    }
    print(methods[args.run](task, generator, children, args.epochs) / len(children))


def _part(children, task, generator, count):
    """`count` children, evenly spread over all of them sorted by number of parameters."""
    ordered = sorted(children, key=lambda child: generator.parameters(child, task))
    count = min(count, len(ordered))
    return [ordered[int((i + 0.5) * len(ordered) / count)] for i in range(count)]


def run_ours(task, generator, children, epochs, workers):
    from mlpnas.core.executor.executors import InProcess, WorkerProcesses
    from mlpnas.core.trainer.base import Job, Recipe
    from mlpnas.trainer.mlp_trainer import MLPTrainer

    recipe = Recipe(epochs=epochs, patience=None, batch_size=BATCH)
    factory = partial(MLPTrainer, task, generator, recipe)
    jobs = [Job(child, seed) for seed, child in enumerate(children)]
    begin = time.perf_counter()
    with InProcess(factory) if workers == 1 else WorkerProcesses(factory, workers) as executor:
        outcomes = list(executor.run(jobs))
        seconds = time.perf_counter() - begin
    assert all(outcome.reason is None for outcome in outcomes)
    return seconds


def run_keras(task, generator, children, epochs):
    import keras

    begin = time.perf_counter()
    for seed, child in enumerate(children):
        model = generator.build(child, task, seed)
        model.compile(keras.optimizers.Adam(1e-3), task.loss, metrics=["accuracy"])
        _fit(model, task, epochs)
    return time.perf_counter() - begin


def _fit(model, task, epochs):
    valid = task.valid.x, task.valid.y
    x, y = task.train.x, task.train.y
    model.fit(x, y, batch_size=BATCH, epochs=epochs, validation_data=valid, verbose=0)


def _classifiers(generator, children, epochs):
    """Candidates for scikit-learn's classifier, and the classifier."""
    from sklearn.neural_network import MLPClassifier

    from mlpnas.layers import Dense

    candidates = []
    for child in children:
        layers = [layer for layer in generator.space.hidden(child) if isinstance(layer, Dense)]
        most = Counter(layer.activation for layer in layers).most_common(1)[0][0]
        widths = tuple(layer.width for layer in layers)
        candidates.append({"hidden_layer_sizes": widths, "activation": SKLEARN[most]})
    # Its tolerance would end training early.
    settings = {"max_iter": epochs, "n_iter_no_change": epochs + 1, "random_state": 0}
    return candidates, MLPClassifier(batch_size=BATCH, **settings)


def run_sklearn(task, generator, children, epochs):
    candidates, classifier = _classifiers(generator, children, epochs)
    begin = time.perf_counter()
    for candidate in candidates:
        model = classifier.set_params(**candidate).fit(task.train.x, task.train.y)
        model.score(task.valid.x, task.valid.y)
    return time.perf_counter() - begin


def run_sklearn_search(task, generator, children, epochs):
    import numpy as np
    from sklearn.model_selection import PredefinedSplit, RandomizedSearchCV

    candidates, classifier = _classifiers(generator, children, epochs)
    grid = [{name: [value] for name, value in each.items()} for each in candidates]
    x = np.concatenate([task.train.x, task.valid.x])
    y = np.concatenate([task.train.y, task.valid.y])
    split = PredefinedSplit(np.repeat([-1, 0], [len(task.train), len(task.valid)]))
    begin = time.perf_counter()
    RandomizedSearchCV(
        classifier, grid, n_iter=len(grid), n_jobs=2, cv=split, refit=False, random_state=0
    ).fit(x, y)
    return time.perf_counter() - begin


def run_keras_tuner(task, generator, children, epochs):
    """Not the same children, but as many, drawn as they are from the same vocabulary."""
    tuner = make_tuner(task, generator, len(children))
    begin = time.perf_counter()
    run_search(tuner, task, epochs)
    return time.perf_counter() - begin


def run_search(tuner, task, epochs):
    x, y = task.train.x, task.train.y
    valid = task.valid.x, task.valid.y
    tuner.search(x, y, batch_size=BATCH, epochs=epochs, validation_data=valid, verbose=0)
    # A failed trial costs KerasTuner next to nothing, and would count as a fast one.
    failed = [t for t in tuner.oracle.trials.values() if t.status != "COMPLETED"]
    if failed:
        lines = (failed[0].message or "unknown reason").strip().splitlines()
        sys.exit(f"skipped: {len(failed)} trials of KerasTuner failed: {lines[-1]}")


def make_tuner(task, generator, trials, seed=0):
    """KerasTuner's random search over the reference vocabulary."""
    try:
        import keras_tuner
    except ImportError:
        sys.exit("skipped: keras_tuner is not installed; pip install 'mlpnas[benchmarks]'")
    import keras

    logging.disable()
    space = generator.space

    def build(hp):
        tokens: list[int] = []
        while open_ids := space.legal(tuple(tokens)):
            tokens.append(hp.Choice(f"layer {len(tokens)}", list(open_ids)))
        model = generator.build(space.architecture(tokens), task)
        model.compile(keras.optimizers.Adam(1e-3), task.loss, metrics=["accuracy"])
        return model

    return keras_tuner.RandomSearch(
        build, "val_accuracy", max_trials=trials, seed=seed, directory=tempfile.mkdtemp()
    )


if __name__ == "__main__":
    main()
