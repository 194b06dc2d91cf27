"""Published cells, each in one line.

    >>> import keras
    >>> from rnncell.published import enas_cell
    >>> layer = keras.layers.RNN(enas_cell(650), return_sequences=True)

Cells that were found by a search are data; `HighwayCell` and `TreeCell` compute them.
"""

from typing import Any

from rnncell.generator.highway_cell import HighwayCell
from rnncell.generator.tree_cell import TreeCell

# The figure of the ENAS paper, as the DARTS authors wrote it down.
ENAS_PAPER = (
    "tanh, tanh(0), tanh(1), relu(1), tanh(3), tanh(3), relu(3), relu(4), relu(7), "
    "relu(8), relu(8), relu(8)"
)
# The ENAS authors' first release: 0 0 0 1 1 2 1 2 0 2 0 5 1 1 0 6 1 8 1 8 1 8 1.
ENAS = (
    "tanh, tanh(0), relu(1), relu(2), tanh(2), tanh(2), relu(5), tanh(1), relu(6), "
    "relu(8), relu(8), relu(8)"
)
# Their second, enas_lm: 0 2 1 0 2 1 2 2 4 0 5 0 3 2 6 2.
ENAS_LM = (
    "tanh, sigmoid(0), tanh(1), relu(2), sigmoid(2), tanh(4), tanh(5), sigmoid(3), sigmoid(6)"
)
DARTS_V1 = "tanh, relu(0), relu(1), tanh(2), relu(3), relu(4), identity(1), relu(5), relu(1)"
DARTS_V2 = (
    "tanh, sigmoid(0), relu(1), relu(1), identity(1), tanh(2), sigmoid(5), tanh(3), relu(5)"
)
# Zoph and Le, base 8, with the steps and places of the released NASCell.
NAS = (
    "add sigmoid, add relu, add sigmoid, mult relu, add tanh, add sigmoid, add tanh, "
    "add sigmoid, mult tanh, add tanh, mult tanh, add sigmoid, mult identity, add tanh, "
    "mult tanh; inject add tanh at 8; memory 12"
)


def enas_cell(units: int, **options: Any) -> HighwayCell:
    """The ENAS authors' first release: the mean of the loose ends."""
    return HighwayCell(units, ENAS, **options)


def enas_paper_cell(units: int, **options: Any) -> HighwayCell:
    """The cell in the ENAS paper's figure."""
    return HighwayCell(units, ENAS_PAPER, **options)


def enas_lm_cell(units: int, **options: Any) -> HighwayCell:
    """The ENAS authors' second release: the mean of all nodes."""
    return HighwayCell(units, ENAS_LM, average="nodes", **options)


def darts_v1_cell(units: int, **options: Any) -> HighwayCell:
    """DARTS, first order."""
    return HighwayCell(units, DARTS_V1, average="nodes", **options)


def darts_v2_cell(units: int, **options: Any) -> HighwayCell:
    """DARTS, second order."""
    return HighwayCell(units, DARTS_V2, average="nodes", **options)


def nas_cell(units: int, **options: Any) -> TreeCell:
    """Zoph and Le's cell for language models, NASCell."""
    return TreeCell(units, NAS, **options)
