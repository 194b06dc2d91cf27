"""What a user would have tried otherwise: a plain convolutional network of the same size."""

import keras
from keras import layers as kl

from cnnnas.generator.keras_layers import KerasLayers, shapes_of
from cnnnas.generator.stem import check_image
from cnnnas.operations.layers import Layers, Tensor
from mlpnas.core.generator import Generator, Shapes
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task

STAGES, DEPTH = 3, 2


class PlainCNN(Generator):
    """Three stages of two 3x3 convolutions each, with twice the channels in each next one.

    Convolution, batch normalisation, ReLU; a maximum halves the image between stages; the
    average of what is left is classified. It has no space, and builds one network only.

    Args:
        channels: of the first stage.
    """

    def __init__(self, channels: int):
        self._channels = channels

    @property
    def architecture(self) -> Architecture:
        """The network that it builds."""
        text = f"{STAGES} stages of {DEPTH} convolutions, {self._channels} channels at first"
        return Architecture("plain", (), text)

    def build(
        self, architecture: Architecture | None, task: Task, seed: int = 0
    ) -> keras.Model:
        check_image(task.input_shape, halvings=STAGES - 1)
        layers, images = KerasLayers(seed), keras.Input(task.input_shape, name="images")
        x = images
        for stage in range(STAGES):
            x = self._stage(layers.at(f"stage{stage}"), x, self._channels * 2**stage)
            x = kl.MaxPooling2D()(x) if stage + 1 < STAGES else kl.GlobalAveragePooling2D()(x)
        return keras.Model(images, layers.at("head").dense(x, task.head), name="plain")

    def _stage(self, layers: Layers, x: Tensor, channels: int) -> Tensor:
        for number in range(DEPTH):
            here = layers.at(f"conv{number}")
            x = kl.ReLU()(here.norm(here.convolution(x, channels, 3)))
        return x

    def weight_shapes(self, architecture: Architecture | None, task: Task) -> Shapes:
        return shapes_of(self.build(architecture, task))


def plain_cnn(parameters: int, task: Task) -> PlainCNN:
    """The plain network whose number of weights is nearest to `parameters`."""
    channels = range(2, 129)
    return PlainCNN(min(channels, key=lambda c: abs(size(c, task) - parameters)))


def size(channels: int, task: Task) -> int:
    """Trainable parameters of `PlainCNN(channels)`: kernels, two per normalised channel, and
    the last layer with its bias."""
    inputs, total = task.input_shape[2], 0
    for stage in range(STAGES):
        outputs = channels * 2**stage
        for _ in range(DEPTH):
            total += 9 * inputs * outputs + 2 * outputs
            inputs = outputs
    return total + (inputs + 1) * task.head[0]
