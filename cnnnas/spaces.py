"""Spaces by the names they have on the command line."""

from cnnnas.cell_space import CellSpace
from cnnnas.macro_space import MacroSpace
from cnnnas.presets import Preset, SpaceName
from cnnnas.zoph_space import ZophSpace
from mlpnas.core.search_space import SearchSpace


def make_space(name: SpaceName, sizes: Preset) -> SearchSpace:
    """The space of that name."""
    if name == "macro":
        return MacroSpace(sizes.layers)
    if name == "darts":
        return CellSpace.darts()
    if name == "micro":
        return CellSpace.enas_micro()
    *fewer, layers = sizes.growth.depths
    return ZophSpace(layers, fewer=tuple(fewer))
