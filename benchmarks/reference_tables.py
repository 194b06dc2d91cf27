"""The reference project's result tables, run again: their numbers and ours side by side.

    python benchmarks/reference_tables.py --table 6 [--seeds 3] [--jobs 2]
    python benchmarks/reference_tables.py --until 0.96

Their settings: 10 rounds of 10 children (table 4: 15 of 30), at most 10 epochs each, batch 32,
at most 9 hidden layers; the five best and a plain network are retrained for up to 50 epochs;
beside them scikit-learn's `MLPClassifier(alpha=0.01)`. Val is the epoch-weighted validation
accuracy of the search, Test that of the retrained winner, SK scikit-learn's test accuracy. What
differs is what was mended: inputs are scaled, the columns that tell the label are out, all
children share one validation fold, the policy's loss looks at what was drawn, and scikit-learn
sees the labels as they are.

Table 5 was about ten speakers whose recordings are not published. A stand-in takes its place,
the six speakers of the Free Spoken Digit Dataset: do not compare its columns with one another.

`--until` tells how many minutes a search at the settings of table 4 takes on MNIST until a
child reaches that validation score; the reference reports .96 there, and no time. Prints a
table, and one JSON line. Data come from ../shared/data; what is absent is skipped with a
message. A seed of the MNIST tables takes tens of minutes on two cores.

Source: Minutoli and Ciranni, the MLPNAS project: its report, tables 1 to 6.
"""

import argparse
import json
import statistics
import time
from functools import partial
from typing import NamedTuple

from tasks import DATA

from mlpnas.core.runtime.start import start_tensorflow

start_tensorflow()  # before the modules that import it, or it would talk

# ruff: noqa: E402
from mlpnas.baselines.scikit_learn import baselines, judge
from mlpnas.core.evaluator.evaluator import ChildEvaluator
from mlpnas.core.executor.executors import WorkerProcesses
from mlpnas.core.search import search
from mlpnas.core.shared_weights import SharedWeights
from mlpnas.core.strategies.controller.adversarial_predictor import Predictor
from mlpnas.core.strategies.controller.learner import ReinforceLearner
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.core.trainer.base import Recipe
from mlpnas.core.trial import History
from mlpnas.data.table import Table, read_table
from mlpnas.final.retrain import retrain
from mlpnas.generator import MLPGenerator
from mlpnas.space import MLPSpace
from mlpnas.trainer.mlp_trainer import MLPTrainer

REFIT = Recipe(epochs=50, patience=6, batch_size=64)  # theirs
DECAY = 0.1  # theirs, of the controller's learning rate 0.01


class Setting(NamedTuple):
    """One table of the reference: how it was made, and the best of its rows."""

    data: str
    one_shot: bool
    predictor: bool
    published: tuple[float, float | None, float]  # Val, Test, SK
    units: int = 128
    rounds: int = 10
    per_round: int = 10


TABLES = {
    1: Setting("mnist", False, False, (0.72, 0.72, 0.93)),
    2: Setting("mnist", False, True, (0.74, 0.86, 0.91)),
    3: Setting("mnist", True, True, (0.77, 0.84, 0.92)),
    4: Setting("mnist", True, True, (0.96, None, 0.92), rounds=15, per_round=30),
    5: Setting("speakers", True, True, (0.43, 0.47, 0.21)),
    6: Setting("wine", True, True, (0.66, 0.64, 0.69), units=512),
}
FILES = {"mnist": "mnist.npz", "speakers": "audio/fsdd_mfcc.csv", "wine": "wine_quality.csv"}


def load(data: str, seed: int) -> Table:
    """The data of a table, split by the seed."""
    read = {
        "mnist": partial(read_table, target=None),
        "speakers": partial(read_table, target="speaker", drop=("digit", "take", "duration_s")),
        "wine": partial(read_table, target="quality_label", drop=("quality",)),
    }[data]
    return read(DATA / FILES[data], seed=seed)


