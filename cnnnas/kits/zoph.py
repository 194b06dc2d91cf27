"""Zoph and Le's space: networks that say of each layer how wide it is."""

from collections.abc import Iterator
from functools import partial

from cnnnas.run.presets import BASE, in_three_sizes
from cnnnas.run.settings import Settings
from cnnnas.space.zoph_space import ZophSpace
from mlpnas.core.generator import Generator
from mlpnas.core.run.kit import Kit, Picture, named_strategy
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.names import CONTROLLERS


def make_space(s: Settings) -> ZophSpace:
    """The preset's depths, of layers as they were asked for."""
    *other_depths, layers = s.sizes.growth.depths
    return ZophSpace(
        layers, strides=s.strides, types=s.layer_types, other_depths=tuple(other_depths)
    )


def make_generator(space: ZophSpace, s: Settings, final: bool) -> Generator:
    """The layers say themselves how wide they are."""
    from cnnnas.generator.zoph_generator import ZophGenerator

    return ZophGenerator(space)


def make_strategy(space: ZophSpace, s: Settings) -> Strategy:
    """A controller writes deeper networks as the search goes on."""
    if s.strategy not in CONTROLLERS:
        return named_strategy(space, s)
    from cnnnas.strategies.depth_schedule import DepthSchedule
    from mlpnas.core.strategies.named import make_controller

    make = partial(make_controller, s.strategy, seed=s.seed)
    return DepthSchedule(space, s.sizes.growth.every, make)


def pictures(
    space: ZophSpace, architecture: Architecture, s: Settings, title: str
) -> Iterator[Picture]:
    """Layer by layer."""
    from mlpnas.core.report import figures

    layers = str(architecture).split(", ")
    yield "network", figures.chain([(layer, 0.9) for layer in layers])


ZOPH = Kit(
    space=make_space,
    generator=make_generator,
    presets=in_three_sizes(BASE),
    strategy=make_strategy,
    pictures=pictures,
    options=("layer_types", "strides"),
)
