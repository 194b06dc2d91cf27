"""Strategies made from their names, with their defaults."""

from dataclasses import replace
from functools import partial

from mlpnas.core.runtime.plugins import load, load_class
from mlpnas.core.space.search_space import SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.controller.adversarial_predictor import Predictor
from mlpnas.core.strategies.controller.learner import ReinforceLearner
from mlpnas.core.strategies.controller.ppo import PPOLearner
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.core.strategies.names import CONTROLLERS, STRATEGIES, check_strategy


def make_strategy(
    name: str,
    space: SearchSpace,
    seed: int,
    predictor: Predictor | None = None,
    decay: float = 0.0,
) -> Strategy:
    """The strategy of that name.

    Args:
        name: one of `names.strategy_names`, or `package.module:Class` of a `Strategy` that is
            made from a space and a seed.
        predictor: of the controller's strategies; others have none.
        decay: see `make_controller`.

    Raises:
        InputError: if there is none of that name.

    Examples:
        >>> from mlpnas import MLPSpace, make_strategy
        >>> type(make_strategy("evolution", MLPSpace((3, "softmax")), seed=0)).__name__
        'RegularizedEvolution'
    """
    if name in CONTROLLERS:
        return make_controller(name, space, seed, predictor, decay)
    check_strategy(name)
    make = load(STRATEGIES[name]) if name in STRATEGIES else load_class(name, Strategy)
    made: Strategy = make(space, seed)
    return made


def make_controller(
    name: str,
    space: SearchSpace,
    seed: int,
    predictor: Predictor | None = None,
    decay: float = 0.0,
) -> ReinforceStrategy:
    """The strategy of a controller, reinforce or ppo.

    Args:
        decay: of reinforce's learning rates, its predictor's too, see `learner.decayed`.
    """
    if name == "ppo":
        return ReinforceStrategy(space, seed, learner=PPOLearner, predictor=predictor)
    learner = partial(ReinforceLearner, decay=decay)
    if predictor is not None:
        predictor = replace(predictor, decay=decay)
    return ReinforceStrategy(space, seed, learner=learner, predictor=predictor)
