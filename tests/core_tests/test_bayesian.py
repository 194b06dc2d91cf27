"""Bayesian optimisation: the acquisition by hand, and surrogates that know what they do not."""

import sys

import numpy as np
import pytest
from fakes import trials_of

from mlpnas.core.errors import InputError
from mlpnas.core.strategies.bayesian import BayesianOptimization
from mlpnas.core.strategies.surrogates import (
    GaussianProcess,
    TreeEnsemble,
    capped,
    expected_improvement,
)
from mlpnas.core.strategies.tpe import TPE
from mlpnas.nasbench.macro import NASBenchMacroSpace
from mlpnas.nasbench.nasbench201 import NASBench201Space

SPACE = NASBenchMacroSpace()


def additive(architecture):
    return sum(architecture.tokens) / 16


def test_expected_improvement_by_hand():
    # At the best so far, z = 0: s phi(0) = 2 * 0.398942. Certain and 0.5 above: 0.5; certain
    # and below: 0. One deviation below, s = 1: -Phi(-1) + phi(-1) = -0.158655 + 0.241971.
    mean, deviation = np.array([1.0, 1.5, 0.5, 0.0]), np.array([2.0, 0.0, 0.0, 1.0])
    np.testing.assert_allclose(
        expected_improvement(mean, deviation, 1.0), [0.797885, 0.5, 0.0, 0.083315], atol=1e-6
    )


def test_a_cap_keeps_the_best_and_the_latest():
    scores = np.array([9.0, 1, 2, 8, 3, 4, 5])
    # The best two of four are rows 0 and 3; the latest two of the others are 5 and 6.
    assert capped(scores, 4).tolist() == [0, 3, 5, 6]
    assert capped(scores, 7).tolist() == list(range(7))


@pytest.mark.parametrize("surrogate", [GaussianProcess(), TreeEnsemble()])
def test_a_surrogate_learns_an_additive_score(surrogate):
    rng = np.random.default_rng(0)
    chains = [SPACE.sample_architecture(rng) for _ in range(160)]
    x, y = np.array([SPACE.features(a) for a in chains]), np.array(list(map(additive, chains)))
    _, expected = surrogate.acquire(x[:80], y[:80], x[80:], seed=0)
    # A correlation of 0.5 on 80 new chains has probability below 1e-6 for a blind one.
    assert np.corrcoef(expected, y[80:])[0, 1] > 0.5


def test_a_gaussian_process_is_curious_where_it_does_not_know():
    # Equal scores at 0 and 1: what is far away may be better, what lies between hardly.
    known, scores = np.array([[0.0], [0.1], [1.0]]), np.array([0.5, 0.5, 0.5001])
    acquire, _ = GaussianProcess().acquire(known, scores, np.array([[0.05], [9.0]]), seed=0)
    assert acquire[1] > acquire[0] >= 0


def test_kernel_matrices_are_symmetric_and_positive_semidefinite(property_seed):
    rng = np.random.default_rng(property_seed)
    chains = [SPACE.sample_architecture(rng) for _ in range(60)]
    x, y = np.array([SPACE.features(a) for a in chains]), rng.normal(size=60)
    kernel = GaussianProcess()._fit(x, y).kernel_(x)
    np.testing.assert_array_equal(kernel, kernel.T)
    assert np.linalg.eigvalsh(kernel).min() > -1e-10


def test_the_trees_disagree_away_from_the_data():
    # Promises are draws around the expected score: where trees agree, they are equal to it.
    known, scores = np.array([[0.0], [0.1], [0.2], [1.0]]), np.array([0.1, 0.5, 0.3, 0.9])
    acquire, expected = TreeEnsemble().acquire(known, scores, np.array([[9.0]] * 50), seed=0)
    assert len(set(expected)) == 1
    assert np.std(acquire - expected) > 0.01


def test_thompson_sampling_draws_anew_with_every_seed_and_alike_with_equal_ones():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    one, two, again = (TreeEnsemble().acquire(x, y, x, seed)[0] for seed in (1, 2, 1))
    assert (one != two).any()
    np.testing.assert_array_equal(one, again)


@pytest.mark.parametrize("make", [BayesianOptimization, TPE])
def test_good_options_are_asked_for_more_and_more(make):
    strategy, means = make(SPACE), []
    for _ in range(8):
        asked = strategy.ask(10)
        means.append(np.mean([additive(a) for a in asked]))
        strategy.tell(trials_of(asked, additive))
    # Ten uniform draws have mean 0.5 and standard deviation 0.046: this is more than four.
    assert np.mean(means[-2:]) > 0.7


@pytest.mark.parametrize(("space", "width"), [(NASBench201Space(), 155), (SPACE, 24)])
def test_a_surrogate_may_read_paths_which_are_features_where_a_space_has_none(space, width):
    class Reader(TreeEnsemble):
        def acquire(self, known, scores, asked, seed):
            assert known.shape[1] == asked.shape[1] == width  # 8 layers, 3 options: 24
            return super().acquire(known, scores, asked, seed)

    strategy = BayesianOptimization(space, surrogate=Reader(), encode=space.paths)
    strategy.tell(trials_of(strategy.ask(10)))
    (asked,) = strategy.ask(1)
    assert strategy.predict(asked) is not None


def test_without_optuna_tpe_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"pip install 'mlpnas\[strategies\]'"):
        TPE(SPACE)
