"""Bilevel optimisation of architecture parameters and weights: DARTS, for any supernet.

A supernet runs every candidate operation, mixed by architecture parameters alpha, and the
weights w of all operations are shared. The goal is two problems, one within the other:

    minimise over alpha  L_valid(w*(alpha), alpha)
    with  w*(alpha) = argmin_w L_train(w, alpha)

Instead of the inner minimum one takes one step of descent, w' = w - xi (mu m + dL_train/dw +
lambda w), with momentum m and weight decay lambda. With v = dL_valid(w', alpha)/dw' the
gradient on alpha is then

    dL_valid(w', alpha)/dalpha - xi d2L_train(w, alpha)/dalpha dw . v

(second order), where the product of the mixed derivative with v is a central difference: with
epsilon = 0.01 / |v| and w+- = w +- epsilon v,

    [dL_train(w+, alpha)/dalpha - dL_train(w-, alpha)/dalpha] / (2 epsilon).

With xi = 0 it is dL_valid(w, alpha)/dalpha (first order). Each step moves alpha first and then
w. What the losses compute is their own affair: nothing here knows a convolution or a cell.

Source: Liu, Simonyan and Yang, "DARTS: differentiable architecture search", ICLR 2019.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import keras
import tensorflow as tf

# A mean loss, a scalar, of a batch: any nest of tensors. It reads weights and alphas itself.
Loss = Callable[[Any], tf.Tensor]
Tensors = list[tf.Tensor]
Variables = Sequence[keras.Variable]


@dataclass(frozen=True)
class Descent:
    """One step on the weights: w <- w - xi m', m' = mu m + clip(g) + lambda w.

    Attributes:
        momentum: mu.
        decay: lambda, weight decay within the gradient (L2).
        clip: largest norm of all gradients together; None for none.

    Examples:
        >>> import keras, tensorflow as tf
        >>> from mlpnas import Descent
        >>> weights, still = [keras.Variable([2.0])], [keras.Variable([0.0])]
        >>> descent, gradients = Descent(decay=0.25), [tf.constant([1.0])]
        >>> float(descent.direction(gradients, weights, still)[0][0])  # 1 + 0.25 * 2
        1.5
    """

    momentum: float = 0.9
    decay: float = 3e-4
    clip: float | None = 5.0

    def direction(self, gradients: Tensors, weights: Variables, momenta: Variables) -> Tensors:
        """m' of gradients that are clipped already."""
        return [
            self.momentum * m + g + self.decay * w
            for m, g, w in zip(values(momenta), gradients, values(weights), strict=True)
        ]


def values(variables: Variables) -> Tensors:
    """Keras's variables as TensorFlow's."""
    return [getattr(variable, "value", variable) for variable in variables]


def gradient(loss: Loss, batch: Any, variables: Variables) -> tuple[tf.Tensor, Tensors]:
    """The loss, and its gradient; zeros for variables that it does not depend on."""
    sources = values(variables)
    with tf.GradientTape() as tape:
        value = loss(batch)
    found = tape.gradient(value, sources, unconnected_gradients="zero")
    return value, [tf.convert_to_tensor(g) for g in found]


def clipped(gradients: Tensors, norm: float | None) -> tuple[Tensors, tf.Tensor]:
    """The gradients with a joint norm of at most `norm`, and the factor that made them so."""
    if norm is None:
        return gradients, tf.ones([], gradients[0].dtype)
    factor = tf.minimum(norm / tf.maximum(tf.linalg.global_norm(gradients), 1e-12), 1.0)
    return [factor * g for g in gradients], factor


def put(variables: Variables, tensors: Tensors) -> None:
    """Assign each variable its tensor."""
    for variable, tensor in zip(values(variables), tensors, strict=True):
        variable.assign(tensor)


def moved(origin: Tensors, by: Tensors, times: Any) -> Tensors:
    """origin + times * by."""
    return [
        start + tf.cast(times, start.dtype) * step
        for start, step in zip(origin, by, strict=True)
    ]


