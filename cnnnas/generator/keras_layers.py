"""KerasLayers: the parts of a network as Keras's own layers, named by their places."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import layers as kl

from cnnnas.operations.layers import Edges, Layers, Pair, Tensor
from mlpnas.core.generator import Shapes


@dataclass(frozen=True)
class KerasLayers(Layers):
    """Keras's own layers alone: every model saves, and loads without this package."""

    def norm(self, x: Tensor) -> Tensor:
        name = f"{self.scope}-norm-{x.shape[-1]}"
        return kl.BatchNormalization(
            momentum=self.momentum, epsilon=self.epsilon, name=name
        )(x)  # fmt: skip

    def dense(self, x: Tensor, head: tuple[int, str], bias: bool = True) -> Tensor:
        """The final layer, always in float32; `head` is its units and activation."""
        name = f"{self.scope}-dense-{x.shape[-1]}x{head[0]}"
        init = keras.initializers.GlorotUniform(self.seed_of(name))
        return kl.Dense(
            *head, use_bias=bias, kernel_initializer=init, name=name, dtype="float32"
        )(x)

    def relu(self, x: Tensor) -> Tensor:
        return kl.ReLU()(x)

    def add(self, parts: Sequence[Tensor]) -> Tensor:
        return kl.Add()(list(parts))

    def concatenate(self, parts: Sequence[Tensor]) -> Tensor:
        return kl.Concatenate()(list(parts)) if len(parts) > 1 else parts[0]

    def shifted(self, x: Tensor) -> Tensor:
        x = kl.ZeroPadding2D(((0, 1), (0, 1)))(x)
        for axis in (1, 2):  # on a CPU the gradient of cropping takes three times as long
            _, x = keras.ops.split(x, [1], axis=axis)
        return x

    def _initial(self, name: str) -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(self.seed_of(name))

    def _convolution(
        self, name: str, x: Tensor, filters: int, sizes: Pair, steps: Pair, padding: str
    ) -> Tensor:
        return kl.Conv2D(
            filters, sizes, steps, padding,
            use_bias=False, name=name, kernel_initializer=self._initial(name),
        )(x)  # fmt: skip

    def _separable(
        self, name: str, x: Tensor, filters: int, kernel: int, stride: int, padding: str,
        dilation: int,
    ) -> Tensor:  # fmt: skip
        return kl.SeparableConv2D(
            filters, kernel, stride, padding,
            dilation_rate=dilation, use_bias=False, name=name,
            depthwise_initializer=self._initial(name),
            pointwise_initializer=self._initial(name + "-pointwise"),
        )(x)  # fmt: skip

    def _pool(self, kind: str, x: Tensor, kernel: int, stride: int, padding: str) -> Tensor:
        pooling = kl.MaxPooling2D if kind == "max" else kl.AveragePooling2D
        return pooling(kernel, stride, padding)(x)

    def _pad(self, x: Tensor, edges: Edges) -> Tensor:
        return kl.ZeroPadding2D(edges)(x)


def shapes_of(model: keras.Model) -> Shapes:
    """Weight key -> shapes of its arrays, in layer order."""
    return {
        layer.name: tuple(tuple(w.shape) for w in layer.weights)
        for layer in model.layers
        if layer.weights
    }
