"""Does the controller learn? A score that needs no training gives the answer in seconds."""

import numpy as np
import pytest
from fakes import trials_of

from cnnnas.space.zoph_space import ZophSpace
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.controller.adversarial_predictor import Predictor
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.layers import Dense
from mlpnas.space import MLPSpace

SPACE = MLPSpace((10, "softmax"))


def score(architecture: Architecture) -> float:
    """Mean over the dense layers of: half for width 64, half for relu."""
    dense = [layer for layer in SPACE.hidden(architecture) if isinstance(layer, Dense)]
    return float(np.mean([(d.width == 64) / 2 + (d.activation == "relu") / 2 for d in dense]))


def random_sampling() -> np.ndarray:
    """Scores of 1,000 walks and 1,000 uniform architectures, in rising order."""
    rng = np.random.default_rng(0)
    draws = [
        draw(rng)
        for draw in (SPACE.sample_walk, SPACE.sample_architecture)
        for _ in range(1000)
    ]
    return np.sort([score(a) for a in draws])


def mean_after_30_rounds_of_10(seed: int, **settings) -> float:
    strategy = ReinforceStrategy(SPACE, seed, trials=300, **settings)
    for _ in range(30):
        strategy.tell(trials_of(strategy.ask(10), score))
    return float(np.mean([score(a) for a in strategy.sample(200)]))


def test_random_sampling_scores_as_worked_out():
    # One width of 7 and one activation of 4: 0.5 / 7 + 0.5 / 4 = 0.196 expected. The mean of
    # 2,000 scores with a standard deviation near 0.12 is known to 0.003.
    assert random_sampling().mean() == pytest.approx(0.5 / 7 + 0.5 / 4, abs=0.015)


@pytest.mark.slow
def test_reinforce_beats_the_best_decile_of_random_sampling():
    # Stricter than beating the decile's border: the mean of the best tenth is about 0.38.
    # After 300 scores these runs stand near 0.9, of at most 1.
    best_decile = random_sampling()[-200:].mean()
    means = [mean_after_30_rounds_of_10(seed, units=32, predictor=None) for seed in range(2)]
    assert min(means) > best_decile + 0.2, (means, best_decile)


def test_cubes_of_accuracies_teach_as_accuracies_do():
    # Children of a short image search: accuracies from .2 to .3, hence scores from .008 to
    # .027. An entropy in units of accuracies held the share of the better filters at .45.
    space = ZophSpace(2)
    strategy = ReinforceStrategy(space, units=16, predictor=None)

    def most_filters(architecture: Architecture) -> float:
        return float(np.mean([layer.filters == 64 for layer in space.network(architecture)]))

    for _ in range(20):
        asked = strategy.ask(10)
        strategy.tell(trials_of(asked, lambda a: (0.2 + 0.1 * most_filters(a)) ** 3))
    assert np.mean([most_filters(a) for a in strategy.sample(200)]) > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("predictor", [None, Predictor(), Predictor(routing="detached")])
def test_reinforce_beats_the_best_decile_over_five_seeds_with_every_predictor(predictor):
    best_decile = random_sampling()[-200:].mean()
    means = [mean_after_30_rounds_of_10(seed, predictor=predictor) for seed in range(5)]
    print(f"{predictor}: mean scores {np.round(means, 3)}, best decile {best_decile:.3f}")
    assert np.mean(means) > best_decile + 0.1, (means, best_decile)
