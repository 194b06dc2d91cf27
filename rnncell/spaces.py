"""The space that a run's settings name."""

from rnncell.enas_space import ENASCellSpace
from rnncell.presets import Preset
from rnncell.settings import SpaceName
from rnncell.tree_space import TreeCellSpace

Space = ENASCellSpace | TreeCellSpace


def make_space(name: SpaceName, sizes: Preset) -> Space:
    """The space of this name, as large as the preset says."""
    if name == "zoph":
        return TreeCellSpace(sizes.base)
    return ENASCellSpace(sizes.nodes, sizes.activations, sizes.root)
