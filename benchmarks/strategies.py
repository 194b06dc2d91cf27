"""How fast does each strategy find good architectures? Measured on published tables.

Every strategy searches the same table with many seeds; nothing is trained. Reported are the
regret (best value of the table less that of the incumbent, the trial which the search metric
prefers) against the number of trials and against simulated seconds, mean and quartiles over
the runs; and how many trials it takes to find the best architecture, and one of the best
0.1%. Random search stands there twice, measured and as its exact expectation.

    python benchmarks/strategies.py --bench nasbench201-cifar10 --runs 100
    python benchmarks/strategies.py --bench nasbench-macro --only lanas evolution
    python benchmarks/strategies.py --bench mlp-digits --trials 300
    python benchmarks/strategies.py --bench mlp-wine-early --trials 100
    python benchmarks/strategies.py --overhead

Prints one JSON line, and writes a figure beside it with --figure. What may be searched says
`problems.py`; architectures that are in no table are not counted as trials. But for our own
the tables are not part of the project; --data names their folder.

Some strategies take part only where --only names them: the controller's need seconds to
compile for each run; progressive search needs a space with small and large architectures;
Q-learning plans for 100 trials; BANANAS is the tree ensemble where a space tells no paths.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import problems
import regret

from mlpnas.core.runtime.start import start_tensorflow

start_tensorflow()  # before the modules that import it, or it would talk

# ruff: noqa: E402
from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.evaluator import Evaluator
from mlpnas.core.evaluator.tabular import Table, TabularEvaluator
from mlpnas.core.search import search
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.bayesian import BayesianOptimization
from mlpnas.core.strategies.controller.ppo import PPOLearner
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.lanas.lanas import LaNAS
from mlpnas.core.strategies.local_search import LocalSearch
from mlpnas.core.strategies.mcts import MCTS
from mlpnas.core.strategies.progressive import ProgressiveSearch
from mlpnas.core.strategies.q_learning import QLearning
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.strategies.surrogates import TreeEnsemble
from mlpnas.core.strategies.tpe import TPE
from mlpnas.core.trial import Evaluation, History, Trial
from mlpnas.nasbench.nasbench201 import NASBench201Space
from mlpnas.space import MLPSpace

DATA = Path(__file__).parents[2] / "shared" / "data" / "bench"

QUICK: dict[str, Callable[[SearchSpace, int], Strategy]] = {
    "random": partial(RandomStrategy, uniform_over="architectures"),
    "evolution": RegularizedEvolution,
    "local search": LocalSearch,
    "lanas": LaNAS,
    "gaussian process": BayesianOptimization,
    "tpe": TPE,
    "tree search": MCTS,
    "tree ensemble": lambda space, seed: BayesianOptimization(space, seed, TreeEnsemble()),
}
STRATEGIES: dict[str, Callable[[SearchSpace, int], Strategy]] = {
    **QUICK,
    "bananas": lambda space, seed: BayesianOptimization(
        space, seed, TreeEnsemble(), encode=space.paths
    ),
    "q-learning": QLearning,
    "progressive": ProgressiveSearch,
    "reinforce": ReinforceStrategy,
    "plain reinforce": partial(ReinforceStrategy, predictor=None),
    "ppo": partial(ReinforceStrategy, learner=PPOLearner),
}


def run(
    table: Table, judge: Table, strategy: Strategy, trials: int, per_round: int
) -> regret.Outcome:
    """One search of `table`, whose incumbents `judge` has the value of."""
    counted: list[Trial] = []  # those that the table knows, successful or not

    def count(trial: Trial) -> None:
        if trial.ok or trial.seconds:
            counted.append(trial)

    def enough(upcoming: Architecture | None) -> bool:
        return len(counted) >= trials

    started, evaluator = time.perf_counter(), TabularEvaluator(table)
    history = search(strategy, evaluator, History(), sys.maxsize, per_round, count, enough)
    took = time.perf_counter() - started
    values = regret.incumbents(counted, judge)
    top = judge.ranked[max(1, len(judge.ranked) // 1000) - 1]
    return {
        "regret": judge.optimum - values,
        "seconds": np.cumsum([trial.seconds for trial in counted]),
        "to_best": _first(values >= judge.optimum),
        "to_top": _first(values >= top),
        "reported": evaluator.reported(counted),
        "ms_per_trial": 1000 * took / len(history),
    }


def _first(reached: np.ndarray) -> float:
    """The number of the first trial that got there; infinite if none did."""
    return float(np.argmax(reached)) + 1 if reached.any() else np.inf


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """All runs of all strategies; the progress goes to standard error."""
    steering, judge = problems.load(options.bench, options.data)
    table = steering(0)
    trials = min(options.trials, len(judge.ranked))
    at = [n for n in (10, 20, 50, 100, 200, 500, 1000, 2000) if n <= trials]
    curves: dict[str, list[regret.Outcome]] = {}
    for name in options.only:
        curves[name] = [
            run(
                steering(seed),
                judge,
                STRATEGIES[name](table.space, seed),
                trials,
                options.per_round,
            )
            for seed in range(options.runs)
        ]
        print(f"{name}: {regret.summary(curves[name], at, np.zeros(0))}", file=sys.stderr)
    if options.figure:
        exact = table.random_regret(range(1, trials + 1)) if table is judge else np.zeros(0)
        regret.draw(curves, exact, judge.metric, options.figure)
    times = regret.times_of(curves, 8)
    return {
        "bench": options.bench,
        "metric": judge.metric,
        "steered_by": table.metric,
        "reported_metric": table.reported_metric,
        "architectures": len(judge.ranked),
        "optimum": judge.optimum,
        "runs": options.runs,
        "trials": trials,
        "per_round": options.per_round,
        "random_exact": random_exact(judge, at) if table is judge else None,
        "strategies": {name: regret.summary(runs, at, times) for name, runs in curves.items()},
    }


def random_exact(table: Table, at: list[int]) -> dict[str, Any]:
    """Expectations of uniform draws from what the table has scores of.

    The measured random search draws walks; where cells have several drawings (nasbench101,
    ecnas) it meets some of them more often than others.
    """
    count = len(table.ranked)
    return {
        "regret_mean": regret.rounded(at, table.random_regret(at)),
        "to_best_mean": (count + 1) / 2,
        "to_top_mean": (count + 1) / (max(1, count // 1000) + 1),
    }


class MadeUp(Evaluator):
    """Scores that are sums of random effects of the options, for any space."""

    def __init__(self, space: SearchSpace):
        self._space, rng = space, np.random.default_rng(0)
        self._effects = rng.normal(0, 0.03, sum(len(d.options) for d in space.decisions))

    def evaluate(
        self, architectures: Sequence[Architecture], first_id: int
    ) -> Iterator[Evaluation]:
        for architecture in architectures:
            features = SearchSpace.features(self._space, architecture)  # one-hot
            yield Evaluation(architecture, 0.8 + float(features @ self._effects))


def overhead(names: list[str], trials: Sequence[int], per_round: int) -> dict[str, Any]:
    """Milliseconds that ask and tell take per trial, over the last 10 rounds and on average.

    In the space of NAS-Bench-201, and on chains for the strategies that are made for them.
    """
    figures: dict[str, Any] = {}
    for name in names:
        chains = name in ("progressive", "q-learning")
        space = MLPSpace((3, "softmax")) if chains else NASBench201Space()
        ms = _timed(STRATEGIES[name](space, 0), max(trials), per_round)
        figures[name] = {
            str(n): {
                "mean": round(float(ms[: n // per_round].mean()), 2),
                "last": round(float(ms[: n // per_round][-10:].mean()), 2),
            }
            for n in trials
        }
        figures[name]["space"] = "mlp" if chains else space.name
        print(f"{name}: {figures[name]}", file=sys.stderr)
    return {"overhead_ms_per_trial": figures, "per_round": per_round}


def _timed(strategy: Strategy, trials: int, per_round: int) -> np.ndarray:
    """Milliseconds per trial of each round."""
    clock = [time.perf_counter()]

    def stamp() -> None:
        clock.append(time.perf_counter())

    evaluator = MadeUp(strategy.space)
    search(strategy, evaluator, History(), trials, per_round, checkpoint=stamp)
    return 1000 * np.diff(clock) / per_round


def main() -> None:
    parser = argparse.ArgumentParser(description="Strategies on published tables.")
    parser.add_argument("--bench", default="nasbench201-cifar10", help=problems.NAMES)
    parser.add_argument("--runs", type=int, default=100, help="searches per strategy")
    parser.add_argument(
        "--trials", type=int, default=500, help="per search, at most as many as the table has"
    )
    parser.add_argument("--per-round", type=int, default=10)
    parser.add_argument("--only", nargs="+", choices=STRATEGIES, default=list(QUICK))
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the tables")
    parser.add_argument("--figure", type=Path, help="where to draw the curves, a .png")
    parser.add_argument(
        "--overhead",
        nargs="*",
        type=int,
        metavar="N",
        help="time the strategies alone, over N trials (default 1000 5000)",
    )
    options = parser.parse_args()
    try:
        if options.overhead is not None:
            trials = options.overhead or (1000, 5000)
            print(json.dumps(overhead(options.only, trials, options.per_round)))
        else:
            print(json.dumps(compare(options)))
    except InputError as error:
        sys.exit(f"strategies.py: {error}")


if __name__ == "__main__":
    main()
