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
    scoring    outputs judged by accuracy or R², or by any of scikit-learn's measures
    run        a search on a table, put together from settings
    final      after the search: finalists retrained, the winner chosen and written
    baselines  what a user would have tried otherwise, and what may be concluded
    report     the report of a run as a page: what was asked, what won, and how the search went
    commands   what each command of the command line does; `mlpnas.__main__` reads its options
    estimator  architecture search as scikit-learn estimators
    nasbench   published tables of trained architectures, each with its space
    testing    batteries that hold strategies, spaces, trainers and others to their contracts
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors see; a test holds it to `_HOME`
    from mlpnas.core.differentiable.bilevel import Bilevel as Bilevel
    from mlpnas.core.differentiable.bilevel import Descent as Descent
    from mlpnas.core.errors import ExhaustedError as ExhaustedError
    from mlpnas.core.errors import InputError as InputError
    from mlpnas.core.evaluator.evaluator import ChildEvaluator as ChildEvaluator
    from mlpnas.core.evaluator.evaluator import Evaluator as Evaluator
    from mlpnas.core.evaluator.evaluator import reward as reward
    from mlpnas.core.evaluator.tabular import Entry as Entry
    from mlpnas.core.evaluator.tabular import Table as Table
    from mlpnas.core.evaluator.tabular import TabularEvaluator as TabularEvaluator
    from mlpnas.core.generator import Generator as Generator
    from mlpnas.core.runtime.start import start_tensorflow as start_tensorflow
    from mlpnas.core.search import search as search
    from mlpnas.core.shared_weights import SharedWeights as SharedWeights
    from mlpnas.core.space.search_space import Architecture as Architecture
    from mlpnas.core.space.search_space import Decision as Decision
    from mlpnas.core.space.search_space import SearchSpace as SearchSpace
    from mlpnas.core.strategies.base import Proposals as Proposals
    from mlpnas.core.strategies.base import Strategy as Strategy
    from mlpnas.core.strategies.base import usable_scores as usable_scores
    from mlpnas.core.strategies.bayesian import BayesianOptimization as BayesianOptimization
    from mlpnas.core.strategies.controller.adversarial_predictor import Predictor as Predictor
    from mlpnas.core.strategies.controller.adversarial_predictor import Prescreen as Prescreen
    from mlpnas.core.strategies.controller.learner import ReinforceLearner as ReinforceLearner
    from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy as OnPolicyStrategy
    from mlpnas.core.strategies.controller.ppo import PPOLearner as PPOLearner
    from mlpnas.core.strategies.controller.reinforce import (
        ReinforceStrategy as ReinforceStrategy,
    )
    from mlpnas.core.strategies.evolution import RegularizedEvolution as RegularizedEvolution
    from mlpnas.core.strategies.lanas.lanas import LaNAS as LaNAS
    from mlpnas.core.strategies.local_search import LocalSearch as LocalSearch
    from mlpnas.core.strategies.mcts import MCTS as MCTS
    from mlpnas.core.strategies.named import make_strategy as make_strategy
    from mlpnas.core.strategies.progressive import ProgressiveSearch as ProgressiveSearch
    from mlpnas.core.strategies.q_learning import QLearning as QLearning
    from mlpnas.core.strategies.random import RandomStrategy as RandomStrategy
    from mlpnas.core.strategies.surrogates import GaussianProcess as GaussianProcess
    from mlpnas.core.strategies.tpe import TPE as TPE
    from mlpnas.core.supernet import SupernetEvaluator as SupernetEvaluator
    from mlpnas.core.supernet import derive as derive
    from mlpnas.core.task import Fold as Fold
    from mlpnas.core.task import Task as Task
    from mlpnas.core.trainer.base import Job as Job
    from mlpnas.core.trainer.base import Outcome as Outcome
    from mlpnas.core.trainer.base import Recipe as Recipe
    from mlpnas.core.trainer.base import Trainer as Trainer
    from mlpnas.core.trainer.keras_trainer import KerasTrainer as KerasTrainer
    from mlpnas.core.trial import Evaluation as Evaluation
    from mlpnas.core.trial import History as History
    from mlpnas.core.trial import Trial as Trial
    from mlpnas.data.table import read_table as read_table
    from mlpnas.encodings import Encoder as Encoder
    from mlpnas.encodings import Encoding as Encoding
    from mlpnas.estimator.estimator import MLPNASClassifier as MLPNASClassifier
    from mlpnas.estimator.estimator import MLPNASRegressor as MLPNASRegressor
    from mlpnas.final.delivered import DeliveredNetwork as DeliveredNetwork
    from mlpnas.final.delivered import load as load
    from mlpnas.final.retrain import retrain as retrain
    from mlpnas.generator import MLPGenerator as MLPGenerator
    from mlpnas.layers import LayerType as LayerType
    from mlpnas.nasbench.choices import ChoiceSpace as ChoiceSpace
    from mlpnas.nasbench.mlp import load_mlp as load_mlp
    from mlpnas.space import MLPSpace as MLPSpace
    from mlpnas.trainer.mlp_trainer import MLPTrainer as MLPTrainer

