"""Weights that the architectures of a space share, who chooses among them, and paths that are
trained alone."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from cnnnas.run.settings import Settings
from cnnnas.supernet.image_supernet import ImageSupernet, Network, SharedTraining
from cnnnas.supernet.stand_alone_trainer import StandAloneTrainer
from cnnnas.supernet.weight_bank import WeightBank
from cnnnas.trainer.training import augmentation
from mlpnas.core.executor.executors import TrainerFactory
from mlpnas.core.run.kit import named_strategy
from mlpnas.core.space.search_space import SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy, Policy
from mlpnas.core.task import Task

SLICE = 1000  # validation rows on which an architecture is chosen

# From space, bank, task and settings to the network over the bank.
MakeNetwork = Callable[[Any, WeightBank, Task, Settings], Network]


def make_strategy(policy: Policy, space: SearchSpace, settings: Settings) -> Strategy:
    """ENAS's controller where it learns from shared weights, as fast as the preset is short;
    whom the settings name elsewhere."""
    if not (settings.one_shot and settings.strategy == "reinforce"):
        return named_strategy(space, settings)
    policy = replace(policy, learning_rate=settings.sizes.controller_rate)
    return OnPolicyStrategy(space, settings.seed, policy)


def make_supernet(
    make_network: MakeNetwork, space: Any, task: Task, settings: Settings
) -> ImageSupernet:
    """The shared weights of a space, trained down one cosine over all passes.

    Raises:
        InputError: if there are fewer images than a batch has.
    """
    sizes, bank = settings.sizes, WeightBank(settings.seed)
    training = SharedTraining(
        sizes.batch_size, high=sizes.rate, period=settings.epochs, slice_rows=SLICE,
        dtype="bfloat16" if settings.mixed_precision else "float32",
    )  # fmt: skip
    network = make_network(space, bank, task, settings)
    vary = augmentation(settings.augment, task)
    return ImageSupernet(network, task, training, vary, settings.seed)


def alone(
    make_network: MakeNetwork,
    space: Any,
    task: Task,
    settings: Settings,
    epochs: int,
    seed: int,
) -> StandAloneTrainer:
    """Trains paths for so many epochs; can be made in a worker."""
    apart = replace(settings, epochs=epochs, seed=seed)
    return StandAloneTrainer(make_supernet(make_network, space, task, apart), epochs)


def paths_alone(
    make_network: MakeNetwork,
    space: Any,
    task: Task,
    settings: Settings,
    epochs: int,
    seed: int,
) -> TrainerFactory:
    """What makes trainers of random paths beside the shared weights, see `Kit.beside`."""
    return partial(alone, make_network, space, task, settings, epochs, seed)
