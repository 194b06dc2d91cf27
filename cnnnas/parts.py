"""What belongs to each space: its generator, controller and shared weights."""

from dataclasses import replace

from cnnnas import enas
from cnnnas.augmentation import Augmentation
from cnnnas.bank import Bank
from cnnnas.cell_generator import CellGenerator
from cnnnas.cell_networks import check_image, enas_network
from cnnnas.cell_space import CellSpace
from cnnnas.macro_generator import MacroGenerator
from cnnnas.macro_space import MacroSpace
from cnnnas.macro_supernet import MacroNetwork
from cnnnas.micro_supernet import MicroNetwork
from cnnnas.presets import Preset
from cnnnas.settings import Settings
from cnnnas.supernet import ImageSupernet, SharedTraining
from cnnnas.zoph_generator import ZophGenerator
from cnnnas.zoph_space import ZophSpace
from mlpnas.core.evaluator import Generator
from mlpnas.core.search_space import SearchSpace
from mlpnas.core.strategies.on_policy import OnPolicyStrategy
from mlpnas.core.task import Task


def check_images(space: SearchSpace, task: Task) -> None:
    """Raise InputError, with the minimum, if images are too small for the reductions."""
    if not isinstance(space, ZophSpace):
        check_image(task.input_shape, halvings=2)


def make_generator(space: SearchSpace, sizes: Preset) -> Generator:
    """What builds networks of the space; Zoph's layers say themselves how wide they are."""
    if isinstance(space, MacroSpace):
        return MacroGenerator(space, sizes.child_channels, sizes.dropout)
    if isinstance(space, CellSpace):
        return CellGenerator(space, enas_network, sizes.child_channels, sizes.layers + 2)
    assert isinstance(space, ZophSpace)
    return ZophGenerator(space)


def make_controller(space: SearchSpace, settings: Settings) -> OnPolicyStrategy:
    """ENAS's controller for shared weights; it learns as fast as the preset is short."""
    policy = enas.MACRO if isinstance(space, MacroSpace) else enas.MICRO
    rate = settings.sizes.controller_rate
    return OnPolicyStrategy(space, settings.seed, replace(policy, learning_rate=rate))


def make_supernet(
    space: SearchSpace, task: Task, settings: Settings, augment: Augmentation | None
) -> ImageSupernet:
    """The shared weights of a macro or micro space.

    Raises:
        InputError: if there are fewer images than a batch has.
    """
    sizes, bank = settings.sizes, Bank(settings.seed)
    image, classes = task.input_shape, len(task.classes)
    if isinstance(space, MacroSpace):
        network = MacroNetwork(space, bank, sizes.channels, image[2], classes)
    else:
        assert isinstance(space, CellSpace)
        network = MicroNetwork(space, bank, sizes.layers, sizes.channels, image, classes)
    # One cosine over all passes.
    training = SharedTraining(sizes.batch_size, high=sizes.rate, period=settings.epochs)
    return ImageSupernet(network, task, training, augment, settings.seed)
