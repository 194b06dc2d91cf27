"""MLPGenerator: from a chain of layers to a Keras model whose layers carry weight keys."""

import math
from collections import Counter

import keras
import numpy as np

from mlpnas.core.errors import InputError
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
        previous, fan_in = "input", math.prod(task.input_shape)
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
        """A functional model from `(batch, *task.input_shape)` to `(batch, head units)`.

        Raises:
            InputError: if the task demands another final layer than the space has.
        """
        if task.head != self.space.head:
            raise InputError(
                f"the space ends in {self.space.head}, but the task {task.name!r} demands "
                f"{task.head}; make the space with MLPSpace(head=task.head)"
            )
        inputs = x = keras.Input(task.input_shape, name="rows")
        if len(task.input_shape) > 1:
            x = keras.layers.Flatten(name="flatten")(x)
        for layer in self._layers(architecture, task, seed):
            x = layer(x)
        return keras.Model(inputs, x, name="mlp")

    def _layers(self, architecture: Architecture, task: Task, seed: int) -> list:
        keys = iter(self.weight_shapes(architecture, task))
        # One seed per layer: equal layers must not start with equal weights.
        hidden = self.space.layers(architecture)
        seeds = np.random.SeedSequence(seed).generate_state(len(hidden) + 1).tolist()
        made = [
            keras.layers.Dropout(self.space.dropout, seed=own, name=f"dropout_{i}")
            if layer == DROPOUT
            else _dense(layer, next(keys), own)
            for i, (layer, own) in enumerate(zip(hidden, seeds, strict=False))
        ]
        return [*made, _dense(self.space.head, next(keys), seeds[-1])]


def _dense(layer: tuple[int, str], key: str, seed: int) -> keras.layers.Dense:
    units, activation = layer
    init = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(units, activation, kernel_initializer=init, name=key)
