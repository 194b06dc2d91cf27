"""MLPGenerator: from a chain of layers to a Keras model whose layers carry weight keys."""

from collections import Counter

import keras

from mlpnas.core.evaluator import Generator, Shapes
from mlpnas.core.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.space import DROPOUT, MLPSpace


class MLPGenerator(Generator):
    """Builds the multi-layer perceptrons of an `MLPSpace`.

    The weight key of a dense layer is its bigram (previous and current layer) with fan-in,
    fan-out and occurrence: `128_relu-64_elu-128x64-0` is the first layer of this network
    that takes 128 relu units to 64 elu units. Dropout has no weights and is looked through,
    so `A, dropout, B` shares with `A, B`. The occurrence keeps two equal bigrams of one
    network apart; fan-in keeps inputs of different width apart.

    Args:
        space: the space whose architectures it builds.
    """

    space: MLPSpace

    def __init__(self, space: MLPSpace):
        self.space = space

    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        """Weight key -> `((fan_in, fan_out), (fan_out,))`, kernel and bias."""
        seen: Counter[str] = Counter()
        shapes = {}
        previous, fan_in = "input", _flat(task.input_shape)
        for layer in [*self.space.layers(architecture), self.space.head]:
            if layer == DROPOUT:
                continue
            units, activation = layer
            current = f"{units}_{activation}"
            bigram = f"{previous}-{current}-{fan_in}x{units}"
            shapes[f"{bigram}-{seen[bigram]}"] = ((fan_in, units), (units,))
            seen[bigram] += 1
            previous, fan_in = current, units
        return shapes

    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> keras.Model:
        """A functional model from `(batch, *task.input_shape)` to `(batch, head units)`."""
        keys = iter(self.weight_shapes(architecture, task))
        inputs = x = keras.Input(task.input_shape, name="rows")
        if len(task.input_shape) > 1:
            x = keras.layers.Flatten(name="flatten")(x)
        for i, layer in enumerate([*self.space.layers(architecture), self.space.head]):
            # One seed per layer: equal layers must not start with equal weights.
            layer_seed = (seed * 1009 + i) % 2**31
            if layer == DROPOUT:
                dropout = keras.layers.Dropout(
                    self.space.dropout, seed=layer_seed, name=f"dropout_{i}"
                )
                x = dropout(x)
                continue
            units, activation = layer
            x = keras.layers.Dense(
                units,
                activation,
                kernel_initializer=keras.initializers.GlorotUniform(seed=layer_seed),
                name=next(keys),
            )(x)
        return keras.Model(inputs, x, name="mlp")


def _flat(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size
