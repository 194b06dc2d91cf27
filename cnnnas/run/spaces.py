"""The space that a run's settings name."""

from cnnnas.run.settings import Settings
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import MacroSpace
from cnnnas.space.zoph_space import ZophSpace
from mlpnas.core.space.search_space import SearchSpace


def make_space(settings: Settings) -> SearchSpace:
    """The space of these settings, as large as their preset says; Fair DARTS leaves operations
    out."""
    s, sizes = settings, settings.sizes
    if s.space == "macro":
        return MacroSpace(sizes.layers)
    if s.space == "darts":
        return CellSpace.darts(sparse=s.variant == "fair")
    if s.space == "micro":
        return CellSpace.enas_micro()
    *other_depths, layers = sizes.growth.depths
    return ZophSpace(
        layers, strides=s.strides, types=s.layer_types, other_depths=tuple(other_depths)
    )
