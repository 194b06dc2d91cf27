"""Neural architecture search on Keras 3 and TensorFlow: from a table to a searched network.

Names are loaded when first used, so that `import mlpnas` stays light and starts no
TensorFlow. The rooms, of which each imports only those before it:

    core       the part that knows no multi-layer perceptron, no convolution and no cell
    layers     the vocabulary: types of layers as values
    encodings  what a network sees of its inputs, the first word of an architecture if any
    space      chains of layers, closed by the layer that the task demands
    generator  from a chain of layers to a Keras model whose layers carry weight keys
    trainer    perceptrons trained without Keras and without a trace per child
    data       from a user's file to clean columns and a Task; `table` is the door
    network    a trained Keras model that answers in the user's terms
    scoring    outputs judged by accuracy or R², or by any of scikit-learn's measures
    run        a search on a table, put together from settings
    final      after the search: finalists retrained, the winner chosen and written
    baselines  what a user would have tried otherwise, and what may be concluded
    report     the report of a run as a page: what was asked, what won, and how the search went
    commands   what each command of the command line does; `mlpnas.__main__` reads its options
    estimator  architecture search as scikit-learn estimators
    nasbench   published tables of trained architectures, each with its space
"""

import logging
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# A library is silent unless its user listens; without a handler, warnings would reach stderr.
logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOME = {
    "Architecture": "mlpnas.core.space.search_space",
    "BayesianOptimization": "mlpnas.core.strategies.bayesian",
    "ChildEvaluator": "mlpnas.core.evaluator.evaluator",
    "Decision": "mlpnas.core.space.search_space",
    "ExhaustedError": "mlpnas.core.errors",
    "Fold": "mlpnas.core.task",
    "History": "mlpnas.core.trial",
    "InputError": "mlpnas.core.errors",
    "LaNAS": "mlpnas.core.strategies.lanas.lanas",
    "LocalSearch": "mlpnas.core.strategies.local_search",
    "MCTS": "mlpnas.core.strategies.mcts",
    "MLPGenerator": "mlpnas.generator",
    "MLPNASClassifier": "mlpnas.estimator.estimator",
    "MLPNASRegressor": "mlpnas.estimator.estimator",
    "MLPSpace": "mlpnas.space",
    "MLPTrainer": "mlpnas.trainer.mlp_trainer",
    "PPOLearner": "mlpnas.core.strategies.controller.ppo",
    "Predictor": "mlpnas.core.strategies.controller.reinforce",
    "Prescreen": "mlpnas.core.strategies.controller.reinforce",
    "ProgressiveSearch": "mlpnas.core.strategies.progressive",
    "QLearning": "mlpnas.core.strategies.q_learning",
    "RandomStrategy": "mlpnas.core.strategies.random",
    "Recipe": "mlpnas.core.trainer.base",
    "RegularizedEvolution": "mlpnas.core.strategies.evolution",
    "ReinforceStrategy": "mlpnas.core.strategies.controller.reinforce",
    "SearchSpace": "mlpnas.core.space.search_space",
    "SharedWeights": "mlpnas.core.shared_weights",
    "Strategy": "mlpnas.core.strategies.base",
    "TPE": "mlpnas.core.strategies.tpe",
    "Task": "mlpnas.core.task",
    "Trial": "mlpnas.core.trial",
    "read_table": "mlpnas.data.table",
    "search": "mlpnas.core.search",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mlpnas' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
