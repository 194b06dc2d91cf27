"""Networks around the cells of a space, as settings want them."""

from mlpnas.core.space.search_space import SearchSpace
from rnncell.generator.networks import CellGenerator, MakeCell
from rnncell.run.settings import Settings


def around(
    cell: MakeCell, space: SearchSpace, settings: Settings, final: bool
) -> CellGenerator:
    """What builds networks of the preset's sizes around these cells, see `Kit.generator`."""
    sizes = settings.sizes
    network = sizes.final_network if final else sizes.network
    return CellGenerator(space, network, sizes.final.batch, cell)
