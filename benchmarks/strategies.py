"""How fast does each strategy find good architectures? Measured on published tables.

Every strategy searches the same table with many seeds; nothing is trained. Reported are the
regret (best value of the table less the best found, in the table's search metric) against
the number of trials and against simulated seconds, mean and quartiles over the runs; and how
many trials it takes to find the best architecture, and one of the best 0.1%. Random search
stands there twice, measured and as its exact expectation.

    python benchmarks/strategies.py --bench nasbench201-cifar10 --runs 100
    python benchmarks/strategies.py --bench nasbench-macro --only lanas evolution
    python benchmarks/strategies.py --bench mlp-digits --trials 300
    python benchmarks/strategies.py --overhead

Prints one JSON line, and writes a figure beside it with --figure. But for `mlp-digits` and
`mlp-wine` the tables are not part of the project; --data names their folder. The controller
needs seconds to compile for each run, so it takes part where --only names it.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mlpnas.core.runtime import start_tensorflow

start_tensorflow()  # before the modules that import it, or it would talk

# ruff: noqa: E402
from mlpnas.core.errors import InputError
from mlpnas.core.ppo import PPOLearner
from mlpnas.core.search import search
from mlpnas.core.search_space import SearchSpace
from mlpnas.core.strategies.bayesian import BayesianOptimization
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.lanas import LaNAS
from mlpnas.core.strategies.local_search import LocalSearch
from mlpnas.core.strategies.mcts import MCTS
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.strategies.reinforce import ReinforceStrategy
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.core.strategies.surrogates import TreeEnsemble
from mlpnas.core.strategies.tpe import TPE
from mlpnas.core.tabular import Table, TabularEvaluator
from mlpnas.core.trial import History
from mlpnas.nasbench.fcnet import load_fcnet
from mlpnas.nasbench.graph import load_graph
from mlpnas.nasbench.macro import load_macro
from mlpnas.nasbench.mlp import load_mlp
from mlpnas.nasbench.nasbench201 import load_nasbench201
from mlpnas.nasbench.spikenas import load_spikenas

DATA = Path(__file__).parents[2] / "shared" / "data" / "bench"

STRATEGIES: dict[str, Callable[[SearchSpace, int], Strategy]] = {
    "random": partial(RandomStrategy, uniform_over="architectures"),
    "evolution": RegularizedEvolution,
    "local search": LocalSearch,
    "lanas": LaNAS,
    "gaussian process": BayesianOptimization,
    "tpe": TPE,
    "tree search": MCTS,
    "tree ensemble": lambda space, seed: BayesianOptimization(space, seed, TreeEnsemble()),
    "reinforce": ReinforceStrategy,
    "plain reinforce": partial(ReinforceStrategy, predictor=None),
    "ppo": partial(ReinforceStrategy, learner=PPOLearner),
}
QUICK = [name for name in STRATEGIES if "reinforce" not in name and name != "ppo"]


def load(bench: str, data: Path) -> Table:
    """The table of that name."""
    dataset: Any  # the loaders say which they know
    family, _, dataset = bench.rpartition("-")
    if family == "nasbench201":
        return load_nasbench201(data / "nasbench201.csv.gz", dataset)
    if family == "fcnet":
        return load_fcnet(data / "fcnet.npz", dataset)
    if family == "mlp":
        return load_mlp(dataset)
    if bench == "spikenas-cifar10":
        return load_spikenas(data / "spikenas_cifar10.npz")
    if bench == "nasbench-macro":
        return load_macro(data / "nasbench_macro.csv.gz")
    if family == "nasbench-graph":
        suffix = "_proteins" if dataset == "proteins" else ""
        return load_graph(data / f"nasbench_graph{suffix}.csv.gz", dataset)
    raise InputError(
        f"there is no benchmark {bench!r}; expected nasbench201-cifar10 (-cifar100, "
        "-imagenet16), nasbench-macro, nasbench-graph-cora (and the other graphs), "
        "fcnet-protein_structure (and the other tasks), spikenas-cifar10, mlp-digits "
        "or mlp-wine"
    )


def run(table: Table, strategy: Strategy, trials: int, per_round: int) -> dict[str, Any]:
    """One search: regret and simulated seconds after each trial, and what it took."""
    started = time.perf_counter()
    history = search(strategy, TabularEvaluator(table), History(), trials, per_round)
    took = time.perf_counter() - started
    scores = [-np.inf if t.score is None else t.score for t in history.trials]
    best = np.maximum.accumulate(scores)
    top = table.ranked[max(1, len(table.ranked) // 1000) - 1]
    return {
        "regret": table.optimum - best,
        "seconds": np.cumsum([t.seconds for t in history.trials]),
        "to_best": _first(best >= table.optimum),
        "to_top": _first(best >= top),
        "reported": TabularEvaluator(table).reported(history.trials),
        "ms_per_trial": 1000 * took / len(history),
    }


def _first(reached: np.ndarray) -> float:
    """The number of the first trial that got there; infinite if none did."""
    return float(np.argmax(reached)) + 1 if reached.any() else np.inf


def summary(runs: list[dict[str, Any]], trials: int, at: list[int]) -> dict[str, Any]:
    """Mean and quartiles over the runs of one strategy; JSON-able."""
    regret = np.array([r["regret"] for r in runs])
    figures: dict[str, Any] = {
        "regret_mean": _at(regret.mean(axis=0), at),
        "regret_error": _at(regret.std(axis=0) / np.sqrt(len(runs)), at),
        "regret_quartile_1": _at(np.quantile(regret, 0.25, axis=0), at),
        "regret_quartile_3": _at(np.quantile(regret, 0.75, axis=0), at),
        "reported_mean": float(np.mean([r["reported"] for r in runs])),
        "ms_per_trial": round(float(np.mean([r["ms_per_trial"] for r in runs])), 2),
    }
    for goal in ("to_best", "to_top"):
        needed = np.array([r[goal] for r in runs])
        quartiles = np.quantile(needed, [0.25, 0.5, 0.75], method="higher")
        figures[goal] = {
            "reached": float(np.isfinite(needed).mean()),
            # Runs that did not get there count as if the next trial would have: a lower bound.
            "mean_at_least": float(np.minimum(needed, trials + 1).mean()),
            "quartiles": [float(q) if np.isfinite(q) else None for q in quartiles],
        }
    return figures


def _at(curve: np.ndarray, at: list[int]) -> dict[str, float]:
    return {str(n): float(f"{curve[n - 1]:.4g}") for n in at}


def compare(table: Table, names: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """All runs of all strategies; the progress goes to standard error."""
    curves: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        curves[name] = [
            run(table, STRATEGIES[name](table.space, seed), options.trials, options.per_round)
            for seed in range(options.runs)
        ]
        print(f"{name}: {summary(curves[name], options.trials, options.at)}", file=sys.stderr)
    if options.figure:
        draw(table, curves, options.trials, options.figure)
    count = len(table.ranked)
    return {
        "bench": table.name,
        "metric": table.metric,
        "reported_metric": table.reported_metric,
        "architectures": count,
        "optimum": table.optimum,
        "runs": options.runs,
        "trials": options.trials,
        "per_round": options.per_round,
        "random_exact": {
            "regret_mean": _at(table.random_regret(range(1, options.trials + 1)), options.at),
            "to_best_mean": (count + 1) / 2,
            "to_top_mean": (count + 1) / (max(1, count // 1000) + 1),
        },
        "strategies": {n: summary(r, options.trials, options.at) for n, r in curves.items()},
    }


def draw(table: Table, curves: dict[str, list], trials: int, path: Path) -> None:
    """Mean regret with quartiles, against trials and (where known) simulated seconds."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    timed = any(run["seconds"][-1] > 0 for runs in curves.values() for run in runs)
    figure, axes = plt.subplots(1, 1 + timed, figsize=(6 * (1 + timed), 4.5), squeeze=False)
    counts = np.arange(1, trials + 1)
    axes[0, 0].plot(counts, table.random_regret(counts), "k:", label="random, exact")
    for name, runs in curves.items():
        _band(axes[0, 0], counts, np.array([r["regret"] for r in runs]), name)
        if timed:
            times = np.geomspace(
                max(r["seconds"][0] for r in runs), min(r["seconds"][-1] for r in runs), 200
            )
            _band(axes[0, 1], times, np.array([_until(r, times) for r in runs]), name)
    for axis, label in zip(axes[0], ("trials", "simulated seconds"), strict=False):
        axis.set(xscale="log", yscale="log", xlabel=label, ylabel=f"regret in {table.metric}")
        axis.legend(fontsize=8)
    figure.suptitle(f"{table.name}: mean and quartiles of {len(runs)} runs")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def _band(axis: Any, x: np.ndarray, regret: np.ndarray, name: str) -> None:
    floor = 1e-5  # zero has no place on a logarithmic axis
    (line,) = axis.plot(x, np.maximum(regret.mean(axis=0), floor), label=name)
    low, high = np.quantile(regret, [0.25, 0.75], axis=0)
    bounds = (np.maximum(low, floor), np.maximum(high, floor))
    axis.fill_between(x, *bounds, color=line.get_color(), alpha=0.15)


