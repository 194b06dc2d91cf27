"""Strategies by the names they have on the command lines. Light to import.

A new strategy is a file beside this one and a line here. One from outside the package is named
as `package.module:Class`.
"""

from typing import Any

from mlpnas.core.errors import InputError
from mlpnas.core.runtime.plugins import check_name

CONTROLLERS = ("reinforce", "ppo")  # which may have an accuracy head, see `named`

STRATEGIES = {
    "random": "mlpnas.core.strategies.random:RandomStrategy",
    "evolution": "mlpnas.core.strategies.evolution:RegularizedEvolution",
    "local-search": "mlpnas.core.strategies.local_search:LocalSearch",
    "bayesian": "mlpnas.core.strategies.bayesian:BayesianOptimization",
    "lanas": "mlpnas.core.strategies.lanas.lanas:LaNAS",
    "mcts": "mlpnas.core.strategies.mcts:MCTS",
    "tpe": "mlpnas.core.strategies.tpe:TPE",
}

# What may choose where weights are shared: those that learn from scores as they come, or not
# at all; and, in a differentiable search, the gradient, which no scores would teach.
ON_POLICY = ("reinforce", "random")
GRADIENT = "gradient"


def strategy_names() -> tuple[str, ...]:
    """All that a command line knows, but for those from outside."""
    return (*CONTROLLERS, *STRATEGIES)


def name_of(strategy: Any) -> str:
    """A name as it is, or that of what makes strategies, as a run's record has it."""
    if isinstance(strategy, str):
        return strategy
    return f"{strategy.__module__}:{strategy.__qualname__}"


def check_strategy(name: str, option: str = "--strategy") -> None:
    """Raise InputError unless it is a known name, or the form of one from outside.

    Args:
        option: what the user calls it.
    """
    check_name(name, strategy_names(), option, "a class of your own as package.module:Class")


def check_chooser(settings: Any) -> None:
    """Raise InputError unless the strategy suits how weights are shared.

    Args:
        settings: with `space`, `strategy`, `one_shot`, `order` and `differentiable`.
    """
    s = settings
    if s.order not in (1, 2):
        raise InputError(f"--order is {s.order}, expected 1 or 2")
    if s.differentiable != (s.strategy == GRADIENT):
        raise InputError(
            f"--space {s.space} with --strategy {s.strategy} cannot be: shared weights of "
            "darts are searched by their gradient, and nothing else is; leave --strategy out, "
            "or add --no-one-shot"
        )
    if s.strategy != GRADIENT:
        check_strategy(s.strategy)
    outside = ":" in s.strategy  # its author knows whether it may learn from passing scores
    if s.one_shot and not outside and s.strategy not in (*ON_POLICY, GRADIENT):
        raise InputError(
            f"--strategy is {s.strategy}, which learns from scores that last; those of shared "
            f"weights change with the weights: expected {' or '.join(ON_POLICY)}, or add "
            "--no-one-shot"
        )
