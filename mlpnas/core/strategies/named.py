"""Strategies made from their names, with their defaults."""

from mlpnas.core.learner import ReinforceLearner
from mlpnas.core.plugins import load, load_class
from mlpnas.core.ppo import PPOLearner
from mlpnas.core.search_space import SearchSpace
from mlpnas.core.strategies.names import CONTROLLERS, STRATEGIES, check_strategy
from mlpnas.core.strategies.reinforce import Predictor, ReinforceStrategy
from mlpnas.core.strategies.strategy import Strategy


def make_strategy(
    name: str, space: SearchSpace, seed: int, predictor: Predictor | None = None
) -> Strategy:
    """The strategy of that name.

    Args:
        name: one of `names.strategy_names`, or `package.module:Class` of a `Strategy` that is
            made from a space and a seed.
        predictor: of the controller's strategies; others have none.

    Raises:
        InputError: if there is none of that name.
    """
    if name in CONTROLLERS:
        return make_controller(name, space, seed, predictor)
    check_strategy(name)
    make = load(STRATEGIES[name]) if name in STRATEGIES else load_class(name, Strategy)
    made: Strategy = make(space, seed)
    return made


def make_controller(
    name: str, space: SearchSpace, seed: int, predictor: Predictor | None = None
) -> ReinforceStrategy:
    """The strategy of a controller, reinforce or ppo."""
    learner = PPOLearner if name == "ppo" else ReinforceLearner
    return ReinforceStrategy(space, seed, learner=learner, predictor=predictor)
