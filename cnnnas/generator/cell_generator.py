"""CellGenerator: from an architecture of a `CellSpace` to a Keras model."""

from functools import lru_cache

import keras

from cnnnas.generator.cell_networks import CellNetwork, darts_network
from cnnnas.generator.keras_layers import shapes_of
from cnnnas.space.cell_space import CellSpace
from mlpnas.core.generator import Generator, Shapes
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task


class CellGenerator(Generator):
    """Stacks the cells of an architecture to a network.

    A weight key holds the cell's number in the network, the node, the operation, the state
    that it reads and the shape; so two networks share what does the same thing in the same
    place.

    Args:
        space: of cells.
        network: how they are stacked, `darts_network`, `enas_network` or `nasnet_network`.
        channels: of a node in the first stage.
        number: of cells, or in `nasnet_network` of normal cells per stage.
        auxiliary: whether models have a second output, from an auxiliary head.
        drop_path: rate at the end of training; models with drop path are for training only,
            see `drop_path.for_inference`.
    """

    space: CellSpace

    def __init__(
        self, space: CellSpace, network: CellNetwork = darts_network, channels: int = 16,
        number: int = 8, auxiliary: bool = False, drop_path: float = 0.0,
    ):  # fmt: skip
        self.space, self._network = space, network
        self._settings = {
            "channels": channels, "number": number, "auxiliary": auxiliary,
            "drop_path": drop_path,
        }  # fmt: skip

    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> keras.Model:
        """From images `(batch, height, width, channels)` to `(batch, head units)`.

        Raises:
            InputError: if the task's rows are no images, or too small ones.
        """
        cells = self.space.cells(architecture)
        return self._network(cells, task.input_shape, task.head, seed=seed, **self._settings)

    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        """Read off a model, since every width follows from those before it."""
        return self._shapes(architecture, task.input_shape, task.head)

    @lru_cache(maxsize=256)  # noqa: B019 - generators live as long as their search
    def _shapes(self, architecture: Architecture, shape: tuple, head: tuple) -> Shapes:
        cells = self.space.cells(architecture)
        return shapes_of(self._network(cells, shape, head, **self._settings))
