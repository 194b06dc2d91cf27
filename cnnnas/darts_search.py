"""DartsSearch: trains a mixed network and its architecture parameters in turns.

The training rows are halved: one half moves the weights, the other the alphas. The validation
fold is looked at once per epoch, to show what the search is doing; it moves nothing.

Source: Liu, Simonyan and Yang, "DARTS: differentiable architecture search", ICLR 2019.
"""

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from cnnnas.cell import Cells
from cnnnas.cell_space import CellSpace
from cnnnas.darts import KINDS, MixedNetwork, edges_of, one_hot
from cnnnas.darts_epoch import Epoch
from cnnnas.layers import Tensor
from cnnnas.relaxed import Variant
from cnnnas.stopping import Rule, never
from mlpnas.core.differentiable import Bilevel, hessian_product, largest_eigenvalue
from mlpnas.core.errors import InputError
from mlpnas.core.search_space import Architecture
from mlpnas.core.task import Task

logger = logging.getLogger(__name__)

SPLIT, ALPHAS, ROWS, EVALUATION = range(4)  # what a random stream is for
Augment = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class DartsTraining:
    """How long and how fast; the defaults are those of the publication.

    Attributes:
        epochs: passes over half of the training rows.
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

    def rate(self, epoch: int) -> float:
        """The weights' learning rate in an epoch."""
        cosine = (1 + math.cos(math.pi * epoch / self.epochs)) / 2
        return self.low + (self.high - self.low) * cosine


