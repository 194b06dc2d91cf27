"""MacroGenerator: from a macro architecture to the Keras model that is trained at length.

Unlike the network of shared weights it concatenates skips where that adds them, and doubles
the channels at each reduction.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the program its authors released. That program builds ordinary convolutions where the
search had separable ones, and no pools; here every operation is built as it was searched.
"""

from functools import lru_cache

import keras
from keras import layers as kl

from cnnnas.generator.layers import KerasLayers, Layers, Tensor, shapes_of
from cnnnas.generator.operations import factorized_reduction, relu_conv_norm
from cnnnas.generator.stem import check_image, small_stem
from cnnnas.space.macro_space import MacroSpace
from mlpnas.core.generator import Generator, Shapes
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task


class MacroGenerator(Generator):
    """Builds the architectures of a `MacroSpace`.

    Args:
        space: whose architectures it builds.
        channels: of the first third of the layers; 36 while searching in ENAS, 96 finally.
        dropout: rate before the last layer.
    """

    space: MacroSpace

    def __init__(self, space: MacroSpace, channels: int = 36, dropout: float = 0.5):
        self.space, self._channels, self._dropout = space, channels, dropout

    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> keras.Model:
        """From images `(batch, height, width, channels)` to `(batch, head units)`.

        Raises:
            InputError: if the task's rows are no images, or too small ones.
        """
        return self._network(architecture, task.input_shape, task.head, seed)

    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        """Read off a model, since every width follows from those before it."""
        return self._shapes(architecture, task.input_shape, task.head)

    @lru_cache(maxsize=256)  # noqa: B019 - generators live as long as their search
    def _shapes(self, architecture: Architecture, shape: tuple, head: tuple) -> Shapes:
        return shapes_of(self._network(architecture, shape, head, seed=0))

    def _network(
        self, architecture: Architecture, shape: tuple, head: tuple[int, str], seed: int
    ) -> keras.Model:
        check_image(shape, halvings=len(self.space.reductions))
        layers, images = KerasLayers(seed), keras.Input(shape, name="images")
        channels = self._channels
        outputs = [small_stem(layers, images, channels)]
        for i, layer in enumerate(self.space.wiring(architecture)):
            here = layers.at(f"layer{i}")
            out = operate(here.at(layer.operation), layer.operation, outputs[-1], channels)
            if i:
                out = _joined(here.at("join"), [outputs[j] for j in layer.skips], out)
            outputs.append(out)
            if i in self.space.reductions:
                channels *= 2
                outputs = [
                    factorized_reduction(here.at(f"halve{j}"), output, channels)
                    for j, output in enumerate(outputs)
                ]
        x = kl.GlobalAveragePooling2D()(outputs[-1])
        x = kl.Dropout(self._dropout, seed=layers.seed_of("dropout"))(x)
        return keras.Model(images, layers.at("head").dense(x, head, bias=False), name="macro")


def operate(layers: Layers, operation: str, x: Tensor, channels: int) -> Tensor:
    """A 1x1 convolution, then the operation itself; each rectified before and normalised
    after, but for pools."""
    x = relu_conv_norm(layers.at("inner"), x, channels)
    if "pool" in operation:
        return layers.pool(operation[:3], layers.relu(x), 3)
    size = int(operation[-1])
    if operation.startswith("sep"):
        return layers.norm(layers.separable(layers.relu(x), channels, size))
    return relu_conv_norm(layers, x, channels, kernel=size)


def _joined(layers: Layers, skips: list[Tensor], x: Tensor) -> Tensor:
    """Skips and x in depth, projected to the channels of x."""
    return relu_conv_norm(layers, layers.concatenate([*skips, x]), x.shape[-1])