class Search:
    """A search at the settings of one table, with one seed."""

    def __init__(self, setting: Setting, seed: int, args: argparse.Namespace):
        self.setting, self.seed = setting, seed
        self.table = load(setting.data, seed)
        self.task = self.table.task
        self.generator = MLPGenerator(MLPSpace(self.task.head))
        self.trials = args.trials or setting.rounds * setting.per_round
        recipe = Recipe(epochs=args.epochs)
        factory = partial(MLPTrainer, self.task, self.generator, recipe)
        self.workers = WorkerProcesses(factory, args.jobs)
        self.history, self.begin = History(), time.perf_counter()

    def run(self, goal: float = 2.0) -> float:
        """Search to the end, or until a score reaches the goal; gives the minutes it took."""
        setting, seed = self.setting, self.seed
        strategy = ReinforceStrategy(
            self.generator.space,
            seed,
            units=setting.units,
            learner=partial(ReinforceLearner, decay=DECAY),
            predictor=Predictor(decay=DECAY) if setting.predictor else None,
        )
        store = SharedWeights() if setting.one_shot else None
        with self.workers as workers:
            evaluator = ChildEvaluator(self.generator, self.task, workers.run, seed, store)
            search(
                strategy, evaluator, self.history, self.trials, setting.per_round,
                should_stop=lambda upcoming: self.best() >= goal,
            )  # fmt: skip
        return (time.perf_counter() - self.begin) / 60

    def best(self) -> float:
        """The best search score so far."""
        trial = self.history.best()
        return 0.0 if trial is None or trial.score is None else trial.score

    def finish(self) -> dict[str, float]:
        """Retrain, and read the test fold."""
        finalists = self.history.leaderboard()
        winner = retrain(self.generator, self.task, finalists, self.seed, recipe=REFIT)
        ours = judge("searched", winner.model, self.table, None)
        peer = baselines(self.table, self.seed, None)[0]
        return {"val": self.best(), "test": ours.test, "sk": peer.test}


def run_table(number: int, args: argparse.Namespace) -> dict:
    """All seeds of one table; prints its rows."""
    setting, runs = TABLES[number], []
    for seed in range(args.seeds):
        one = Search(setting, seed, args)
        minutes = one.run()
        runs.append(one.finish() | {"minutes": minutes})
    ours = {name: [run[name] for run in runs] for name in runs[0]}
    theirs = dict(zip(("val", "test", "sk"), setting.published, strict=True))
    print(f"table {number}: {setting.data}, {one.trials} children, {args.seeds} seeds")
    for name, published in theirs.items():
        there = "-" if published is None else f"{published:.2f}"
        print(f"  {name:5} theirs {there:>5}   ours {_spread(ours[name])}")
    print(f"  minutes              ours {_spread(ours['minutes'])}", flush=True)
    return {"table": number, "theirs": theirs, "ours": ours}


def run_until(goal: float, args: argparse.Namespace) -> dict:
    """Minutes and trials until a score on MNIST reaches the goal, per seed."""
    runs = []
    for seed in range(args.seeds):
        one = Search(TABLES[4], seed, args)
        minutes = one.run(goal)
        reached = {"reached": one.best(), "trials": len(one.history), "minutes": minutes}
        print(f"seed {seed}: {reached}", flush=True)
        runs.append(reached)
    return {"until": goal, "runs": runs}


def _spread(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f} (one seed)"
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=int, nargs="*", choices=TABLES, default=list(TABLES))
    parser.add_argument("--until", type=float, help="only the minutes to this score on MNIST")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--trials", type=int, help="fewer than the table's, to try it out")
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    results = []
    for number in [4] if args.until else args.table:
        path = DATA / FILES[TABLES[number].data]
        if not path.exists():
            print(f"table {number}: skipped, {path} is missing; put {path.name} there")
        elif args.until:
            results.append(run_until(args.until, args))
        else:
            results.append(run_table(number, args))
    settings = {"jobs": args.jobs, "trials": args.trials, "epochs": args.epochs}
    print(json.dumps({"benchmark": "reference_tables", **settings, "results": results}))


if __name__ == "__main__":
    main()
