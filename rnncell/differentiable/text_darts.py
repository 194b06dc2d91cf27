"""TextDARTS: a language model around a mixed cell, and the texts it learns from.

Weights learn from the training text, architecture parameters from the validation text, each
read window by window with a carried state of its own. The score of the mixture and of cells
alone is the reward of the first validation windows, read from a zero state without dropout.

Source: Liu, Simonyan and Yang, "DARTS: differentiable architecture search", ICLR 2019, and the
authors' program.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from mlpnas.core.differentiable.bilevel import Bilevel, Descent
from mlpnas.core.differentiable.relaxation import softmax
from mlpnas.core.differentiable.search import Tables
from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Fold, Task
from rnncell.data.text import windows
from rnncell.differentiable.mixed_cell import OPERATIONS, MixedCell, derive, edges_of, one_hot
from rnncell.recipes import ENAS_REWARD, MixedRecipe, Network, Reward
from rnncell.space.enas_space import ENASCellSpace, write_nodes
from rnncell.supernet.language import masks, mean_nats, temporal_change, vectors

CELL = "recurrent"  # the one kind of cell there is


class TextDARTS:
    """See `mlpnas.core.differentiable.search.DifferentiableSupernet`.

    Args:
        space: of the cells; node 0 is a tanh and all nodes but it are averaged.
        task: a text.
        network: what surrounds the cell.
        recipe: how to train.
        order: of the gradient on the architecture parameters, 1 or 2.
        reward: of a perplexity.
        seed: of initial weights and dropout.

    Attributes:
        alphas: the architecture parameters, `(edges, operations)`.
        bilevel: steps on them and on the weights.

    Raises:
        InputError: if a text is too short.
    """

    operations: tuple[str, ...] = OPERATIONS

    def __init__(
        self, space: ENASCellSpace, task: Task, network: Network, recipe: MixedRecipe,
        order: Literal[1, 2] = 1, reward: Reward = ENAS_REWARD, seed: int = 0,
    ):  # fmt: skip
        _check(task, recipe)
        self.space, self._recipe, self._reward, self._seed = space, recipe, reward, seed
        self.edges, self._regular = edges_of(space.nodes), network.regularization
        self._train, self._valid = (_cut(fold, recipe) for fold in (task.train, task.valid))
        rng = np.random.default_rng([seed, 3])
        self.cell = MixedCell(space.nodes, network.units, rng)
        self.words = _variable(rng.uniform(-0.1, 0.1, (len(task.classes), network.units)))
        self.bias = _variable(np.zeros(len(task.classes)))
        self.alphas = _variable(1e-3 * rng.normal(size=(len(self.edges), len(OPERATIONS))))
        self._states = [_variable(np.zeros((recipe.batch, network.units))) for _ in range(2)]
        descent = Descent(0.0, 2.0 * network.regularization.l2, recipe.clip)
        of_train, of_valid = self._states
        self.bilevel = Bilevel(
            partial(self._loss, of_train, network.regularization.slowness),
            partial(self._loss, of_valid, 0.0),
            [*self.cell.kernels, self.words, self.bias], [self.alphas], descent, order,
            recipe.alpha_rate, (0.9, 0.999), unrolled_clip=recipe.clip,
        )  # fmt: skip

    def _loss(self, after: keras.Variable, slowness: float, batch: Any) -> tf.Tensor:
        """Nats per token of a window; leaves the state at its end in `after`.

        At second order a window is read several times: the last time counts.
        """
        (x, y, weight), state, number = batch
        keep = masks(self._regular, self.cell.units, tf.shape(x), self._seed, number)
        outputs = self._outputs(x, state, softmax(self.alphas.value), keep)
        after.assign(tf.stop_gradient(outputs[-1]))
        nats = self._nats(outputs * keep.get("output", 1.0), y, weight)
        return nats + slowness * temporal_change(outputs)

    def _outputs(self, x: tf.Tensor, state: Any, mixture: tf.Tensor, keep: dict) -> tf.Tensor:
        entering = vectors(tf.convert_to_tensor(self.words.value), x, keep)
        return self.cell.unroll(entering, state, mixture, keep.get("state", 1.0))

    def _nats(self, outputs: tf.Tensor, y: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        words = tf.convert_to_tensor(self.words.value)
        return mean_nats(outputs, words, y, weight, self.bias.value)

    def train(self, number: int) -> tuple[float, float]:
        rate = tf.constant(self._recipe.learning_rate)
        losses = []
        for place, window in enumerate(self._train):
            step = number * len(self._train) + place
            again = step % len(self._valid)
            batches = (
                self._batch(window, self._states[0], place == 0, 2 * step),
                self._batch(self._valid[again], self._states[1], again == 0, 2 * step + 1),
            )
            losses.append([float(part) for part in self.bilevel.step(*batches, rate)])
        first, second = np.mean(losses, axis=0)
        return float(first), float(second)

    def _batch(
        self, window: tuple, state: keras.Variable, from_zero: bool, number: int
    ) -> tuple[tuple, tf.Tensor, tf.Tensor]:
        before = tf.zeros_like(state.value) if from_zero else tf.identity(state.value)
        return tuple(map(tf.constant, window)), before, tf.constant(number)

    def tables(self) -> dict[str, np.ndarray]:
        return {CELL: softmax(self.alphas.value).numpy()}

    def derive(self, tables: Tables) -> Architecture:
        return self.space.parse(write_nodes(derive(tables[CELL])))

    def score(self) -> float:
        return self._reward(self._perplexity(self.tables()[CELL]))

    def validate(self, architectures: Sequence[Architecture]) -> list[float]:
        cells = [self.space.cell(a) for a in architectures]
        return [self._reward(self._perplexity(one_hot(cell))) for cell in cells]

    def _perplexity(self, mixture: np.ndarray) -> float:
        state, nats = tf.zeros_like(self._states[1].value), []
        parts = self._valid[: self._recipe.slice]
        for window in parts:
            mean, state = self._read(tf.constant(mixture), *map(tf.constant, window), state)
            nats.append(mean.numpy())
        tokens = [window[2].sum() for window in parts]
        return math.exp(min(float(np.average(nats, weights=tokens)), 700.0))

    @tf.function(autograph=False)
    def _read(
        self, mixture: tf.Tensor, x: tf.Tensor, y: tf.Tensor, weight: tf.Tensor, state: Any
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Nats per token without dropout, and the state at the end."""
        outputs = self._outputs(x, state, mixture, {})
        return self._nats(outputs, y, weight), outputs[-1]

    def parameters(self, architecture: Architecture) -> int:
        # A node has one matrix, whatever it reads and applies.
        return sum(math.prod(weight.shape) for weight in self.bilevel.weights)

    def variables(self) -> Sequence[keras.Variable]:
        made = self.bilevel
        return [
            *made.weights, *made.momenta, *made.alphas, *made.adam.variables, *self._states,
        ]  # fmt: skip


def _variable(values: np.ndarray) -> keras.Variable:
    return keras.Variable(values.astype(np.float32), dtype="float32")


def _cut(fold: Fold, recipe: MixedRecipe) -> list[tuple[np.ndarray, ...]]:
    return list(zip(*windows(fold, recipe.batch, recipe.steps), strict=True))


def _check(task: Task, recipe: MixedRecipe) -> None:
    for name, fold in (("training", task.train), ("validation", task.valid)):
        if len(fold) < recipe.batch:
            raise InputError(
                f"the {name} text has {len(fold)} tokens; expected {recipe.batch} or more, one "
                "for each sequence of a batch: give a longer text or a smaller --preset"
            )
