"""The space that a run's settings name."""

from rnncell.run.settings import Settings
from rnncell.space.enas_space import ENASCellSpace
from rnncell.space.tree_space import TreeCellSpace

Space = ENASCellSpace | TreeCellSpace


def make_space(settings: Settings) -> Space:
    """The space of these settings, as large as their preset says."""
    sizes = settings.sizes
    if settings.space == "zoph":
        return TreeCellSpace(settings.base or sizes.base)
    return ENASCellSpace(sizes.nodes, sizes.activations, sizes.root)
