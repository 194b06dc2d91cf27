"""ZophGenerator: from the layers of a `ZophSpace` to a Keras model, by three repair rules.

A layer that reads nothing reads the image; what nobody reads goes, concatenated, to the
classifier; and where inputs of different size meet, the smaller ones are padded with zeros.
"""

from collections.abc import Sequence

import keras
from keras import layers as kl

from cnnnas.generator.keras_layers import KerasLayers, shapes_of
from cnnnas.generator.stem import check_image
from cnnnas.operations.layers import Tensor
from cnnnas.space.zoph_space import CONVOLUTION, ZophLayer, ZophSpace
from mlpnas.core.generator import Generator, Shapes
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task


class ZophGenerator(Generator):
    """Convolutions without bias, normalised and rectified; global pooling and one dense layer.

    Args:
        space: of layers.
    """

    space: ZophSpace

    def __init__(self, space: ZophSpace):
        self.space = space

    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> keras.Model:
        """From images `(batch, height, width, channels)` to `(batch, head units)`.

        Raises:
            InputError: if the task's rows are no images.
        """
        check_image(task.input_shape, halvings=0)
        images = keras.Input(task.input_shape, name="images")
        layers, outputs = KerasLayers(seed), [images]
        network = self.space.network(architecture)
        for number, layer in enumerate(network, 1):
            read = [outputs[i] for i in layer.reads or (0,)]
            place = layers.at(f"layer{number}")
            outputs.append(_apply(place, layer, side_by_side(read)))
        last = side_by_side([outputs[i] for i in unread(network)])
        x = kl.GlobalAveragePooling2D()(last)
        return keras.Model(images, layers.at("head").dense(x, task.head), name="zoph")

    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        """Read off a model, since every width follows from what is read."""
        return shapes_of(self.build(architecture, task))


def _apply(layers: KerasLayers, layer: ZophLayer, x: Tensor) -> Tensor:
    size, stride = (layer.height, layer.width), (layer.down, layer.across)
    if layer.type == CONVOLUTION:
        here = layers.at(f"{layer.height}x{layer.width}")
        return kl.ReLU()(here.norm(here.convolution(x, layer.filters, size, stride)))
    pooling = kl.MaxPooling2D if layer.type == "max" else kl.AveragePooling2D
    return pooling(size, stride, "same")(x)


def unread(network: Sequence[ZophLayer]) -> list[int]:
    """The layers, counted from 1, that no layer reads; the last one is always among them."""
    read = {j for layer in network for j in layer.reads}
    return [n for n in range(1, len(network) + 1) if n not in read]


def side_by_side(inputs: Sequence[Tensor]) -> Tensor:
    """Concatenated in depth, the smaller ones in the middle of zeros."""
    if len(inputs) == 1:
        return inputs[0]
    height, width = (max(x.shape[axis] for x in inputs) for axis in (1, 2))
    return kl.Concatenate()([_padded(x, height, width) for x in inputs])


def _padded(x: Tensor, height: int, width: int) -> Tensor:
    missing = height - x.shape[1], width - x.shape[2]
    if missing == (0, 0):
        return x
    return kl.ZeroPadding2D(tuple((m // 2, m - m // 2) for m in missing))(x)
