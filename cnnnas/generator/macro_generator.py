"""MacroGenerator: from a macro architecture to the Keras model that is trained at length.

Unlike the network of shared weights it concatenates skips where that adds them, and doubles
the channels at each reduction.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the program its authors released. That program builds ordinary convolutions where the
search had separable ones, and no pools; here every operation is built as it was searched.
"""

from functools import lru_cache, partial

import keras
from keras import layers as kl

from cnnnas.generator.keras_layers import KerasLayers, shapes_of
from cnnnas.generator.stem import check_image, small_stem
from cnnnas.operations.layers import Layers, Tensor
from cnnnas.operations.vocabulary import (
    Operation,
    dilated,
    factorized_reduction,
    operation,
    relu_conv_norm,
)
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
            place = here.at(layer.operation)
            out = relu_conv_norm(place.at("inner"), outputs[-1], channels)
            out = operate(place, layer.operation, out, channels)
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


# A layer filters once where a cell's node filters twice.
ONCE = {f"sep_conv_{k}x{k}": Operation(partial(dilated, k, dilation=1)) for k in (3, 5, 7)}


def operate(layers: Layers, name: str, x: Tensor, channels: int) -> Tensor:
    """What a layer does behind its first convolution; pools see a rectified image too."""
    chosen = ONCE.get(name) or operation(name)
    return chosen.apply(layers, x if chosen.complete else layers.relu(x), channels, 1)


def _joined(layers: Layers, skips: list[Tensor], x: Tensor) -> Tensor:
    """Skips and x in depth, projected to the channels of x."""
    return relu_conv_norm(layers, layers.concatenate([*skips, x]), x.shape[-1])
