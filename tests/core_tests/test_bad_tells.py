"""Strategies that learn from scores: what they do with scores that are none."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from fakes import trials_of

from mlpnas.core.errors import InputError
from mlpnas.core.strategies.bayesian import BayesianOptimization
from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy, Policy
from mlpnas.core.strategies.controller.ppo import PPOLearner
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.lanas.lanas import LaNAS
from mlpnas.core.strategies.local_search import LocalSearch
from mlpnas.core.strategies.mcts import MCTS
from mlpnas.core.strategies.observations import Observations
from mlpnas.core.strategies.progressive import ProgressiveSearch
from mlpnas.core.strategies.q_learning import QLearning
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.strategies.surrogates import TreeEnsemble
from mlpnas.core.strategies.tpe import TPE
from mlpnas.core.trial import Trial
from mlpnas.space import MLPSpace

SPACE = MLPSpace((3, "softmax"), widths=(8, 16), max_layers=4)

LEARNERS = {
    "random": RandomStrategy,
    "evolution": RegularizedEvolution,
    "local search": LocalSearch,
    "lanas": LaNAS,
    "gaussian process": BayesianOptimization,
    "tree ensemble": lambda space, seed=0: BayesianOptimization(space, seed, TreeEnsemble()),
    "tpe": TPE,
    "tree search": MCTS,
    "progressive": ProgressiveSearch,
    "q-learning": QLearning,
}
every_learner = pytest.mark.parametrize("make", LEARNERS.values(), ids=LEARNERS)

# These take seconds to compile.
CONTROLLERS = {
    "reinforce": partial(ReinforceStrategy, units=4),
    "ppo": partial(ReinforceStrategy, units=4, learner=PPOLearner),
    "on-policy": partial(OnPolicyStrategy, policy=Policy(units=4)),
}
EVERYBODY = LEARNERS | CONTROLLERS


@pytest.mark.parametrize("make", EVERYBODY.values(), ids=EVERYBODY)
def test_an_architecture_of_another_space_is_refused(make):
    other = MLPSpace((4, "softmax")).parse("(8, 'relu'), (4, 'softmax')")
    with pytest.raises(InputError, match=r"belongs to the space .*4 softmax.*not to"):
        make(SPACE).tell(trials_of([other]))


@every_learner
@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf, None, 0.5, -1e9, 1e-300])
def test_no_score_stops_a_search(make, score):
    strategy, asked = make(SPACE), []
    for i in range(5):
        batch = strategy.ask(8)
        # A round of ordinary scores in the middle, so that both kinds meet.
        value = (lambda a: 0.1 + 0.05 * len(a.tokens)) if i == 2 else (lambda a: score)
        strategy.tell(trials_of(batch, value))
        asked += batch
    assert len(set(asked)) == len(asked)
    assert len(asked) > 4 * 8, "a stage may end within a round, but no score ends the search"


def learned(strategy):
    """The weights and averages, without the record of what was asked."""
    record = ("proposed", "round")
    return {k: v for k, v in strategy.state().items() if not k.startswith(record)}


@pytest.mark.parametrize("name", ["reinforce", "on-policy"])  # ppo's tell is reinforce's
def test_a_controller_learns_nothing_from_scores_that_are_none(name):
    strategy = CONTROLLERS[name](MLPSpace((3, "softmax"), widths=(8,), max_layers=2))
    before = learned(strategy)
    crashed, *others = trials_of(strategy.ask(4))
    scores = (np.nan, np.inf, -np.inf)
    others = [replace(t, score=score) for t, score in zip(others, scores, strict=True)]
    strategy.tell([replace(crashed, status="failed"), *others])  # it has a score all the same
    for key, array in learned(strategy).items():
        np.testing.assert_array_equal(array, before[key], err_msg=key)


def test_scores_that_are_no_numbers_are_not_learned_from():
    memory, rng = Observations(SPACE), np.random.default_rng(0)
    drawn = [SPACE.sample_walk(rng) for _ in range(4)]
    outcomes = trials_of(drawn, dict(zip(drawn, (0.5, np.nan, None, np.inf), strict=True)).get)
    odd = Trial(9, 0, drawn[3], "failed", score=0.7, reason="crashed after scoring")
    assert memory.tell([*outcomes, odd]) == drawn[:1]
    assert memory.scores == [0.5]
    assert [memory.score(a) for a in drawn[:2]] == [0.5, None]
