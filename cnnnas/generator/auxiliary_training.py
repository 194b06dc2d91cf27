"""AuxiliaryModel: cells trained at length with an auxiliary head and drop path, as published.

Both help in training only. The losses of both outputs count, drop path grows from epoch to
epoch, and predictions are those of the first output; the weights fit the network without.

Sources: Zoph et al., "Learning transferable architectures", CVPR 2018; Pham et al., ICML 2018.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from cnnnas.generator.cell_generator import CellGenerator
from cnnnas.generator.cell_networks import AUXILIARY
from cnnnas.generator.drop_path import ScheduledDropPath
from mlpnas.core.generator import Generator, Shapes
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task


class AuxiliaryModel(keras.Model):
    """A functional model of two outputs for one target."""

    def compile(self, optimizer: Any, loss: Any, **kwargs: Any) -> None:
        super().compile(optimizer, [loss, loss], loss_weights=[1.0, AUXILIARY], **kwargs)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
        training: bool = True,
    ) -> Any:  # fmt: skip
        return super().compute_loss(x, [y, y], y_pred, sample_weight, training)

    def fit(
        self, *args: Any, epochs: int = 1, callbacks: Sequence[Any] = (), **kwargs: Any
    ) -> keras.callbacks.History:
        paths = ScheduledDropPath(epochs)
        return super().fit(*args, epochs=epochs, callbacks=[paths, *callbacks], **kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> np.ndarray:
        return super().predict(*args, **kwargs)[0]


class AuxiliaryGenerator(Generator):
    """Builds networks for training; see `drop_path` for what becomes of them.

    Args:
        cells: builds models with an auxiliary head.
    """

    def __init__(self, cells: CellGenerator):
        self.space, self._cells = cells.space, cells

    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> AuxiliaryModel:
        model = self._cells.build(architecture, task, seed)
        return AuxiliaryModel(model.inputs[0], model.outputs, name=model.name)

    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        return self._cells.weight_shapes(architecture, task)
