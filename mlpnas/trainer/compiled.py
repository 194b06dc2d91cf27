"""The whole training run of a network in one graph: epochs, batches, early stopping.

A graph is traced per `Form` (room for three, six, nine... hidden layers, with or without
dropout) and loss. It runs every network of that form on any rows, for any number of
epochs, patience, batch size and learning rate. Ten layers at most therefore make six traces
at most, once in the life of a process: tracing takes as long as training some small networks,
and a cross-validation makes a new trainer for every fold.
"""

import math
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from mlpnas.core.task import Fold
from mlpnas.layers import ACTIVATIONS, COMPILED_ACTIVATIONS
from mlpnas.trainer.chain import Chain, Constants, Kind, Layer, Tensor, read

ROOM = 3  # capacities are multiples of it; the rows enter at one of the lowest three layers
CHUNK = 4096  # validation rows per forward pass: bounds the memory of activations
BEST = ("loss", "metric", "last")  # values of `Recipe.best`
REGRESSION = ("mse", "mae")  # losses of targets that are real numbers


class Rows(NamedTuple):
    """A fold as tensors; `x` is flat and ends with a column of ones for the biases.

    Without weights every row weighs 1, which changes no bit of any result.
    """

    x: Tensor
    y: Tensor
    weight: Tensor

    @classmethod
    def of(cls, fold: Fold) -> "Rows":
        """Copy a fold to TensorFlow, once for all networks."""
        flat = np.reshape(fold.x, (len(fold), -1))
        x = np.hstack([flat, np.ones((len(fold), 1))]).astype(np.float32)
        weight = np.ones(len(fold)) if fold.weight is None else fold.weight
        return cls(tf.constant(x), tf.constant(fold.y), tf.constant(weight, tf.float32))

    @classmethod
    def signature(cls, loss: str) -> "Rows":
        """What a graph expects, for `Task.loss`: any number of rows, inputs and outputs."""
        real = loss in REGRESSION
        y = tf.TensorSpec([None, None]) if real else tf.TensorSpec([None], tf.int32)
        return cls(tf.TensorSpec([None, None]), y, tf.TensorSpec([None]))

    @property
    def count(self) -> Tensor:
        """Number of rows."""
        return tf.shape(self.x)[0]

    def part(self, begin: Tensor, end: Tensor) -> "Rows":
        """Rows `begin` to `end`, a view."""
        where = {"begin": begin[None], "end": end[None], "strides": [1]}
        return Rows(*(tf.raw_ops.StridedSlice(input=a, **where) for a in self))


class Form(NamedTuple):
    """What a graph is traced for; networks of one form share a graph.

    Attributes:
        capacity: the number of hidden layers it has room for.
        dropout: whether it can drop.
        activations: those that its layers may have, by name.
    """

    capacity: int
    dropout: bool
    activations: tuple[str, ...] = ACTIVATIONS

    @classmethod
    def of(cls, activations: list[str], keep: list[float]) -> "Form":
        """The form for hidden layers with these activations and chances that a unit stays.

        Those of the default vocabulary have a form of their own, with fewer branches.
        """
        capacity = math.ceil(len(keep) / ROOM) * ROOM
        common = set(activations) <= set(ACTIVATIONS)
        return cls(capacity, min(keep) < 1, ACTIVATIONS if common else COMPILED_ACTIVATIONS)


