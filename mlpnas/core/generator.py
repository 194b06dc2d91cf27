"""Generator: from an architecture to a Keras model whose layers carry weight keys."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.task import Task

if TYPE_CHECKING:
    import keras

Shapes = Mapping[str, Sequence[tuple[int, ...]]]


class Generator(ABC):
    """Decodes architectures of one space into Keras models.

    Examples:
        >>> from mlpnas import MLPGenerator, MLPSpace
        >>> from mlpnas.testing.fakes import tiny_task
        >>> space = MLPSpace((3, "softmax"))
        >>> architecture = space.parse("(8, 'relu'), (3, 'softmax')")
        >>> MLPGenerator(space).weight_shapes(architecture, tiny_task("multiclass"))
        {'input-8_relu-4x8-0': ((4, 8), (8,)), '8_relu-3_softmax-8x3-0': ((8, 3), (3,))}
    """

    space: SearchSpace

    @abstractmethod
    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> "keras.Model":
        """Build an ordinary, freshly initialised, uncompiled Keras model.

        Every layer that has weights is named by its weight key. Equal seeds give equal
        initial weights and dropout masks.
        """

    @abstractmethod
    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        """Map each weight key to the shapes of its arrays, in layer order."""

    def parameters(self, architecture: Architecture, task: Task) -> int:
        """Trainable parameters of an architecture."""
        shapes = self.weight_shapes(architecture, task).values()
        return sum(math.prod(shape) for arrays in shapes for shape in arrays)
