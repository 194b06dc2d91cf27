"""ENAS's macro space: networks layer by layer, each with skips from those before it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from cnnnas.run.presets import BASE, in_three_sizes
from cnnnas.run.settings import Settings
from cnnnas.space.macro_space import MACRO_OPERATIONS, MacroSpace
from mlpnas.core.generator import Generator
from mlpnas.core.run.kit import Kit, Picture
from mlpnas.core.runtime.plugins import later
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.task import Task


def make_space(s: Settings) -> MacroSpace:
    """As many layers as the preset says, of the published operations and those asked for."""
    return MacroSpace(s.sizes.layers, (*MACRO_OPERATIONS, *s.operations))


def make_generator(space: MacroSpace, s: Settings, final: bool) -> Generator:
    """Children and finalists alike."""
    from cnnnas.generator.macro_generator import MacroGenerator

    return MacroGenerator(space, s.sizes.child_channels, s.sizes.dropout)


def make_strategy(space: MacroSpace, s: Settings) -> Strategy:
    """ENAS's controller for shared weights, see `shared.make_strategy`."""
    from cnnnas.kits import shared
    from cnnnas.strategies.enas import MACRO

    return shared.make_strategy(MACRO, space, s)


def make_network(space: MacroSpace, bank: Any, task: Task, s: Settings) -> Any:
    """All paths, over one bank of weights."""
    from cnnnas.supernet.macro_network import MacroNetwork

    *_, channels = task.input_shape
    return MacroNetwork(space, bank, s.sizes.channels, channels, len(task.classes))


make_supernet = partial(later("cnnnas.kits.shared:make_supernet"), make_network)
beside = partial(later("cnnnas.kits.shared:paths_alone"), make_network)


def check(task: Task) -> None:
    """Raise InputError, with the minimum, if images are too small for the reductions."""
    from cnnnas.generator.stem import check_image

    check_image(task.input_shape, halvings=2)


def pictures(
    space: MacroSpace, architecture: Architecture, s: Settings, title: str
) -> Iterator[Picture]:
    """The layers and their skips."""
    from cnnnas.report.drawing import draw_macro

    yield "network", draw_macro(architecture, space)


MACRO = Kit(
    space=make_space,
    generator=make_generator,
    presets=in_three_sizes(BASE),
    strategy=make_strategy,
    supernet=make_supernet,
    beside=beside,
    check=check,
    pictures=pictures,
    options=("operations",),
)
