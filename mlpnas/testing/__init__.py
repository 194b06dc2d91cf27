"""Batteries that hold an implementation of a role to the role's contract; without pytest.

Each of these imports only those before it:

    promises     what a battery is made of
    fakes        stand-ins that answer at once, and tiny data
    whole_space  what a space promises of all of its members, where these are few
    space        what every search space promises
    strategy     what every strategy promises, however it chooses
    generator    what every generator of Keras models promises
    trainer      what every trainer does with its job
    evaluator    what every evaluator promises to the loop
    supernet     what shared weights promise to those who score with them
    executor     what every executor does with jobs, crashes and hung trainings

A battery is a function `check_...`; a promise that is broken raises `ContractError`, an
`AssertionError` that says which one, and how. Its promises stand in a tuple, `PROMISES`, each
with a name that is a sentence: `pytest.mark.parametrize` makes a test of each.

Examples:
    >>> from mlpnas import RandomStrategy
    >>> from mlpnas.testing import check_strategy
    >>> check_strategy(RandomStrategy)
"""

from mlpnas.testing.evaluator import EvaluatorCase, check_evaluator
from mlpnas.testing.executor import check_executor
from mlpnas.testing.generator import check_generator
from mlpnas.testing.promises import ContractError
from mlpnas.testing.space import check_space
from mlpnas.testing.strategy import check_strategy
from mlpnas.testing.supernet import check_supernet
from mlpnas.testing.trainer import TrainerCase, check_trainer

__all__ = [
    "ContractError", "EvaluatorCase", "TrainerCase", "check_evaluator", "check_executor",
    "check_generator", "check_space", "check_strategy", "check_supernet", "check_trainer",
]  # fmt: skip
