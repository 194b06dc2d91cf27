"""Spaces by the names they have on the command line."""

from cnnnas.cell_space import CellSpace
from cnnnas.macro_space import MacroSpace
from cnnnas.presets import Preset, SpaceName, VariantName
from cnnnas.zoph_space import ZophSpace
from mlpnas.core.search_space import SearchSpace


def make_space(name: SpaceName, sizes: Preset, variant: VariantName = "plain") -> SearchSpace:
    """The space of that name; Fair DARTS leaves operations out."""
    if name == "macro":
        return MacroSpace(sizes.layers)
    if name == "darts":
        return CellSpace.darts(sparse=variant == "fair")
    if name == "micro":
        return CellSpace.enas_micro()
    *fewer, layers = sizes.growth.depths
    return ZophSpace(layers, fewer=tuple(fewer))
