"""Networks around a recurrent cell: language models and classifiers of sequences.

A cell is named by its text, as its space writes it, or `lstm` or `gru`: so the baselines are
built, sized and trained by the same code as what was found. What makes the cell is the space's.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

from mlpnas.core.generator import Generator, Shapes
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.task import Task
from rnncell.generator.highway_cell import HighwayCell
from rnncell.generator.tree_cell import TreeCell
from rnncell.recipes import Network

# What makes a cell of its text, what surrounds it, and the options of Keras's cells.
MakeCell = Callable[..., Any]


def highway_cell(text: str, network: Network, **options: Any) -> Any:
    """The cell of an `ENASCellSpace`'s text."""
    return HighwayCell(network.units, text, average=network.average, **options)


def tree_cell(text: str, network: Network, **options: Any) -> Any:
    """The cell of a `TreeCellSpace`'s text."""
    return TreeCell(network.units, text, **options)


def keras_cell(name: str, network: Network, seed: int | None, **options: Any) -> Any:
    """Keras's own cell of a name of `BASELINES`."""
    return BASELINES[name](
        network.units,
        kernel_initializer=keras.initializers.GlorotUniform(seed),
        recurrent_initializer=keras.initializers.Orthogonal(seed=seed),
        recurrent_regularizer=options["kernel_regularizer"],
        seed=seed,
        **options,
    )


BASELINES = {"lstm": layers.LSTMCell, "gru": layers.GRUCell}


@keras.saving.register_keras_serializable("rnncell")
class Slowness(keras.layers.Layer):
    """Hands its input on, and adds `factor` times the mean square of its change from step to
    step to the loss. Input and output: `(batch, steps, units)`."""

    def __init__(self, factor: float, **options: Any):
        super().__init__(**options)
        self.factor = factor

    def call(self, outputs: Any) -> Any:
        change = outputs[:, 1:] - outputs[:, :-1]
        self.add_loss(self.factor * keras.ops.mean(keras.ops.square(change)))
        return outputs

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes an equal layer of."""
        return {**super().get_config(), "factor": self.factor}


class CellGenerator(Generator):
    """Builds the network of a cell for a task; see `Generator`.

    For a text, a stateful language model from token ids `(batch, steps)` to logits
    `(batch, steps, tokens)`, whose input and output share one matrix. For sequences, from
    `(batch, steps, features)` to class probabilities `(batch, classes)`.

    Args:
        space: of the architectures.
        network: what surrounds the cell.
        batch: sequences side by side in a language model; None for any number, which then
            start from zero states at every call.
        cell: makes the cell of an architecture's text.
    """

    def __init__(
        self, space: SearchSpace, network: Network, batch: int | None = None,
        cell: MakeCell = highway_cell,
    ):  # fmt: skip
        self.space, self.network, self.batch, self._cell = space, network, batch, cell

    def with_batch(self, batch: int | None) -> "CellGenerator":
        """The same for so many sequences."""
        return CellGenerator(self.space, self.network, batch, self._cell)

    def with_units(self, units: int) -> "CellGenerator":
        """The same with cells of so many units."""
        network = replace(self.network, units=units)
        return CellGenerator(self.space, network, self.batch, self._cell)

    def baseline(self) -> "CellGenerator":
        """The same around the cells of `BASELINES`."""
        return CellGenerator(self.space, self.network, self.batch, keras_cell)

    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> keras.Model:
        make = self._classifier if task.input_shape else self._language_model
        return make(str(architecture), task, seed)

    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        model = self.build(architecture, task)
        weights = {layer.name: layer.weights for layer in model.layers if layer.weights}
        return {name: [tuple(w.shape) for w in found] for name, found in weights.items()}

    def _language_model(self, cell: str, task: Task, seed: int) -> keras.Model:
        network, seeds = self.network, _seeds(seed)
        r = network.regularization
        tokens = keras.Input(batch_shape=(self.batch, None), dtype="int32", name="tokens")
        words = layers.ReversibleEmbedding(
            len(task.classes),
            network.units,
            embeddings_initializer=keras.initializers.RandomUniform(-0.1, 0.1, next(seeds)),
            embeddings_regularizer=keras.regularizers.L2(r.l2) if r.l2 else None,
            name="embedding",
        )
        x = words(tokens)
        for rate, shape in ((r.word, (None, None, 1)), (r.embedding, (None, 1, None))):
            x = layers.Dropout(rate, noise_shape=shape, seed=next(seeds))(x)
        x = layers.RNN(
            self._made(cell, next(seeds)),
            return_sequences=True, stateful=self.batch is not None, name="rnn",
        )(x)  # fmt: skip
        if r.slowness:
            x = Slowness(r.slowness)(x)
        x = layers.Dropout(r.output, noise_shape=(None, 1, None), seed=next(seeds))(x)
        return keras.Model(tokens, words(x, reverse=True), name="language_model")

    def _classifier(self, cell: str, task: Task, seed: int) -> keras.Model:
        network, seeds = self.network, _seeds(seed)
        units, activation = task.head
        inputs = keras.Input((None, task.input_shape[-1]), name="steps")
        x = layers.Masking()(inputs)  # see `sequences`: filling is all zeros
        x = layers.RNN(self._made(cell, next(seeds)), name="rnn")(x)
        x = layers.Dropout(network.regularization.output, seed=next(seeds))(x)
        start = keras.initializers.GlorotUniform(next(seeds))
        head = layers.Dense(units, activation, kernel_initializer=start, name="classes")
        return keras.Model(inputs, head(x), name="classifier")

    def _made(self, cell: str, seed: int) -> Any:
        r = self.network.regularization
        return self._cell(
            cell,
            self.network,
            dropout=r.input,
            recurrent_dropout=r.state,
            kernel_regularizer=keras.regularizers.L2(r.l2) if r.l2 else None,
            seed=seed,
        )


def sized(generator: CellGenerator, name: str, task: Task, target: int) -> CellGenerator:
    """The generator of baselines with as many units as bring the cell of this name nearest to
    `target` trainable parameters."""
    plain = generator.baseline()

    def count(units: int) -> int:
        return plain.with_units(units).parameters(baseline(name), task)

    high = 1
    while count(high) < target:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) < target else (low, middle)
    return plain.with_units(
        min((max(low, 1), high), key=lambda units: abs(count(units) - target))
    )


def baseline(name: str) -> Architecture:
    """A cell of `BASELINES`, as what a generator builds."""
    return Architecture("baselines", (), name)


def _seeds(seed: int) -> Iterator[int]:
    return iter(np.random.SeedSequence(seed).generate_state(8).tolist())