__version__ = "0.1.0"

# A library is silent unless its user listens; without a handler, warnings would reach stderr.
logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOME = {
    "Architecture": "mlpnas.core.space.search_space",
    "BayesianOptimization": "mlpnas.core.strategies.bayesian",
    "Bilevel": "mlpnas.core.differentiable.bilevel",
    "ChildEvaluator": "mlpnas.core.evaluator.evaluator",
    "ChoiceSpace": "mlpnas.nasbench.choices",
    "Decision": "mlpnas.core.space.search_space",
    "DeliveredNetwork": "mlpnas.final.delivered",
    "Descent": "mlpnas.core.differentiable.bilevel",
    "Encoder": "mlpnas.encodings",
    "Encoding": "mlpnas.encodings",
    "Entry": "mlpnas.core.evaluator.tabular",
    "Evaluation": "mlpnas.core.trial",
    "Evaluator": "mlpnas.core.evaluator.evaluator",
    "ExhaustedError": "mlpnas.core.errors",
    "Fold": "mlpnas.core.task",
    "GaussianProcess": "mlpnas.core.strategies.surrogates",
    "Generator": "mlpnas.core.generator",
    "History": "mlpnas.core.trial",
    "InputError": "mlpnas.core.errors",
    "Job": "mlpnas.core.trainer.base",
    "KerasTrainer": "mlpnas.core.trainer.keras_trainer",
    "LaNAS": "mlpnas.core.strategies.lanas.lanas",
    "LayerType": "mlpnas.layers",
    "LocalSearch": "mlpnas.core.strategies.local_search",
    "MCTS": "mlpnas.core.strategies.mcts",
    "MLPGenerator": "mlpnas.generator",
    "MLPNASClassifier": "mlpnas.estimator.estimator",
    "MLPNASRegressor": "mlpnas.estimator.estimator",
    "MLPSpace": "mlpnas.space",
    "MLPTrainer": "mlpnas.trainer.mlp_trainer",
    "OnPolicyStrategy": "mlpnas.core.strategies.controller.on_policy",
    "Outcome": "mlpnas.core.trainer.base",
    "PPOLearner": "mlpnas.core.strategies.controller.ppo",
    "Predictor": "mlpnas.core.strategies.controller.adversarial_predictor",
    "Prescreen": "mlpnas.core.strategies.controller.adversarial_predictor",
    "ProgressiveSearch": "mlpnas.core.strategies.progressive",
    "Proposals": "mlpnas.core.strategies.base",
    "QLearning": "mlpnas.core.strategies.q_learning",
    "RandomStrategy": "mlpnas.core.strategies.random",
    "Recipe": "mlpnas.core.trainer.base",
    "RegularizedEvolution": "mlpnas.core.strategies.evolution",
    "ReinforceLearner": "mlpnas.core.strategies.controller.learner",
    "ReinforceStrategy": "mlpnas.core.strategies.controller.reinforce",
    "SearchSpace": "mlpnas.core.space.search_space",
    "SharedWeights": "mlpnas.core.shared_weights",
    "Strategy": "mlpnas.core.strategies.base",
    "SupernetEvaluator": "mlpnas.core.supernet",
    "TPE": "mlpnas.core.strategies.tpe",
    "Table": "mlpnas.core.evaluator.tabular",
    "TabularEvaluator": "mlpnas.core.evaluator.tabular",
    "Task": "mlpnas.core.task",
    "Trainer": "mlpnas.core.trainer.base",
    "Trial": "mlpnas.core.trial",
    "derive": "mlpnas.core.supernet",
    "load": "mlpnas.final.delivered",
    "load_mlp": "mlpnas.nasbench.mlp",
    "make_strategy": "mlpnas.core.strategies.named",
    "read_table": "mlpnas.data.table",
    "retrain": "mlpnas.final.retrain",
    "reward": "mlpnas.core.evaluator.evaluator",
    "search": "mlpnas.core.search",
    "start_tensorflow": "mlpnas.core.runtime.start",
    "usable_scores": "mlpnas.core.strategies.base",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mlpnas' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
