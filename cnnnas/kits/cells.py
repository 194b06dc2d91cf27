"""Spaces of cells: ENAS's micro space, with shared weights, and DARTS's, with a gradient."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from cnnnas.kits.macro import check
from cnnnas.run.presets import BASE, Preset, in_three_sizes
from cnnnas.run.settings import Settings
from cnnnas.space.cell_space import CellSpace
from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.generator import Generator
from mlpnas.core.run.budget import Budget
from mlpnas.core.run.kit import Kit, Picture
from mlpnas.core.runtime.plugins import later
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.task import Task


def micro_space(s: Settings) -> CellSpace:
    """The published one, and the operations asked for."""
    return CellSpace.enas_micro(more=s.operations)


def darts_space(s: Settings) -> CellSpace:
    """The published one, and the operations asked for; Fair DARTS leaves operations out."""
    return CellSpace.darts(sparse=s.variant == "fair", more=s.operations)


def make_generator(space: CellSpace, s: Settings, final: bool) -> Generator:
    """Cells upon cells; what is trained at length has the help that the preset wants."""
    from cnnnas.generator.auxiliary_training import AuxiliaryGenerator
    from cnnnas.generator.cell_generator import CellGenerator
    from cnnnas.generator.cell_networks import darts_network, enas_network

    def stacked(**aids: Any) -> CellGenerator:
        network = darts_network if space.distinct else enas_network
        return CellGenerator(space, network, s.sizes.child_channels, s.sizes.layers + 2, **aids)

    if not (final and s.sizes.drop_path):
        return stacked()
    return AuxiliaryGenerator(stacked(auxiliary=True, drop_path=s.sizes.drop_path))


def make_strategy(space: CellSpace, s: Settings) -> Strategy:
    """ENAS's controller for shared weights, see `shared.make_strategy`."""
    from cnnnas.kits import shared
    from cnnnas.strategies.enas import micro

    return shared.make_strategy(micro(space.operations), space, s)


def make_network(space: CellSpace, bank: Any, task: Task, s: Settings) -> Any:
    """All cells, over one bank of weights."""
    from cnnnas.supernet.micro_network import MicroNetwork

    *_, channels = task.input_shape
    sizes = s.sizes
    return MicroNetwork(space, bank, sizes.layers, sizes.channels, channels, len(task.classes))


make_supernet = partial(later("cnnnas.kits.shared:make_supernet"), make_network)
beside = partial(later("cnnnas.kits.shared:paths_alone"), make_network)


def make_gradient(space: CellSpace, task: Task, s: Settings) -> GradientSearch:
    """A differentiable search; its space is the one with the publication's four nodes.

    Raises:
        InputError: if there are too few images.
    """
    from cnnnas.differentiable.image_darts import DartsTraining, ImageDARTS
    from cnnnas.differentiable.stopping import RULES, after
    from cnnnas.differentiable.variants import VARIANTS
    from cnnnas.trainer.training import augmentation

    sizes = s.sizes
    training = DartsTraining(
        epochs=s.epochs,
        batch_size=sizes.batch_size,
        high=sizes.rate,
        order=2 if s.order == 2 else 1,
        alpha_rate=sizes.alpha_rate,
        warm=s.warm_up,
        eigenvalue_every=1 if s.stop == "eigenvalue" else 0,
    )
    variant = VARIANTS[s.variant].joined_by(s.operations)
    mixture = ImageDARTS(
        task, variant, training, channels=sizes.channels, number=sizes.layers + 2,
        augment=augmentation(s.augment, task), seed=s.seed,
    )  # fmt: skip
    rule = after(s.warm_up, RULES[s.stop])
    return GradientSearch(mixture, s.trials, rule, mixture.eigenvalue)


def pictures(
    space: CellSpace, architecture: Architecture, s: Settings, title: str
) -> Iterator[Picture]:
    """A cell of each kind."""
    from cnnnas.report.drawing import draw_cell

    for kind, cell in space.cells(architecture).items():
        yield f"{kind} cell", draw_cell(cell, title or kind)


def skip_counts(space: CellSpace, architecture: Architecture) -> dict[str, int]:
    """Skip connections in each kind of cell; cells that fill with them are how a
    differentiable search fails."""
    cells = space.cells(architecture)
    return {f"skips, {kind}": cell.skips for kind, cell in cells.items()}


def sized(small: Preset) -> dict[str, Preset]:
    """A space's presets. The auxiliary head that comes with drop path pools images of one size,
    and drop path grows over one training: all of it is at full size then."""
    return {
        name: replace(p, final=replace(p.final, scales=(1.0,))) if p.drop_path else p
        for name, p in in_three_sizes(small).items()
    }


_SMALL = replace(BASE, channels=8, child_channels=8, batch_size=64, layers=2, baselines=10)

MICRO = Kit(
    space=micro_space,
    generator=make_generator,
    # A step takes three times as long as in the macro space, and teaches as much more.
    presets=sized(
        replace(_SMALL, together=Budget(trials=240, per_round=10, epochs=4), rate=0.2, draws=50)
    ),
    strategy=make_strategy,
    supernet=make_supernet,
    beside=beside,
    check=check,
    pictures=pictures,
    options=("operations",),
)
DARTS = Kit(
    space=darts_space,
    generator=make_generator,
    # Every edge runs all operations: a step takes as long as those of a dozen children.
    presets=sized(
        replace(
            _SMALL,
            channels=4,
            together=Budget(trials=5, per_round=1, epochs=5),
            rate=0.05,
            alpha_rate=0.01,
            final=replace(_SMALL.final, passes=8),
        )
    ),
    gradient=make_gradient,
    check=check,
    pictures=pictures,
    counts=skip_counts,
    options=("operations",),
)
