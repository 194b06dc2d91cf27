"""SearchLayers: the parts of a supernet, computed with the variables of a `Store`.

The counterpart of `KerasLayers`: places and names are the same, so what a supernet has learned
can be put into the network that is cut out of it. Batch normalisation has neither scale nor
offset, since a scale could undo the weight of an operation in a mixture, and always uses the
statistics of its batch: moving averages would lag behind the mixture.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import keras
import tensorflow as tf

from cnnnas.generator.layers import Edges, Layers, Pair, Tensor
from cnnnas.supernet.weight_bank import Norm, convolve, normalise


class Store(keras.layers.Layer):
    """Trainable variables by name, made when they are first asked for.

    Attributes:
        arrays: name -> variable, in the order made.
        complete: whether all are made, which the network says once it has run.
    """

    def __init__(self) -> None:
        super().__init__(name="store")
        self.arrays: dict[str, keras.Variable] = {}
        self.complete = False
        self.built = True

    def array(self, name: str, shape: Sequence[int], seed: int) -> tf.Variable:
        """The kernel of this name; its first values are He normal."""
        if name not in self.arrays:
            init = keras.initializers.HeNormal(seed)
            self.arrays[name] = self.add_weight(name=name, shape=shape, initializer=init)
        return self.arrays[name].value


@dataclass(frozen=True)
class SearchLayers(Layers):
    """See `Layers`.

    What has no weights is computed of a tensor once: all edges that leave a state share its
    rectified and its pooled image.

    Args:
        store: of the variables.
        made: what was computed so far, in one graph.
    """

    store: Store = field(kw_only=True)
    made: dict[Hashable, Tensor] = field(kw_only=True, default_factory=dict)

    def fresh(self) -> Self:
        """The same for another graph, in which nothing is computed yet."""
        return replace(self, made={})

    def _once(self, x: Tensor, what: Hashable, compute: Callable[[], Tensor]) -> Tensor:
        key = x.ref(), what
        if key not in self.made:
            self.made[key] = compute()
        return self.made[key]

    def norm(self, x: Tensor) -> Tensor:
        channels = x.shape[-1]
        if channels not in self.made:
            self.made[channels] = Norm(tf.ones([channels]), tf.zeros([channels]))
        return self._once(x, "norm", lambda: normalise(x, self.made[channels]))

    def relu(self, x: Tensor) -> Tensor:
        return self._once(x, "relu", lambda: tf.nn.relu(x))

    def add(self, parts: Sequence[Tensor]) -> Tensor:
        return tf.add_n(list(parts))

    def concatenate(self, parts: Sequence[Tensor]) -> Tensor:
        return tf.concat(list(parts), axis=-1)

    def shifted(self, x: Tensor) -> Tensor:
        padded = self._pad(x, ((0, 1), (0, 1)))
        # The gradient of x[:, 1:, 1:] takes three times as long on a CPU.
        return self._once(x, "shifted", lambda: tf.slice(padded, [0, 1, 1, 0], [-1] * 4))

    def _array(self, name: str, *shape: int) -> tf.Variable:
        return self.store.array(name, shape, self.seed_of(name))

    def _convolution(
        self, name: str, x: Tensor, filters: int, sizes: Pair, steps: Pair, padding: str
    ) -> Tensor:
        kernel = self._array(name, *sizes, x.shape[-1], filters)
        return tf.nn.conv2d(x, kernel, steps, padding.upper())

    def _separable(
        self, name: str, x: Tensor, filters: int, kernel: int, stride: int, padding: str,
        dilation: int,
    ) -> Tensor:  # fmt: skip
        channels = x.shape[-1]
        depthwise = self._array(name, kernel, kernel, channels, 1)
        pointwise = self._array(f"{name}-pointwise", 1, 1, channels, filters)
        steps, gaps = [1, stride, stride, 1], [dilation, dilation]
        x = tf.nn.depthwise_conv2d(x, depthwise, steps, padding.upper(), dilations=gaps)
        return convolve(x, pointwise)

    def _pool(self, kind: str, x: Tensor, kernel: int, stride: int, padding: str) -> Tensor:
        pooling = tf.nn.max_pool2d if kind == "max" else tf.nn.avg_pool2d
        what = kind, kernel, stride, padding
        return self._once(x, what, lambda: pooling(x, kernel, stride, padding.upper()))

    def _pad(self, x: Tensor, edges: Edges) -> Tensor:
        return self._once(x, edges, lambda: tf.pad(x, [(0, 0), *edges, (0, 0)]))
