"""Neural architecture search on Keras 3 and TensorFlow: from a table to a searched network.

Names are loaded when first used, so that `import mlpnas` stays light and starts no
TensorFlow.
"""

import logging
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# A library is silent unless its user listens; without a handler, warnings would reach stderr.
logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOME = {
    "Architecture": "mlpnas.core.search_space",
    "BayesianOptimization": "mlpnas.core.strategies.bayesian",
    "ChildEvaluator": "mlpnas.core.evaluator",
    "Decision": "mlpnas.core.search_space",
    "ExhaustedError": "mlpnas.core.errors",
    "Fold": "mlpnas.core.task",
    "History": "mlpnas.core.trial",
    "InputError": "mlpnas.core.errors",
    "LaNAS": "mlpnas.core.strategies.lanas",
    "LocalSearch": "mlpnas.core.strategies.local_search",
    "MCTS": "mlpnas.core.strategies.mcts",
    "MLPGenerator": "mlpnas.generator",
    "MLPNASClassifier": "mlpnas.estimator",
    "MLPNASRegressor": "mlpnas.estimator",
    "MLPSpace": "mlpnas.space",
    "MLPTrainer": "mlpnas.trainer",
    "PPOLearner": "mlpnas.core.ppo",
    "Predictor": "mlpnas.core.strategies.reinforce",
    "Prescreen": "mlpnas.core.strategies.reinforce",
    "ProgressiveSearch": "mlpnas.core.strategies.progressive",
    "QLearning": "mlpnas.core.strategies.q_learning",
    "RandomStrategy": "mlpnas.core.strategies.random",
    "Recipe": "mlpnas.core.evaluator",
    "RegularizedEvolution": "mlpnas.core.strategies.evolution",
    "ReinforceStrategy": "mlpnas.core.strategies.reinforce",
    "SearchSpace": "mlpnas.core.search_space",
    "SharedWeights": "mlpnas.core.shared_weights",
    "Strategy": "mlpnas.core.strategies.strategy",
    "TPE": "mlpnas.core.strategies.tpe",
    "Task": "mlpnas.core.task",
    "Trial": "mlpnas.core.trial",
    "read_table": "mlpnas.table",
    "search": "mlpnas.core.search",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mlpnas' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