def _until(run: dict[str, Any], times: np.ndarray) -> np.ndarray:
    """Regret of the trials that were finished by each of the times."""
    finished = np.searchsorted(run["seconds"], times, side="right")
    return run["regret"][np.maximum(finished, 1) - 1]


def overhead(names: list[str], trials: tuple[int, ...], per_round: int) -> dict[str, Any]:
    """Milliseconds that ask and tell take per trial, over the last 10 rounds and on average.

    In the space of NAS-Bench-201, with made-up scores.
    """
    from mlpnas.core.tabular import Entry
    from mlpnas.nasbench.nasbench201 import NASBench201Space

    space, rng = NASBench201Space(), np.random.default_rng(0)
    effects = rng.normal(0, 0.03, (6, 5))
    entries = {
        a.tokens: Entry(float(0.8 + effects[range(6), list(a.tokens)].sum()), 0.0)
        for a in space
    }
    table = Table("additive", space, entries, "score", "score")
    figures: dict[str, Any] = {}
    for name in names:
        strategy, clock = STRATEGIES[name](space, 0), [time.perf_counter()]
        search(
            strategy,
            TabularEvaluator(table),
            History(),
            max(trials),
            per_round,
            checkpoint=partial(_stamp, clock),
        )
        ms = 1000 * np.diff(clock) / per_round
        figures[name] = {
            str(n): {
                "mean": round(float(ms[: n // per_round].mean()), 2),
                "last": round(float(ms[n // per_round - 10 : n // per_round].mean()), 2),
            }
            for n in trials
        }
        print(f"{name}: {figures[name]}", file=sys.stderr)
    return {"overhead_ms_per_trial": figures, "space": space.name, "per_round": per_round}


def _stamp(clock: list[float]) -> None:
    clock.append(time.perf_counter())


def main() -> None:
    parser = argparse.ArgumentParser(description="Strategies on published tables.")
    parser.add_argument("--bench", default="nasbench201-cifar10")
    parser.add_argument("--runs", type=int, default=100, help="searches per strategy")
    parser.add_argument("--trials", type=int, default=500, help="trials per search")
    parser.add_argument("--per-round", type=int, default=10)
    parser.add_argument("--only", nargs="+", choices=STRATEGIES, default=QUICK)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the tables")
    parser.add_argument("--figure", type=Path, help="where to draw the curves, a .png")
    parser.add_argument("--overhead", action="store_true", help="time the strategies alone")
    options = parser.parse_args()
    options.at = [n for n in (10, 20, 50, 100, 200, 500, 1000, 2000) if n <= options.trials]
    try:
        if options.overhead:
            print(json.dumps(overhead(options.only, (1000, 5000), options.per_round)))
        else:
            table = load(options.bench, options.data)
            print(json.dumps(compare(table, options.only, options)))
    except InputError as error:
        sys.exit(f"strategies.py: {error}")


if __name__ == "__main__":
    main()