def mixed_product(
    loss: Loss, batch: Any, weights: Variables, alphas: Variables, vector: Tensors
) -> Tensors:
    """d2L/dalpha dw . vector by a central difference of radius 0.01 / |vector|.

    The weights are as they were afterwards, to the bit: they are put back from a copy. The
    same with `weights` = `alphas` is a product with the Hessian of the alphas.
    """
    kept = [tf.identity(w) for w in values(weights)]
    radius = 0.01 / tf.maximum(tf.linalg.global_norm(vector), 1e-12)
    put(weights, moved(kept, vector, radius))
    _, above = gradient(loss, batch, alphas)
    put(weights, moved(kept, vector, -radius))
    _, below = gradient(loss, batch, alphas)
    put(weights, kept)
    difference = moved(above, below, -1.0)
    return [d / tf.cast(2.0 * radius, d.dtype) for d in difference]


@contextmanager
def as_built() -> Iterator[None]:
    """Within it graphs run as they were built.

    TensorFlow's rewriting of graphs takes two thirds of the time to the first step of a
    supernet of convolutions, which has tens of thousands of operations, and the later steps
    gain nothing by it.
    """
    options = tf.config.optimizer
    before = options.get_experimental_options().get("disable_meta_optimizer", False)
    options.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        options.set_experimental_options({"disable_meta_optimizer": before})


