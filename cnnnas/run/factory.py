"""What belongs to each space: its generator, controller and shared weights."""

from dataclasses import replace
from functools import partial
from typing import Any

from cnnnas.differentiable.image_darts import DartsTraining, ImageDARTS
from cnnnas.differentiable.stopping import RULES, after
from cnnnas.differentiable.variants import VARIANTS
from cnnnas.generator.auxiliary_training import AuxiliaryGenerator
from cnnnas.generator.cell_generator import CellGenerator
from cnnnas.generator.cell_networks import darts_network, enas_network
from cnnnas.generator.macro_generator import MacroGenerator
from cnnnas.generator.stem import check_image
from cnnnas.generator.zoph_generator import ZophGenerator
from cnnnas.run.presets import Preset
from cnnnas.run.settings import Settings
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import MacroSpace
from cnnnas.space.zoph_space import ZophSpace
from cnnnas.strategies import enas
from cnnnas.strategies.depth_schedule import DepthSchedule
from cnnnas.supernet.image_supernet import ImageSupernet, Network, SharedTraining
from cnnnas.supernet.macro_network import MacroNetwork
from cnnnas.supernet.micro_network import MicroNetwork
from cnnnas.supernet.stand_alone_trainer import StandAloneTrainer
from cnnnas.supernet.weight_bank import WeightBank
from cnnnas.trainer.augmentation import Augmentation
from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.generator import Generator
from mlpnas.core.space.search_space import SearchSpace
from mlpnas.core.strategies import named
from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy
from mlpnas.core.task import Task

SLICE = 1000  # validation rows on which an architecture is chosen


def check_images(space: SearchSpace, task: Task) -> None:
    """Raise InputError, with the minimum, if images are too small for the reductions."""
    if not isinstance(space, ZophSpace):
        check_image(task.input_shape, halvings=2)


def make_generator(space: SearchSpace, sizes: Preset) -> Generator:
    """What builds networks of the space; Zoph's layers say themselves how wide they are."""
    if isinstance(space, MacroSpace):
        return MacroGenerator(space, sizes.child_channels, sizes.dropout)
    if isinstance(space, CellSpace):
        return _stacked(space, sizes)
    assert isinstance(space, ZophSpace)
    return ZophGenerator(space)


def make_final_generator(space: SearchSpace, sizes: Preset) -> Generator:
    """What builds networks to train at length, with the help that the preset wants."""
    if not sizes.drop_path or not isinstance(space, CellSpace):
        return make_generator(space, sizes)
    return AuxiliaryGenerator(_stacked(space, sizes, auxiliary=True, drop_path=sizes.drop_path))


def _stacked(space: CellSpace, sizes: Preset, **aids: Any) -> CellGenerator:
    network = darts_network if space.distinct else enas_network
    return CellGenerator(space, network, sizes.child_channels, sizes.layers + 2, **aids)


def make_controller(space: SearchSpace, settings: Settings) -> OnPolicyStrategy:
    """ENAS's controller for shared weights; it learns as fast as the preset is short."""
    policy = enas.MACRO if isinstance(space, MacroSpace) else enas.MICRO
    rate = settings.sizes.controller_rate
    return OnPolicyStrategy(space, settings.seed, replace(policy, learning_rate=rate))


def make_depth_schedule(space: ZophSpace, settings: Settings) -> DepthSchedule:
    """A controller that writes deeper networks as the search goes on."""
    assert settings.strategy != "gradient"
    make = partial(named.make_controller, settings.strategy, seed=settings.seed)
    return DepthSchedule(space, settings.sizes.growth.every, make)


def make_supernet(
    space: SearchSpace, task: Task, settings: Settings, augment: Augmentation | None
) -> ImageSupernet:
    """The shared weights of a macro or micro space.

    Raises:
        InputError: if there are fewer images than a batch has.
    """
    sizes, bank = settings.sizes, WeightBank(settings.seed)
    height, width, channels = task.input_shape
    classes = len(task.classes)
    network: Network
    if isinstance(space, MacroSpace):
        network = MacroNetwork(space, bank, sizes.channels, channels, classes)
    else:
        assert isinstance(space, CellSpace)
        image = (height, width, channels)
        network = MicroNetwork(space, bank, sizes.layers, sizes.channels, image, classes)
    # One cosine over all passes.
    training = SharedTraining(
        sizes.batch_size, high=sizes.rate, period=settings.epochs, slice_rows=SLICE,
        dtype="bfloat16" if settings.mixed_precision else "float32",
    )  # fmt: skip
    return ImageSupernet(network, task, training, augment, settings.seed)


def make_darts(
    space: SearchSpace, task: Task, settings: Settings, augment: Augmentation | None
) -> GradientSearch:
    """A differentiable search; its space is the one with the publication's four nodes.

    Raises:
        InputError: if there are too few images.
    """
    sizes = settings.sizes
    training = DartsTraining(
        epochs=settings.epochs,
        batch_size=sizes.batch_size,
        high=sizes.rate,
        order=2 if settings.order == 2 else 1,
        alpha_rate=sizes.alpha_rate,
        warm=settings.warm_up,
        eigenvalue_every=1 if settings.stop == "eigenvalue" else 0,
    )
    mixture = ImageDARTS(
        task, VARIANTS[settings.variant], training, channels=sizes.channels,
        number=sizes.layers + 2, augment=augment, seed=settings.seed,
    )  # fmt: skip
    rule = after(settings.warm_up, RULES[settings.stop])
    return GradientSearch(mixture, settings.trials, rule, mixture.eigenvalue)


def make_stand_alone_trainer(
    space: SearchSpace, task: Task, settings: Settings, augment: Augmentation | None
) -> StandAloneTrainer:
    """Trains for as many epochs as the settings say; can be made in a worker."""
    return StandAloneTrainer(make_supernet(space, task, settings, augment), settings.epochs)