class Plan(NamedTuple):
    """What differs between two runs of a graph, apart from the initial weights.

    Attributes:
        first: index of the layer at which the rows enter, int32.
        activations: places in `Form.activations`, int32 `(capacity,)`.
        keep: chance that a unit stays, 1 without dropout, float32 `(capacity,)`.
        keys: of the random numbers of the dropout masks, uint64 `(capacity,)`.
        order: seed of the order of the rows, int32 `(2,)`.
        epochs, patience, batch: as in `Recipe`, int32.
        best: place in `BEST` of what says whose weights are kept, int32.
        rate: learning rate, float32.
    """

    first: Any
    activations: Any
    keep: Any
    keys: Any
    order: Any
    epochs: Any
    patience: Any
    batch: Any
    best: Any
    rate: Any

    def kinds(self, form: Form) -> list[Kind]:
        """How each hidden layer behaves."""
        size = form.capacity
        count = (len(form.activations) - 1).bit_length()
        bits = [tf.unstack(self.activations // 2**i % 2 > 0) for i in reversed(range(count))]
        first = [*tf.unstack(tf.equal(self.first, tf.range(ROOM))), *[None] * (size - ROOM)]
        drops = keep = keys = [None] * size
        if form.dropout:
            drops, keep = tf.unstack(self.keep < 1), tf.unstack(self.keep)
            keys = tf.unstack(self.keys[:, None])
        return list(map(Kind, zip(*bits, strict=True), first, drops, keep, keys))


class Result(NamedTuple):
    """What a run gives.

    Attributes:
        epochs: how many were run.
        losses: `(epochs asked for, 2)`: training and validation loss, zeros where not run.
        sums: `(epochs asked for, k)`: weight of the correct validation rows (k = 1), or for
            regression the weighted sum of squared errors of each output.
        kernels: of the best epoch, `(fan_in + 1, units)` per layer, the bias as last row.
    """

    epochs: Any
    losses: Any
    sums: Any
    kernels: Any


class Training(NamedTuple):
    """A chain in the graph, and what it learns.

    Attributes:
        chain: the network.
        train, valid: the folds.
        loss: `Task.loss`.
    """

    chain: Chain
    train: Rows
    valid: Rows
    loss: str

    def epoch(self, rows: Rows, plan: Plan, epoch: Tensor) -> Tensor:
        """One pass over the rows; gives the mean (weighted) loss, as batches met it."""
        n = rows.count
        steps = (n + plan.batch - 1) // plan.batch

        def step(i, total):
            batch = rows.part(i * plan.batch, tf.minimum((i + 1) * plan.batch, n))
            return i + 1, total + self._step(batch, epoch * steps + i, plan.rate)

        start = (0, np.float32(0))
        _, total = tf.while_loop(lambda i, _: i < steps, step, start, parallel_iterations=1)
        return total / tf.cast(n, tf.float32)

    def _step(self, batch: Rows, t: Tensor, rate: Tensor) -> Tensor:
        """One step of the optimizer; gives the sum of the losses of the batch's rows."""
        logits, traces = self.chain.forward(batch.x, tf.cast(t, tf.uint64))
        loss, dz = row_losses(self.loss, logits, batch.y)
        loss, dz = loss * batch.weight, dz * batch.weight[:, None]
        # Keras divides by the number of rows, not by the sum of their weights.
        dz /= tf.cast(tf.shape(dz)[0], tf.float32)
        self.chain.backward(dz, traces, rate, tf.cast(t + 1, tf.float32))
        return tf.reduce_sum(loss)

    @property
    def width(self) -> Tensor:
        """Of what `validate` sums up."""
        return tf.shape(self.valid.y)[1] if self.loss in REGRESSION else tf.constant(1)

    def validate(self) -> tuple[Tensor, Tensor]:
        """Mean loss over the validation rows, and the sums that the metric needs; weighted."""
        n = self.valid.count

        def chunk(begin, loss, good):
            end = tf.minimum(begin + CHUNK, n)
            rows = self.valid.part(begin, end)
            logits, _ = self.chain.forward(rows.x)
            losses, _ = row_losses(self.loss, logits, rows.y)
            good += _good(self.loss, logits, rows)
            return end, loss + tf.reduce_sum(losses * rows.weight), good

        start = (0, np.float32(0), tf.zeros([self.width]))
        _, loss, good = tf.while_loop(lambda i, *_: i < n, chunk, start, parallel_iterations=1)
        return loss / tf.reduce_sum(self.valid.weight), good

    def _badness(self, good: Tensor) -> Tensor:
        """Falls as the metric rises, by what `validate` summed up."""
        if self.loss not in REGRESSION:
            return -good[0]
        y, weight = self.valid.y, self.valid.weight[:, None]
        center = tf.reduce_sum(weight * y, axis=0) / tf.reduce_sum(weight)
        total = tf.reduce_sum(weight * tf.square(y - center), axis=0)
        return tf.reduce_sum(tf.math.divide_no_nan(good, total))

    def judge(
        self, by: Tensor, losses: tuple, good: Tensor, best: Tensor, wait: Tensor
    ) -> tuple:
        """The best epoch's value so far, and epochs since; keeps the weights if it is this.

        Args:
            by: `Plan.best`.
            losses: training and validation loss.
            good: what `validate` summed up.
            best: the lowest value so far.
            wait: epochs since.
        """
        loss, valid_loss = losses
        # Of equal losses the first is kept, of others the last: so where all count the same,
        # it is the last epoch.
        value = tf.stack([valid_loss, self._badness(good), 0.0])[by]
        better = (value < best) | ((by > 0) & tf.equal(value, best))

        def keep():
            for layer in self.chain.layers:
                layer.keep()
            return value

        best = tf.cond(better, keep, lambda: best)
        finite = tf.math.is_finite(loss) & tf.math.is_finite(valid_loss)
        # A run that diverged has waited longer than any patience.
        return best, tf.where(finite, tf.where(better, 0, wait + 1), tf.int32.max)


_LAYERS: list[Layer] = []  # from the head downwards; all graphs share these variables
LOCK = threading.Lock()  # held while a graph runs: its variables are everybody's


def _layers(form: Form) -> list[Layer]:
    """The variables of hidden layers and head, lowest first."""
    while len(_LAYERS) <= form.capacity:
        _LAYERS.append(Layer.empty())
    return _LAYERS[form.capacity :: -1]


@cache
def compile_run(
    form: Form, loss: str, shuffle: bool
) -> Callable[[list, Plan, Rows, Rows], Result]:
    """The graph, traced at its first call. Whoever calls it holds `LOCK`.

    Args:
        form: of the networks that it shall run.
        loss: `Task.loss`.
        shuffle: whether the rows are put into a new order every epoch.

    Returns:
        A `tf.function` of the initial kernels (one per layer, bias as last row), a plan, and
        the training and validation rows.
    """
    layers, rows = _layers(form), Rows.signature(loss)

    @tf.function(autograph=False, input_signature=[*_signature(form.capacity), rows, rows])
    def run(kernels: list, plan: Plan, train: Rows, valid: Rows) -> Result:
        for layer, kernel in zip(layers, kernels, strict=True):
            layer.start(kernel)
        chain = Chain(layers, plan.kinds(form), form.activations, Constants.make())
        training = Training(chain, train, valid, loss)

        def go_on(epoch, best, wait, losses, sums):
            return (epoch < plan.epochs) & (wait < plan.patience)

        def body(epoch, best, wait, losses, sums):
            rows = _shuffled(train, plan.order, epoch) if shuffle else train
            train_loss = training.epoch(rows, plan, epoch)
            valid_loss, good = training.validate()
            found = train_loss, valid_loss
            best, wait = training.judge(plan.best, found, good, best, wait)
            losses = losses.write(epoch, tf.stack([train_loss, valid_loss]))
            return epoch + 1, best, wait, losses, sums.write(epoch, good)

        losses = tf.TensorArray(tf.float32, plan.epochs, element_shape=[2])
        sums = tf.TensorArray(tf.float32, plan.epochs, element_shape=[None])
        start = (0, np.float32(np.inf), 0, losses, sums)
        epochs, _, _, losses, sums = tf.while_loop(go_on, body, start, parallel_iterations=1)
        best = [read(layer.best) for layer in layers]
        return Result(epochs, losses.stack(), sums.stack(), best)

    return run


def _signature(capacity: int) -> list:
    def spec(dtype, *shape):
        return tf.TensorSpec(shape, dtype)

    n, whole, real = capacity, spec(tf.int32), spec(tf.float32)
    numbers = spec(tf.int32, n), spec(tf.float32, n), spec(tf.uint64, n), spec(tf.int32, 2)
    plan = Plan(whole, *numbers, whole, whole, whole, whole, real)
    return [[spec(tf.float32, None, None)] * (n + 1), plan]


def _shuffled(rows: Rows, seed: Tensor, epoch: Tensor) -> Rows:
    """The rows in the random order of this epoch."""
    noise = tf.random.stateless_uniform([rows.count], seed + tf.stack([0, epoch]))
    order = tf.argsort(noise, stable=True)
    return Rows(*(tf.gather(part, order) for part in rows))


def row_losses(loss: str, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Loss per row `(batch,)`, and its gradient with respect to the logits."""
    if loss == "sparse_categorical_crossentropy":
        return tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=y)
    if loss == "binary_crossentropy":
        y = tf.cast(y[:, None], tf.float32)
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)
        return entropy[:, 0], tf.sigmoid(logits) - y
    error = logits - y
    outputs = tf.cast(tf.shape(y)[1], tf.float32)
    if loss == "mae":
        return tf.reduce_mean(tf.abs(error), axis=1), tf.sign(error) / outputs
    return tf.reduce_mean(tf.square(error), axis=1), error * (2 / outputs)


def _good(loss: str, logits: Tensor, rows: Rows) -> Tensor:
    """Weight of the correct rows `(1,)`, or of the squared errors, `(outputs,)`."""
    y = rows.y
    if loss in REGRESSION:
        return tf.reduce_sum(tf.square(logits - y) * rows.weight[:, None], axis=0)
    if loss == "binary_crossentropy":
        right = tf.equal(logits[:, 0] > 0, y > 0)
    else:
        right = tf.equal(tf.argmax(logits, axis=1, output_type=y.dtype), y)
    return tf.reduce_sum(tf.cast(right, tf.float32) * rows.weight)[None]
