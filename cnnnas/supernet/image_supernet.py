"""ImageSupernet: trains shared weights on images, and scores architectures with them.

One compiled step takes the architecture as numbers, so no architecture costs a trace; weights
of operations that are not on its path are not computed with. They decay like the others.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the program its authors released.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import tensorflow as tf

from cnnnas.operations.layers import Tensor
from cnnnas.supernet.weight_bank import WeightBank
from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.schedules import cosine_restarts

TRAIN, SCORE, SLICE, DRAWS = range(4)  # what a random stream is for

_LABELS = tf.TensorSpec([None], tf.int32)
_RATE, _SEED = tf.TensorSpec([], tf.float32), tf.TensorSpec([2], tf.int32)


class Network(Protocol):
    """All architectures of a space on one bank of weights."""

    bank: WeightBank

    @property
    def space(self) -> SearchSpace:
        """Whose architectures are its paths."""
        ...

    def __call__(self, tokens: Tensor, images: Tensor, seed: Tensor | None = None) -> Tensor:
        """Logits; with a seed, as in training, with dropout."""
        ...

    def path(self, architecture: Architecture) -> dict[str, Any]:
        """Name of each array that the architecture uses -> index of its part."""
        ...


@dataclass(frozen=True)
class SharedTraining:
    """How the shared weights are trained; the defaults are those of ENAS's macro search.

    Attributes:
        batch_size: rows of a training batch.
        score_rows: rows of a validation batch. ENAS takes as many as it trains on; more of
            them tell architectures apart that are close.
        high, low, period, factor: learning rate and its restarts, see `cosine_restarts`.
        momentum: Nesterov's.
        l2: weight of the sum of all squared weights in the loss.
        slice_rows: validation rows on which architectures are compared when one is derived.
        dtype: what is computed with; weights, logits and losses are float32 in any case.
    """

    batch_size: int = 128
    score_rows: int = 250
    high: float = 0.05
    low: float = 0.0005
    period: float = 10
    factor: float = 2
    momentum: float = 0.9
    l2: float = 2.5e-4
    slice_rows: int = 1000
    dtype: Literal["float32", "bfloat16"] = "float32"


class ImageSupernet:
    """See `mlpnas.core.supernet.Supernet`; `network` is the one that it trains.

    Args:
        network: the architectures and their weights.
        task: the images.
        training: how to train.
        augment: varies training images, given them and a seed of two int32.
        seed: of the order of rows, dropout and augmentation.

    Raises:
        InputError: if there are fewer training rows than a batch has.
    """

    def __init__(
        self,
        network: Network,
        task: Task,
        training: SharedTraining = SharedTraining(),
        augment: Callable[[Tensor, Tensor], Tensor] | None = None,
        seed: int = 0,
    ):
        if len(task.train) < training.batch_size:
            raise InputError(
                f"{task.name!r} has {len(task.train)} training rows, fewer than the "
                f"{training.batch_size} of a batch; give more rows or a smaller batch"
            )
        self.space, self.network, self._task = network.space, network, task
        self._training, self._augment, self._seed = training, augment, seed
        self._score_rows = min(training.score_rows, len(task.valid))
        self.steps = len(task.train) // training.batch_size
        self._variables = list(network.bank.variables.values())
        self._momenta = [tf.Variable(tf.zeros_like(v)) for v in self._variables]
        self._done = 0  # training steps
        images = tf.TensorSpec([None, *task.input_shape], tf.float32)
        batch = [tf.TensorSpec([len(self.space.decisions)], tf.int32), images, _LABELS]
        self.step = tf.function(self._step, [*batch, _RATE, _SEED], autograph=False)
        self.accuracy = tf.function(self._accuracy, batch, autograph=False)

    def train(self, architectures: Sequence[Architecture]) -> float:
        """One step for each architecture; returns their mean cross-entropy in nats."""
        losses = [self._train_one(architecture) for architecture in architectures]
        return float(np.mean([float(loss) for loss in losses]))

    def _train_one(self, architecture: Architecture) -> Tensor:
        self.space.check(architecture)
        t = self._training
        rows = self._rows(TRAIN, self._done, len(self._task.train), t.batch_size)
        x, y = self._task.train.x[rows], self._task.train.y[rows]
        rate = cosine_restarts(self._done / self.steps, t.high, t.low, t.period, t.factor)
        draws = np.random.SeedSequence([self._seed, DRAWS, self._done]).generate_state(2)
        self._done += 1
        seed = (draws >> 1).astype(np.int32)
        return self.step(
            np.asarray(architecture.tokens, np.int32), x, y, np.float32(rate), seed
        )

    def score(self, architectures: Sequence[Architecture], batch: int) -> list[float]:
        """The accuracy of each on a validation batch, with that batch's statistics."""
        rows = self._rows(SCORE, batch, len(self._task.valid), self._score_rows)
        return [self._correct(architecture, rows) for architecture in architectures]

    def validate(self, architectures: Sequence[Architecture]) -> list[float]:
        """The accuracy of each on the same validation rows, batch by batch."""
        rows, size = len(self._task.valid), self._score_rows
        count = max(1, min(self._training.slice_rows, rows) // size)
        batches = self._rows(SLICE, 0, rows, count * size).reshape(count, size)
        return [
            float(np.mean([self._correct(architecture, rows) for rows in batches]))
            for architecture in architectures
        ]

    def parameters(self, architecture: Architecture) -> int:
        """How many of the shared weights the architecture uses."""
        variables = self.network.bank.variables
        return sum(
            int(np.broadcast_to(0, variables[name].shape)[index].size)
            for name, index in self.network.path(architecture).items()
        )

    def _rows(self, purpose: int, number: int, rows: int, size: int) -> np.ndarray:
        """Batch `number` of rows that are shuffled anew for each pass over them."""
        a_pass, place = divmod(number, rows // size)
        order = np.random.default_rng([self._seed, purpose, a_pass]).permutation(rows)
        return order[place * size : (place + 1) * size]

    def _correct(self, architecture: Architecture, rows: np.ndarray) -> float:
        self.space.check(architecture)
        fold: Fold = self._task.valid
        tokens = np.asarray(architecture.tokens, np.int32)
        return float(self.accuracy(tokens, fold.x[rows], fold.y[rows]))

    def _step(self, tokens: Tensor, x: Tensor, y: Tensor, rate: Tensor, seed: Tensor) -> Tensor:
        """One step down the loss on one batch; returns the cross-entropy before it."""
        vary, drop = tf.unstack(tf.random.split(seed, 2))
        x = x if self._augment is None else self._augment(x, vary)
        with tf.GradientTape() as tape:
            loss = _cross_entropy(y, self._logits(tokens, x, drop))
        for variable, momentum, gradient in zip(
            self._variables, self._momenta, tape.gradient(loss, self._variables), strict=True
        ):
            decay = 2 * self._training.l2 * variable
            # What gathers picked has sparse gradients; run eagerly, other operations have none.
            slope = decay if gradient is None else tf.convert_to_tensor(gradient) + decay
            tf.raw_ops.ResourceApplyMomentum(
                var=variable.handle, accum=momentum.handle, lr=rate, grad=slope,
                momentum=self._training.momentum, use_nesterov=True,
            )  # fmt: skip
        return loss

    def _accuracy(self, tokens: Tensor, x: Tensor, y: Tensor) -> Tensor:
        logits = self._logits(tokens, x)
        right = tf.argmax(logits, axis=1, output_type=tf.int32) == y
        return tf.reduce_mean(tf.cast(right, tf.float32))

    def _logits(self, tokens: Tensor, x: Tensor, seed: Tensor | None = None) -> Tensor:
        # The bank's operations compute in the type of what they are given.
        return self.network(tokens, tf.cast(x, self._training.dtype), seed)

    def state(self) -> dict[str, np.ndarray]:
        """Weights, momenta and the number of steps done."""
        names = self.network.bank.variables
        weights = {
            f"weight/{n}": v.numpy() for n, v in zip(names, self._variables, strict=True)
        }
        momenta = {
            f"momentum/{n}": v.numpy() for n, v in zip(names, self._momenta, strict=True)
        }
        return {**weights, **momenta, "steps": np.array(self._done)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`."""
        names = self.network.bank.variables
        for name, variable, momentum in zip(names, self._variables, self._momenta, strict=True):
            variable.assign(state[f"weight/{name}"])
            momentum.assign(state[f"momentum/{name}"])
        self._done = int(state["steps"])


def _cross_entropy(y: Tensor, logits: Tensor) -> Tensor:
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    return tf.reduce_mean(each)