class DartsSearch:
    """A differentiable search on images.

    Args:
        task: the images.
        variant: how the choice is relaxed.
        training: how long and how fast.
        nodes, channels, number: of the mixed network, see `MixedNetwork`.
        augment: varies training images, given them and a seed of two int32.
        seed: of everything; equal seeds, equal genotypes on a CPU.
        rule: when to end early, and with which epoch.

    Attributes:
        space: of the genotypes.
        epochs: those that are done.

    Raises:
        InputError: if half of the training rows is less than a batch, there is no validation
            row, or fewer than two classes.
    """

    def __init__(
        self, task: Task, variant: Variant, training: DartsTraining = DartsTraining(),
        nodes: int = 4, channels: int = 16, number: int = 8, augment: Augment | None = None,
        seed: int = 0, rule: Rule = never,
    ):  # fmt: skip
        _check(task, training.batch_size)
        self._task, self._variant, self._training = task, variant, training
        self._augment, self._seed, self._rule = augment, seed, rule
        self.space = CellSpace.darts(nodes)
        self.epochs: list[Epoch] = []
        self._over = False  # something is no longer finite
        self.network = MixedNetwork(
            task.input_shape, len(task.classes), (*variant.operations, *variant.extras),
            nodes, channels, number, variant.mix, seed,
        )  # fmt: skip
        self.alphas = dict(zip(KINDS, self._first_alphas(nodes), strict=True))
        self._progress = tf.Variable(0.0, trainable=False)
        self.bilevel = Bilevel(
            self._loss, self._valid_loss, self.network.trainable_variables,
            list(self.alphas.values()), order=training.order, alpha_rate=training.alpha_rate,
        )  # fmt: skip
        rows = self._rng(SPLIT).permutation(len(task.train))
        self._halves = np.array_split(rows, 2)
        self._count_right = tf.function(self._right, autograph=False)
        self._product = hessian_product(self._valid_loss, self.bilevel.alphas)

    def _first_alphas(self, nodes: int) -> list[keras.Variable]:
        rng, variant = self._rng(ALPHAS), self._variant
        shape = len(edges_of(nodes)), len(variant.operations) + variant.columns
        first = (variant.spread * rng.normal(size=shape) for _ in KINDS)
        return [keras.Variable(values.astype(np.float32), dtype="float32") for values in first]

    def _rng(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *purpose])

    def run(self) -> Iterator[Epoch]:
        """Epochs as they finish; afterwards `chosen` is the one to take."""
        while (epoch := self.advance()) is not None:
            yield epoch

    def advance(self) -> Epoch | None:
        """The next epoch; None if the search is over.

        It is over after the last epoch; or because the rule says so; or if anything is no
        longer a finite number: then the last good genotype stays chosen.
        """
        number = len(self.epochs)
        if self._over or self._back is not None or number == self._training.epochs:
            return None
        losses = self._pass(number)
        values = [a.numpy() for a in self.bilevel.alphas]
        if not all(np.isfinite(part).all() for part in (losses, *values)):
            logger.warning(
                "the search diverged in epoch %d (losses %s); it ends with the genotype of "
                "the epoch before: try a lower learning rate", number, losses,
            )  # fmt: skip
            self._over = True
            return None
        self.epochs.append(self._epoch(number, *losses))
        return self.epochs[-1]

    @property
    def _back(self) -> int | None:
        """The epoch that the rule returns to, if it ends the search."""
        return self._rule(self.epochs)

    @property
    def chosen(self) -> Epoch | None:
        """The epoch whose genotype is the result, so far; None before the first."""
        if not self.epochs:
            return None
        return self.epochs[-1 if (back := self._back) is None else back]

    def _pass(self, number: int) -> tuple[float, float]:
        """One pass over the weights' half; mean losses."""
        t, rng = self._training, self._rng(ROWS, number)
        rate = tf.constant(t.rate(number), tf.float32)
        self._progress.assign(number / t.epochs)
        of_weights, of_alphas = self._halves
        order, losses = rng.permutation(of_weights), []
        for start in range(0, len(order) - t.batch_size + 1, t.batch_size):
            train = self.batch(order[start : start + t.batch_size], rng)
            drawn = of_alphas[rng.integers(len(of_alphas), size=t.batch_size)]
            valid = train if self._variant.single_level else self.batch(drawn, rng)
            if number < t.warm:
                losses.append((self.bilevel.move_weights(train, rate), 0.0))
            else:
                losses.append(self.bilevel.step(train, valid, rate))
        first, second = np.array([[float(part) for part in pair] for pair in losses]).T
        return float(first.mean()), float(second.mean())

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
            loss += tf.add_n([self._variant.penalty(a.value) for a in self.alphas.values()])
        return loss

    def _epoch(self, number: int, train_loss: float, valid_loss: float) -> Epoch:
        scores = {k: self._variant.scores(a.value).numpy() for k, a in self.alphas.items()}
        operations = self._variant.operations
        seed = tf.constant(self._rng(EVALUATION).integers(2**31, size=2), tf.int32)
        mixed = self._accuracy(self._mixtures(seed))
        epoch = Epoch(
            number, train_loss, valid_loss, mixed, 0.0, operations, scores,
            self._eigenvalue(number),
        )  # fmt: skip
        return replace(epoch, discrete_accuracy=self._discrete_accuracy(epoch.cells))

    def _discrete_accuracy(self, cells: Cells) -> float:
        """Of some cells alone, with the mixture's weights."""
        extras = [(0, 0), (0, len(self._variant.extras))]
        weights = {k: one_hot(cell, self._variant.operations) for k, cell in cells.items()}
        return self._accuracy({k: tf.pad(tf.constant(w), extras) for k, w in weights.items()})

    def validate(self, architectures: Sequence[Architecture]) -> list[float]:
        """The accuracy of each on the validation fold, with the mixture's weights."""
        return [self._discrete_accuracy(self.space.cells(a)) for a in architectures]

    def parameters(self, architecture: Architecture) -> int:
        """How many of the shared weights the architecture uses."""
        return self.network.count(self.space.cells(architecture))

    def _eigenvalue(self, number: int) -> float | None:
        every = self._training.eigenvalue_every
        if not every or number % every:
            return None
        rows = self._halves[1][: self._training.batch_size]
        batch, decay = self.batch(rows, self._rng(EVALUATION)), 1e-3  # of the alphas' loss
        return largest_eigenvalue(partial(self._product, batch), self.bilevel.alphas) + decay

    def _accuracy(self, mixtures: Mapping[str, Tensor]) -> float:
        """On the validation fold, each batch normalised by its own statistics."""
        fold, right = self._task.valid, 0
        for part in np.array_split(np.arange(len(fold)), math.ceil(len(fold) / 256)):
            images, labels = tf.constant(fold.x[part]), tf.constant(fold.y[part])
            right += int(self._count_right(images, labels, mixtures))
        return right / len(fold)

    def _right(self, images: Tensor, labels: Tensor, mixtures: Mapping[str, Tensor]) -> Tensor:
        found = tf.argmax(self.network(images, mixtures), axis=1, output_type=labels.dtype)
        return tf.reduce_sum(tf.cast(found == labels, tf.int32))

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as arrays."""
        learned = {f"variable/{i}": v.numpy() for i, v in enumerate(self._variables())}
        told = [asdict(epoch) for epoch in self.epochs]
        tables = {
            f"epoch/{i}/{kind}": scores
            for i, epoch in enumerate(told)
            for kind, scores in epoch.pop("scores").items()
        }
        return {**learned, **tables, "epochs": np.array(json.dumps(told))}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`, for a search made with the same arguments."""
        for i, variable in enumerate(self._variables()):
            variable.assign(state[f"variable/{i}"])
        self.epochs = [
            Epoch(
                **{**told, "operations": tuple(told["operations"])},
                scores={kind: state[f"epoch/{i}/{kind}"] for kind in KINDS},
            )
            for i, told in enumerate(json.loads(str(state["epochs"])))
        ]

    def _variables(self) -> list[keras.Variable]:
        made = self.bilevel
        return [*made.weights, *made.momenta, *made.alphas, *made.adam.variables]


def _check(task: Task, batch_size: int) -> None:
    if len(task.train) // 2 < batch_size:
        raise InputError(
            f"{task.name!r} has {len(task.train)} training rows, half of which choose "
            f"architectures; expected at least {2 * batch_size}, two batches: give more rows "
            "or a smaller batch"
        )
    if not len(task.valid):
        raise InputError(f"{task.name!r} has no validation rows; expected at least one")
    if len(task.classes) < 2:
        raise InputError(f"{task.name!r} has the classes {task.classes}, expected two or more")
