"""Strategies on a real table: better than the exact random curve, by a margin worked out."""

from functools import partial

import numpy as np
import pytest

from mlpnas.core.evaluator.tabular import TabularEvaluator
from mlpnas.core.search import search
from mlpnas.core.strategies.bayesian import BayesianOptimization
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.lanas.lanas import LaNAS, Tree
from mlpnas.core.strategies.local_search import LocalSearch
from mlpnas.core.strategies.mcts import MCTS
from mlpnas.core.strategies.surrogates import TreeEnsemble
from mlpnas.core.strategies.tpe import TPE
from mlpnas.core.trial import History
from mlpnas.nasbench.macro import load_macro
from mlpnas.nasbench.nasbench201 import load_nasbench201

QUICK = {"evolution": RegularizedEvolution, "local search": LocalSearch, "lanas": LaNAS}
LEARNERS = {
    **QUICK,
    "gaussian process": BayesianOptimization,
    "tree ensemble": lambda space, seed: BayesianOptimization(space, seed, TreeEnsemble()),
    "tpe": TPE,
    "tree search": MCTS,
    "evolution, not ageing": partial(RegularizedEvolution, ageing=False),
    "local search, best": partial(LocalSearch, move="best"),
}


@pytest.fixture
def macro(shared_data):
    return load_macro(shared_data("bench/nasbench_macro.csv.gz"))


def regret(table, strategy, trials, per_round=10):
    """Of the best trial, in accuracy points."""
    history = search(strategy, TabularEvaluator(table), History(), trials, per_round)
    return 100 * (table.optimum - history.best().score)


def regrets(table, strategy, trials):
    """Of the best after these numbers of trials, one a round, in accuracy points."""
    history = search(strategy, TabularEvaluator(table), History(), max(trials), per_round=1)
    best = np.maximum.accumulate([trial.score for trial in history.trials])
    return 100 * (table.optimum - best[np.array(trials) - 1])


def mean_and_error(values):
    return np.mean(values, axis=0), np.std(values, axis=0, ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize("make", QUICK.values(), ids=QUICK)
def test_200_trials_beat_random_search(macro, make):
    # Random search: 0.184 points of regret on average. The strategies' standard deviation
    # over seeds is below 0.06, so the mean of 12 runs has one below 0.018; 0.08 is at least
    # three of them above the worst mean, 0.02, and six below random.
    regrets = [regret(macro, make(macro.space, seed), 200) for seed in range(12)]
    assert np.mean(regrets) < 0.08 < 100 * macro.random_regret([200])[0]


@pytest.mark.slow
@pytest.mark.parametrize("make", LEARNERS.values(), ids=LEARNERS)
def test_200_trials_beat_random_search_over_100_seeds(macro, make):
    mean, error = mean_and_error(
        [regret(macro, make(macro.space, seed), 200) for seed in range(100)]
    )
    # One-sided, z = 3: a strategy no better than random would pass once in 740 times.
    assert mean + 3 * error < 100 * macro.random_regret([200])[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tree", "expected"),
    # Regret in points after 100, 200, 300 and 500 trials of the same algorithm in another
    # implementation, 60 seeds, 50 random trials at first, 20 from phase to phase.
    [
        (Tree(5, 0.5, scaled=False), (0.256, 0.153, 0.101, 0.037)),
        (Tree(5, 0.5), (0.177, 0.045, 0.010, 0.001)),
        (Tree(5, 0.1, scaled=False), (0.207, 0.071, 0.008, 0.0)),
        (Tree(5, 0.05, scaled=False), (0.171, 0.033, 0.0, 0.0)),
        (Tree(3, 0.05, scaled=False), (0.191, 0.072, 0.018, 0.0)),
        (Tree(5, 0.0, scaled=False), (0.061, 0.0, 0.0, 0.0)),
        (Tree(5, 0.1, scaled=False, by_score=True), (0.203, 0.077, 0.023, 0.0)),
    ],
    ids=str,
)
def test_lanas_reference_figures(macro, tree, expected):
    strategies = (LaNAS(macro.space, seed, 50, 20, tree=tree) for seed in range(60))
    means, errors = mean_and_error(
        [regrets(macro, strategy, (100, 200, 300, 500)) for strategy in strategies]
    )
    # The reference has an error as large as ours, hence sqrt(2); 3.5 of them in 28
    # comparisons: one false failure in 75 choices of seeds. The last digit is 0.001.
    assert (np.abs(means - expected) < 3.5 * np.sqrt(2) * errors + 0.002).all(), means


@pytest.mark.slow
def test_a_tree_learned_on_cifar10_helps_on_cifar100(shared_data):
    path = shared_data("bench/nasbench201.csv.gz")
    known, new = load_nasbench201(path), load_nasbench201(path, "cifar100")
    fresh, transferred = [], []
    for seed in range(10):
        teacher = LaNAS(known.space, seed)
        search(teacher, TabularEvaluator(known), History(), 100)
        fresh.append(regret(new, LaNAS(new.space, seed), 20))
        pupil = LaNAS(new.space, seed, transfer=teacher.partition)
        transferred.append(regret(new, pupil, 20))
    gain, error = mean_and_error(np.subtract(fresh, transferred))
    print(f"regret after 20 trials: {np.mean(fresh):.2f} and {np.mean(transferred):.2f}")
    assert gain > 3 * error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "trials", "expected"),
    # Regret in points of other implementations, 500 seeds.
    [
        (RegularizedEvolution, (20, 50, 100, 200, 500), (0.518, 0.206, 0.055, 0.01, 0.0002)),
        (
            partial(LocalSearch, starts=1),
            (20, 50, 100, 200, 500),
            (0.257, 0.058, 0.022, 0.008, 0.0003),
        ),
    ],
    ids=["evolution", "local search"],
)
def test_reference_figures_of_evolution_and_local_search(macro, make, trials, expected):
    means, errors = mean_and_error(
        [regrets(macro, make(macro.space, seed), trials) for seed in range(100)]
    )
    # Not worse, by three of our errors; theirs evaluated repeats too, ours has none.
    assert (means < expected + 3 * errors + 0.0005).all(), (means, errors)


@pytest.mark.slow
def test_samples_to_the_optimum_of_nasbench201(shared_data):
    table = load_nasbench201(shared_data("bench/nasbench201.csv.gz"))

    def samples(strategy):
        history = History()
        search(
            strategy,
            TabularEvaluator(table),
            history,
            trials=3000,  # a run that takes longer counts as 3,000
            per_round=1,
            should_stop=lambda upcoming: (
                bool(history.trials) and history.trials[-1].score == table.optimum
            ),
        )
        return len(history)

    lanas, evolution = (
        mean_and_error([samples(make(table.space, seed)) for seed in range(25)])
        for make in (LaNAS, RegularizedEvolution)
    )
    # Random search needs (N + 1) / 2 = 7,813 trials on average.
    assert lanas[0] + 3 * lanas[1] < 7813 / 5
    assert lanas[0] < evolution[0] + 3 * np.hypot(lanas[1], evolution[1])
