"""The whole training run of a network in one graph: epochs, batches, early stopping.

One graph is traced per `capacity`, the number of hidden layers it has room for, and runs
every network that fits, for any number of epochs, patience, batch size and learning rate.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from mlpnas import chain
from mlpnas.chain import Kind, Layer, Tensor
from mlpnas.core.task import Fold

CHUNK = 4096  # validation rows per forward pass: bounds the memory of activations


class Rows(NamedTuple):
    """A fold as tensors; `x` is flat and ends with a column of ones for the biases."""

    x: Tensor
    y: Tensor
    weight: Tensor | None

    @classmethod
    def of(cls, fold: Fold) -> "Rows":
        """Copy a fold to TensorFlow, once for all networks."""
        flat = np.reshape(fold.x, (len(fold), -1))
        x = np.hstack([flat, np.ones((len(fold), 1))]).astype(np.float32)
        weight = None if fold.weight is None else tf.constant(fold.weight, tf.float32)
        return cls(tf.constant(x), tf.constant(fold.y), weight)

    def batch(self, begin: Tensor, end: Tensor) -> "Rows":
        """Rows `begin` to `end`."""
        # A slice of whole rows shares memory with the fold.
        cut = [None if part is None else part[begin:end] for part in self]
        return Rows(*cut)


class Plan(NamedTuple):
    """What differs between two runs of a graph, apart from the initial weights.

    Attributes:
        first: index of the layer at which the rows enter, int32.
        activations: places in `chain.ACTIVATIONS`, int32 `(capacity,)`.
        keep: chance that a unit stays, 1 without dropout, float32 `(capacity,)`.
        keys: of the random numbers of the dropout masks, uint64 `(capacity,)`.
        order: seed of the order of the rows, int32 `(2,)`.
        epochs, patience, batch: as in `Recipe`, int32.
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
    rate: Any

    def kinds(self) -> list[Kind]:
        """How each hidden layer behaves."""
        return [
            Kind(
                first=tf.equal(self.first, i),
                high=self.activations[i] >= 2,
                odd=tf.equal(self.activations[i] % 2, 1),
                drops=self.keep[i] < 1,
                keep=self.keep[i],
                key=self.keys[i : i + 1],
            )
            for i in range(self.keep.shape[0])
        ]


class Result(NamedTuple):
    """What a run gives.

    Attributes:
        epochs: how many were run.
        losses: `(epochs asked for, 2)`: training and validation loss, zeros where not run.
        sums: `(epochs asked for, k)`: correct validation rows (k = 1), or for regression
            the sum of squared errors of each output.
        kernels: of the best epoch, `(fan_in + 1, units)` per layer, the bias as last row.
    """

    epochs: Any
    losses: Any
    sums: Any
    kernels: Any


def compile_run(
    layers: list[Layer], train: Rows, valid: Rows, kind: str, shuffle: bool
) -> Callable[[list, Plan], Result]:
    """The graph, traced at its first call.

    Args:
        layers: the hidden layers and the head; graphs may share them.
        train, valid: the folds.
        kind: `Task.kind`.
        shuffle: whether the rows are put into a new order every epoch.

    Returns:
        A `tf.function` of the initial kernels (one per layer, bias as last row) and a plan.
    """
    width = 1 if kind != "regression" else valid.y.shape[1]

    @tf.function(autograph=False, input_signature=_signature(len(layers)))
    def run(kernels: list, plan: Plan) -> Result:
        for layer, kernel in zip(layers, kernels, strict=True):
            layer.start(kernel)
        kinds = plan.kinds()

        def go_on(epoch, best, wait, losses, sums):
            return (epoch < plan.epochs) & (wait < plan.patience)

        def body(epoch, best, wait, losses, sums):
            rows = _shuffled(train, plan.order, epoch) if shuffle else train
            loss = _train_epoch(rows, layers, kinds, kind, plan, epoch)
            valid_loss, good = _validate(valid, layers, kinds, kind, width)
            best, wait = _judge(layers, loss, valid_loss, best, wait)
            losses = losses.write(epoch, tf.stack([loss, valid_loss]))
            return epoch + 1, best, wait, losses, sums.write(epoch, good)

        losses = tf.TensorArray(tf.float32, plan.epochs, element_shape=[2])
        sums = tf.TensorArray(tf.float32, plan.epochs, element_shape=[width])
        start = (0, np.float32(np.inf), 0, losses, sums)
        epochs, _, _, losses, sums = tf.while_loop(go_on, body, start, parallel_iterations=1)
        best = [chain.read(layer.best) for layer in layers]
        return Result(epochs, losses.stack(), sums.stack(), best)

    return run


