"""MLPGenerator: from a chain of layers to a Keras model whose layers carry weight keys."""

import math
from collections import Counter
from collections.abc import Iterator

import keras
import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.generator import Generator, Shapes
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task
from mlpnas.layers import LayerType
from mlpnas.space import MLPSpace


class MLPGenerator(Generator):
    """Builds the multi-layer perceptrons of an `MLPSpace`.

    The weight key of a dense layer is its bigram (previous and current layer) with fan-in,
    fan-out and occurrence: `128_relu-64_elu-128x64-0` is the first layer of this network
    that takes 128 relu units to 64 elu units. What has no weights, as dropout, is looked
    through, so `A, dropout, B` shares with `A, B`. The occurrence keeps two equal bigrams of
    one network apart; fan-in keeps inputs of different width apart.

    Args:
        space: the space whose architectures it builds.

    Examples:
        >>> from mlpnas import MLPGenerator, MLPSpace
        >>> from mlpnas.testing.fakes import tiny_task
        >>> space = MLPSpace((3, "softmax"))
        >>> architecture = space.parse("(8, 'relu'), 'dropout', (3, 'softmax')")
        >>> model = MLPGenerator(space).build(architecture, tiny_task("multiclass"))
        >>> model.output_shape, model.count_params()
        ((None, 3), 67)
    """

    space: MLPSpace

    def __init__(self, space: MLPSpace):
        self.space = space

    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        """Weight key -> shapes of a layer's arrays, for dense ones kernel and bias."""
        return {
            key: layer.shapes(fan_in) for layer, key, fan_in in self._walk(architecture, task)
        }

    def parameters(self, architecture: Architecture, task: Task) -> int:
        """Trainable parameters of an architecture, without building it."""
        return sum(layer.parameters(n) for layer, _, n in self._walk(architecture, task))

    def _walk(
        self, architecture: Architecture, task: Task
    ) -> Iterator[tuple[LayerType, str, int]]:
        """The layers that have weights, with their keys and their units of input."""
        seen: Counter[str] = Counter()
        previous, fan_in = "input", math.prod(task.input_shape)
        if encoding := self.space.encoding(architecture):
            previous, fan_in = encoding.name, encoding.of(task.train.x).units
        for layer in self.space.layers(architecture):
            if not layer.shapes(fan_in):
                continue
            units = layer.units(fan_in)
            bigram = f"{previous}-{layer.name}-{fan_in}x{units}"
            yield layer, f"{bigram}-{seen[bigram]}", fan_in
            seen[bigram] += 1
            previous, fan_in = layer.name, units

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
        if encoding := self.space.encoding(architecture):
            x = encoding.of(task.train.x).apply(x)
        keys = (key for _, key, _ in self._walk(architecture, task))
        layers = self.space.layers(architecture)
        # One seed per layer: equal layers must not start with equal weights.
        seeds = np.random.SeedSequence(seed).generate_state(len(layers)).tolist()
        for i, (layer, own) in enumerate(zip(layers, seeds, strict=True)):
            key = next(keys) if layer.shapes(x.shape[-1]) else f"{layer.name}_{i}"
            x = layer.apply(x, key, own)
        return keras.Model(inputs, x, name="mlp")
