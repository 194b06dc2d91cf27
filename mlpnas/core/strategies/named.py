"""Strategies by the names they have on the command lines."""

from mlpnas.core.configuration import StrategyName
from mlpnas.core.learner import ReinforceLearner
from mlpnas.core.ppo import PPOLearner
from mlpnas.core.search_space import SearchSpace
from mlpnas.core.strategies.bayesian import BayesianOptimization
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.lanas import LaNAS
from mlpnas.core.strategies.local_search import LocalSearch
from mlpnas.core.strategies.mcts import MCTS
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.strategies.reinforce import Predictor, ReinforceStrategy
from mlpnas.core.strategies.strategy import Strategy
from mlpnas.core.strategies.tpe import TPE


def make_strategy(
    name: StrategyName, space: SearchSpace, seed: int, predictor: Predictor | None = None
) -> Strategy:
    """The strategy of that name, with its defaults.

    Args:
        predictor: of the controller's strategies, reinforce and ppo; others have none.
    """
    others = {
        "random": RandomStrategy,
        "evolution": RegularizedEvolution,
        "local-search": LocalSearch,
        "bayesian": BayesianOptimization,
        "lanas": LaNAS,
        "mcts": MCTS,
        "tpe": TPE,
    }
    if name in others:
        return others[name](space, seed)
    return make_controller(name, space, seed, predictor)


def make_controller(
    name: StrategyName, space: SearchSpace, seed: int, predictor: Predictor | None = None
) -> ReinforceStrategy:
    """The strategy of a controller, reinforce or ppo."""
    learner = PPOLearner if name == "ppo" else ReinforceLearner
    return ReinforceStrategy(space, seed, learner=learner, predictor=predictor)