def _signature(layers: int) -> list:
    def spec(dtype, *shape):
        return tf.TensorSpec(shape, dtype)

    n = layers - 1
    whole, real = spec(tf.int32), spec(tf.float32)
    numbers = spec(tf.int32, n), spec(tf.float32, n), spec(tf.uint64, n), spec(tf.int32, 2)
    plan = Plan(whole, *numbers, whole, whole, whole, real)
    return [[spec(tf.float32, None, None)] * layers, plan]


def _shuffled(rows: Rows, seed: Tensor, epoch: Tensor) -> Rows:
    """The rows in the random order of this epoch."""
    noise = tf.random.stateless_uniform([rows.x.shape[0]], seed + tf.stack([0, epoch]))
    order = tf.argsort(noise, stable=True)
    return Rows(*(None if part is None else tf.gather(part, order) for part in rows))


def _train_epoch(
    rows: Rows, layers: list[Layer], kinds: list[Kind], kind: str, plan: Plan, epoch: Tensor
) -> Tensor:
    """One pass over the rows; gives the mean of the (weighted) losses of its batches."""
    n = rows.x.shape[0]
    steps = (n + plan.batch - 1) // plan.batch

    def step(i, total):
        batch = rows.batch(i * plan.batch, tf.minimum((i + 1) * plan.batch, n))
        t = epoch * steps + i
        logits, traces = chain.forward(batch.x, layers, kinds, t)
        loss, dz = row_losses(kind, logits, batch.y)
        if batch.weight is not None:
            loss, dz = loss * batch.weight, dz * batch.weight[:, None]
        # Keras divides by the number of rows, not by the sum of their weights.
        dz /= tf.cast(tf.shape(dz)[0], tf.float32)
        chain.backward(dz, layers, kinds, traces, plan.rate, tf.cast(t + 1, tf.float32))
        return i + 1, total + tf.reduce_sum(loss)

    start = (0, np.float32(0))
    _, total = tf.while_loop(lambda i, _: i < steps, step, start, parallel_iterations=1)
    return total / n


def _validate(
    rows: Rows, layers: list[Layer], kinds: list[Kind], kind: str, width: int
) -> tuple[Tensor, Tensor]:
    """Mean loss over the validation rows, and the sums that the metric needs."""
    n = rows.x.shape[0]

    def chunk(begin, loss, good):
        end = tf.minimum(begin + CHUNK, n)
        part = rows.batch(begin, end)
        logits, _ = chain.forward(part.x, layers, kinds)
        losses, _ = row_losses(kind, logits, part.y)
        return end, loss + tf.reduce_sum(losses), good + _good(kind, logits, part.y)

    start = (0, np.float32(0), tf.zeros([width]))
    _, loss, good = tf.while_loop(lambda i, *_: i < n, chunk, start, parallel_iterations=1)
    return loss / n, good


def _judge(
    layers: list[Layer], loss: Tensor, valid_loss: Tensor, best: Tensor, wait: Tensor
) -> tuple[Tensor, Tensor]:
    """Lowest validation loss so far and the epochs since; keeps the weights if it is this."""
    better = valid_loss < best

    def keep():
        for layer in layers:
            layer.keep()
        return valid_loss

    best = tf.cond(better, keep, lambda: best)
    finite = tf.math.is_finite(loss) & tf.math.is_finite(valid_loss)
    # A run that diverged has waited longer than any patience.
    return best, tf.where(finite, tf.where(better, 0, wait + 1), tf.int32.max)


def row_losses(kind: str, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Loss per row `(batch,)`, and its gradient with respect to the logits."""
    if kind == "multiclass":
        return tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=y)
    if kind == "binary":
        y = tf.cast(y[:, None], tf.float32)
        loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)
        return loss[:, 0], tf.sigmoid(logits) - y
    error = logits - y
    return tf.reduce_mean(tf.square(error), axis=1), error * (2 / y.shape[1])


def _good(kind: str, logits: Tensor, y: Tensor) -> Tensor:
    """Correct rows `(1,)`, or the squared errors summed over rows, `(outputs,)`."""
    if kind == "regression":
        return tf.reduce_sum(tf.square(logits - y), axis=0)
    if kind == "binary":
        right = tf.equal(logits[:, 0] > 0, y > 0)
    else:
        right = tf.equal(tf.argmax(logits, axis=1, output_type=y.dtype), y)
    return tf.reduce_sum(tf.cast(right, tf.float32))[None]