class Bilevel:
    """Steps that move alphas on validation batches and weights on training batches.

    Args:
        train, valid: losses; each reads the weights and the alphas itself.
        weights, alphas: what is trained; no variable may be in both.
        descent: how weights step.
        order: 1, or 2 for the gradient through one step of descent.
        alpha_rate: learning rate of the alphas' Adam.
        alpha_betas: its decay rates.
        alpha_decay: weight decay of the alphas, within the gradient (L2).
        unrolled_clip: largest norm of the training gradient and of v within the second-order
            gradient; None for none. Recurrent supernets need it.

    Raises:
        ValueError: if a variable is both a weight and an alpha, or the order is another.

    Examples:
        >>> import keras, tensorflow as tf
        >>> from mlpnas import Bilevel
        >>> weight, alpha = keras.Variable([1.0]), keras.Variable([0.0])
        >>> def loss(batch):  # of training and validation alike: batch * (weight - alpha) ** 2
        ...     return tf.reduce_sum(batch * (weight.value - alpha.value) ** 2)
        >>> bilevel = Bilevel(loss, loss, [weight], [alpha], order=2)
        >>> train, valid = bilevel.step(1.0, 1.0, tf.constant(0.1))
        >>> float(alpha[0]) > 0 and float(weight[0]) < 1  # both have moved towards one another
        True
    """

    def __init__(
        self, train: Loss, valid: Loss, weights: Variables, alphas: Variables,
        descent: Descent = Descent(), order: Literal[1, 2] = 1, alpha_rate: float = 3e-4,
        alpha_betas: tuple[float, float] = (0.5, 0.999), alpha_decay: float = 1e-3,
        unrolled_clip: float | None = None,
    ):  # fmt: skip
        if {id(w) for w in weights} & {id(a) for a in alphas}:
            raise ValueError("a variable is among both the weights and the alphas")
        if order not in (1, 2):
            raise ValueError(f"order is {order}, expected 1 or 2")
        self._train, self._valid = train, valid
        self.weights, self.alphas = list(weights), list(alphas)
        self._descent, self._order = descent, order
        self._alpha_decay, self._unrolled_clip = alpha_decay, unrolled_clip
        self.momenta = [
            keras.Variable(tf.zeros_like(w), dtype=w.dtype.name, trainable=False)
            for w in values(weights)
        ]
        self.adam = keras.optimizers.Adam(alpha_rate, *alpha_betas, epsilon=1e-8)
        self.adam.build(self.alphas)

    @tf.function(autograph=False)
    def step(self, train: Any, valid: Any, rate: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One step on the alphas, then one on the weights.

        Args:
            train, valid: batches.
            rate: xi, the weights' learning rate, a float32 scalar tensor.

        Returns:
            The losses before, of the training and of the validation batch.
        """
        valid_loss = self._move_alphas(train, valid, rate)
        return self._move_weights(train, rate), valid_loss

    @tf.function(autograph=False)
    def joint_step(self, train: Any, rate: tf.Tensor) -> tf.Tensor:
        """One step on both, down the gradient of the training loss at one point: a problem of
        one level, as in SNAS (Xie et al., ICLR 2019); the loss before."""
        loss, both = gradient(self._train, train, [*self.alphas, *self.weights])
        self._descend_alphas(both[: len(self.alphas)])
        self._descend_weights(both[len(self.alphas) :], rate)
        return loss

    @tf.function(autograph=False)
    def move_weights(self, train: Any, rate: tf.Tensor) -> tf.Tensor:
        """One step on the weights alone; the loss before."""
        return self._move_weights(train, rate)

    def _move_weights(self, train: Any, rate: tf.Tensor) -> tf.Tensor:
        loss, gradients = gradient(self._train, train, self.weights)
        self._descend_weights(gradients, rate)
        return loss

    def _descend_weights(self, gradients: Tensors, rate: tf.Tensor) -> None:
        gradients, _ = clipped(gradients, self._descent.clip)
        steps = self._descent.direction(gradients, self.weights, self.momenta)
        put(self.momenta, steps)
        put(self.weights, moved(values(self.weights), steps, -rate))

    def _move_alphas(self, train: Any, valid: Any, rate: tf.Tensor) -> tf.Tensor:
        loss, gradients = self.hypergradient(train, valid, rate)
        self._descend_alphas(gradients)
        return loss

    def _descend_alphas(self, gradients: Tensors) -> None:
        self.adam.apply(moved(gradients, values(self.alphas), self._alpha_decay), self.alphas)

    def hypergradient(self, train: Any, valid: Any, rate: Any) -> tuple[tf.Tensor, Tensors]:
        """Return the validation loss and its gradient on the alphas, of order 1 or 2."""
        if self._order == 1:
            return gradient(self._valid, valid, self.alphas)
        kept = [tf.identity(w) for w in values(self.weights)]
        _, gradients = gradient(self._train, train, self.weights)
        gradients, factor = clipped(gradients, self._unrolled_clip)
        ahead = self._descent.direction(gradients, self.weights, self.momenta)
        put(self.weights, moved(kept, ahead, -rate))
        loss, both = gradient(self._valid, valid, [*self.alphas, *self.weights])
        put(self.weights, kept)
        direct, vector = both[: len(self.alphas)], both[len(self.alphas) :]
        vector, _ = clipped(vector, self._unrolled_clip)
        product = mixed_product(self._train, train, self.weights, self.alphas, vector)
        # Clipping scaled the step from which the mixed derivative comes.
        return loss, moved(direct, product, -tf.cast(rate, factor.dtype) * factor)


def hessian_product(loss: Loss, alphas: Variables) -> Callable[[Any, Tensors], Tensors]:
    """The compiled product of a batch's Hessian in the alphas with a vector."""
    return tf.function(
        lambda batch, vector: mixed_product(loss, batch, alphas, alphas, vector),
        autograph=False,
    )


def largest_eigenvalue(
    product: Callable[[Tensors], Tensors], alphas: Variables, iterations: int = 15
) -> float:
    """The eigenvalue of largest magnitude of a matrix that is known by its products.

    By power iteration from a fixed start. A sharp optimum of the alphas foretells that the
    network loses much when its mixture is made discrete (Zela et al., ICLR 2020).
    """
    draws = tf.random.Generator.from_seed(0)
    vector = [draws.normal(a.shape, dtype=a.dtype) for a in values(alphas)]
    for _ in range(iterations):
        norm = tf.maximum(tf.linalg.global_norm(vector), 1e-12)
        unit = [v / norm for v in vector]
        vector = product(unit)
    return float(tf.add_n([tf.reduce_sum(u * v) for u, v in zip(unit, vector, strict=True)]))
