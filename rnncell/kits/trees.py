"""Zoph and Le's trees, whose cells are always trained one by one."""

from collections.abc import Iterator
from dataclasses import replace

from mlpnas.core.generator import Generator
from mlpnas.core.run.kit import Kit, Picture
from mlpnas.core.space.search_space import Architecture
from rnncell.run.presets import TEXT
from rnncell.run.settings import Settings
from rnncell.space.tree_space import TreeCellSpace


def make_space(s: Settings) -> TreeCellSpace:
    """As many leaves as were asked for, else as the preset says."""
    return TreeCellSpace(s.base or s.sizes.base)


def make_generator(space: TreeCellSpace, s: Settings, final: bool) -> Generator:
    """Networks around tree cells."""
    from rnncell.generator.networks import tree_cell
    from rnncell.kits.around import around

    return around(tree_cell, space, s, final)


def pictures(
    space: TreeCellSpace, architecture: Architecture, s: Settings, title: str
) -> Iterator[Picture]:
    """The tree, with the way of its memory."""
    from rnncell.report.drawing import draw_tree

    yield "cell", draw_tree(space.cell(architecture))


ZOPH = Kit(
    space=make_space,
    generator=make_generator,
    # Zoph and Le (2017) square the perplexity.
    presets={name: replace(sizes, exponent=2.0) for name, sizes in TEXT.items()},
    pictures=pictures,
    options=("base",),
)
