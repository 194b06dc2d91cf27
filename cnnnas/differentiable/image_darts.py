"""ImageDARTS: a mixed network, and the images that it and its alphas learn from in turns.

The training rows are halved: one half moves the weights, the other the alphas; all rows move
both in variants of one level. The validation fold is looked at once per epoch, to show what the
search is doing; it moves nothing.

Source: Liu, Simonyan and Yang, "DARTS: differentiable architecture search", ICLR 2019.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from cnnnas.differentiable.mixed_network import KINDS, MixedNetwork, derive, edges_of, one_hot
from cnnnas.differentiable.mixed_operations import CANDIDATES
from cnnnas.differentiable.variants import Variant
from cnnnas.operations.layers import Tensor
from cnnnas.space.cell import Cells
from cnnnas.space.cell_space import CellSpace
from mlpnas.core.differentiable.bilevel import (
    Bilevel,
    as_built,
    hessian_product,
    largest_eigenvalue,
)
from mlpnas.core.differentiable.search import Tables
from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task

SPLIT, ALPHAS, ROWS, EVALUATION = range(4)  # what a random stream is for
Augment = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class DartsTraining:
    """How long and how fast; the defaults are those of the publication.

    Attributes:
        epochs: passes over half of the training rows, or over all where there is one level.
        batch_size: rows of either batch.
        high, low: the weights' learning rate, along half a cosine over the epochs.
        order: 1, or 2 for the gradient through one step of descent.
        alpha_rate: learning rate of the alphas.
        warm: first epochs in which only the weights move.
        eigenvalue_every: epochs between two computations of the dominant eigenvalue; 0 for
            none.
    """

    epochs: int = 50
    batch_size: int = 64
    high: float = 0.025
    low: float = 0.001
    order: Literal[1, 2] = 1
    alpha_rate: float = 3e-4
    warm: int = 0
    eigenvalue_every: int = 0


class ImageDARTS:
    """See `mlpnas.core.differentiable.search.DifferentiableSupernet`.

    Args:
        task: the images.
        variant: how the choice is relaxed.
        training: how long and how fast.
        nodes, channels, number: of the mixed network, see `MixedNetwork`.
        augment: varies training images, given them and a seed of two int32.
        seed: of everything; equal seeds, equal genotypes on a CPU.

    Attributes:
        alphas: the architecture parameters by kind of cell, `(edges, operations)`, and what
            columns more the variant has.
        bilevel: steps on them and on the weights.

    Raises:
        InputError: if the rows for the weights or for the alphas are less than a batch, there
            is no validation row, or fewer than two classes.
    """

    def __init__(
        self, task: Task, variant: Variant, training: DartsTraining = DartsTraining(),
        nodes: int = 4, channels: int = 16, number: int = 8, augment: Augment | None = None,
        seed: int = 0,
    ):  # fmt: skip
        _check(task, training.batch_size, variant.single_level)
        self._task, self._variant, self._training = task, variant, training
        self._augment, self._seed = augment, seed
        more = tuple(op for op in variant.operations if op not in CANDIDATES)
        self.space = CellSpace.darts(nodes, variant.threshold > 0, more)
        self.edges = edges_of(nodes)
        self.operations = variant.operations
        self.network = MixedNetwork(
            task.input_shape, len(task.classes), (*variant.operations, *variant.extras),
            nodes, channels, number, variant.mix, seed,
        )  # fmt: skip
        self.alphas = dict(zip(KINDS, self._first_alphas(nodes), strict=True))
        self._progress = tf.Variable(0.0, trainable=False)
        self.bilevel = Bilevel(
            self._loss, self._valid_loss, self.network.trainable_variables,
            list(self.alphas.values()), order=training.order,
            alpha_rate=training.alpha_rate * variant.alpha_rate,
            alpha_betas=variant.alpha_betas,
        )  # fmt: skip
        rows = self._rng(SPLIT).permutation(len(task.train))
        halves = [rows, rows] if variant.single_level else np.array_split(rows, 2)
        self._of_weights, self._of_alphas = halves
        self._count_right = tf.function(self._right, autograph=False)
        self._product = hessian_product(self._valid_loss, self.bilevel.alphas)

    def _first_alphas(self, nodes: int) -> list[keras.Variable]:
        rng, variant = self._rng(ALPHAS), self._variant
        shape = len(edges_of(nodes)), len(variant.operations) + variant.columns
        first = (variant.spread * rng.normal(size=shape) for _ in KINDS)
        return [keras.Variable(values.astype(np.float32), dtype="float32") for values in first]

    def _rng(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *purpose])

    def train(self, number: int) -> tuple[float, float | None]:
        t, rng = self._training, self._rng(ROWS, number)
        self._progress.assign(min(1.0, number / t.epochs))
        order, losses = rng.permutation(self._of_weights), []
        for start in range(0, len(order) - t.batch_size + 1, t.batch_size):
            train = self.batch(order[start : start + t.batch_size], rng)
            with as_built():
                losses.append(self._step(number, train, rng))
        first, second = zip(*losses, strict=True)
        return _mean(first), None if number < t.warm else _mean(second)

    def _step(self, number: int, train: tuple[Tensor, ...], rng: np.random.Generator) -> tuple:
        """One step of epoch `number`; the losses before, of training and validation."""
        rate, rows = tf.constant(self.rate(number), tf.float32), self._of_alphas
        if number < self._training.warm:
            return self.bilevel.move_weights(train, rate), None
        if self._variant.single_level:
            loss = self.bilevel.joint_step(train, rate)
            return loss, loss
        drawn = rows[rng.integers(len(rows), size=self._training.batch_size)]
        return self.bilevel.step(train, self.batch(drawn, rng), rate)

    def rate(self, epoch: int) -> float:
        """The weights' learning rate in an epoch; the lowest in those beyond the plan."""
        t, high = self._training, self._training.high * self._variant.weight_rate
        cosine = (1 + math.cos(math.pi * min(1.0, epoch / t.epochs))) / 2
        return t.low + (high - t.low) * cosine

    def batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, ...]:
        """Training images, labels and a seed, as the losses take them."""
        fold, seed = self._task.train, rng.integers(2**31, size=2)
        return (
            tf.constant(fold.x[rows]), tf.constant(fold.y[rows]), tf.constant(seed, tf.int32),
        )  # fmt: skip

    def _mixtures(self, seed: Tensor) -> dict[str, Tensor]:
        draws = tf.unstack(tf.random.split(seed, len(KINDS)))
        return {
            kind: self._variant.mixture(alphas.value, self._progress, draw)
            for (kind, alphas), draw in zip(self.alphas.items(), draws, strict=True)
        }

    def _loss(self, batch: Any) -> Tensor:
        """Mean cross-entropy of a batch, nats."""
        images, labels, seed = batch
        vary, draw = tf.unstack(tf.random.split(seed, 2))
        if self._augment is not None:
            images = self._augment(images, vary)
        logits = self.network(images, self._mixtures(draw))
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        )

    def _valid_loss(self, batch: Any) -> Tensor:
        loss = self._loss(batch)
        if self._variant.penalty is not None:
            alphas = [a.value for a in self.alphas.values()]
            loss += self._variant.penalty(tf.concat(alphas, axis=0))
        return loss

    def tables(self) -> dict[str, np.ndarray]:
        return {k: self._variant.scores(a.value).numpy() for k, a in self.alphas.items()}

    def derive(self, tables: Tables) -> Architecture:
        floor = self._variant.threshold
        return self.space.from_cells(
            {kind: derive(table, self.operations, floor) for kind, table in tables.items()}
        )

    def score(self) -> float:
        seed = tf.constant(self._rng(EVALUATION).integers(2**31, size=2), tf.int32)
        return self._accuracy(self._mixtures(seed))

    def _discrete_accuracy(self, cells: Cells) -> float:
        """Of some cells alone, with the mixture's weights."""
        extras = [(0, 0), (0, len(self._variant.extras))]
        weights = {k: one_hot(cell, self._variant.operations) for k, cell in cells.items()}
        return self._accuracy({k: tf.pad(tf.constant(w), extras) for k, w in weights.items()})

    def validate(self, architectures: Sequence[Architecture]) -> list[float]:
        return [self._discrete_accuracy(self.space.cells(a)) for a in architectures]

    def parameters(self, architecture: Architecture) -> int:
        return self.network.count(self.space.cells(architecture))

    def eigenvalue(self, number: int) -> float | None:
        """The dominant one of the alphas' Hessian, where it is asked for."""
        every = self._training.eigenvalue_every
        if not every or number % every:
            return None
        rows = self._of_alphas[: self._training.batch_size]
        batch, decay = self.batch(rows, self._rng(EVALUATION)), 1e-3  # of the alphas' loss
        return largest_eigenvalue(partial(self._product, batch), self.bilevel.alphas) + decay

    def _accuracy(self, mixtures: Mapping[str, Tensor]) -> float:
        """On the validation fold, each batch normalised by its own statistics."""
        fold, right = self._task.valid, 0
        for part in np.array_split(np.arange(len(fold)), math.ceil(len(fold) / 256)):
            images, labels = tf.constant(fold.x[part]), tf.constant(fold.y[part])
            with as_built():
                right += int(self._count_right(images, labels, mixtures))
        return right / len(fold)

    def _right(self, images: Tensor, labels: Tensor, mixtures: Mapping[str, Tensor]) -> Tensor:
        found = tf.argmax(self.network(images, mixtures), axis=1, output_type=labels.dtype)
        return tf.reduce_sum(tf.cast(found == labels, tf.int32))

    def variables(self) -> list[keras.Variable]:
        made = self.bilevel
        return [*made.weights, *made.momenta, *made.alphas, *made.adam.variables]


def _mean(losses: Sequence[Tensor]) -> float:
    return float(np.mean([float(loss) for loss in losses]))


def _check(task: Task, batch_size: int, single_level: bool) -> None:
    least = batch_size if single_level else 2 * batch_size
    if len(task.train) < least:
        share = "all" if single_level else "half"
        raise InputError(
            f"{task.name!r} has {len(task.train)} training rows, {share} of which choose "
            f"architectures; expected at least {least}: give more rows or a smaller batch"
        )
    if not len(task.valid):
        raise InputError(f"{task.name!r} has no validation rows; expected at least one")
    if len(task.classes) < 2:
        raise InputError(f"{task.name!r} has the classes {task.classes}, expected two or more")
