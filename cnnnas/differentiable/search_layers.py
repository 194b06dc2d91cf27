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

from cnnnas.operations.layers import Tensor
from cnnnas.supernet.computed_layers import ComputedLayers, normalise


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
class SearchLayers(ComputedLayers):
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
            self.made[channels] = tf.ones([channels]), tf.zeros([channels])
        return self._once(x, "norm", lambda: normalise(x, *self.made[channels]))

    def _array(self, name: str, *shape: int) -> tf.Variable:
        return self.store.array(name, shape, self.seed_of(name))

    def _pool(self, kind: str, x: Tensor, kernel: int, stride: int, padding: str) -> Tensor:
        pooling = tf.nn.max_pool2d if kind == "max" else tf.nn.avg_pool2d
        what = kind, kernel, stride, padding
        return self._once(x, what, lambda: pooling(x, kernel, stride, padding.upper()))
