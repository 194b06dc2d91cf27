"""Steps of activations in a compiled chain: forward, and backward from what forward kept.

Raw operations, because a gradient tape records twice as many. Another activation is one entry
in `STEPS`, and its name in `layers.COMPILED_ACTIVATIONS`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

R = tf.raw_ops
Tensor = Any


class Activation(NamedTuple):
    """Both directions of an elementwise function.

    Attributes:
        forward: from z to the output, and what `backward` reads of it.
        backward: from the gradient of the output, and that, to the gradient of z.
    """

    forward: Callable[[Tensor], tuple[Tensor, Tensor]]
    backward: Callable[[Tensor, Tensor], Tensor]


def _sigmoid(z: Tensor) -> tuple[Tensor, Tensor]:
    y = R.Sigmoid(x=z)
    return y, y


def _tanh(z: Tensor) -> tuple[Tensor, Tensor]:
    y = R.Tanh(x=z)
    return y, y


def _relu(z: Tensor) -> tuple[Tensor, Tensor]:
    y = R.Relu(features=z)
    return y, y


def _elu(z: Tensor) -> tuple[Tensor, Tensor]:
    y = R.Elu(features=z)
    return y, y


def _silu(z: Tensor) -> tuple[Tensor, Tensor]:
    """z * sigmoid(z); no function of the output, which is not monotonic."""
    return R.Mul(x=z, y=R.Sigmoid(x=z)), z


def _silu_backward(dy: Tensor, z: Tensor) -> Tensor:
    """sigmoid(z) (1 + z (1 - sigmoid(z)))."""
    gate = R.Sigmoid(x=z)
    return dy * (gate * (1 + z * (1 - gate)))


STEPS = {
    "sigmoid": Activation(_sigmoid, lambda dy, y: R.SigmoidGrad(y=y, dy=dy)),
    "tanh": Activation(_tanh, lambda dy, y: R.TanhGrad(y=y, dy=dy)),
    "relu": Activation(_relu, lambda dy, y: R.ReluGrad(gradients=dy, features=y)),
    "elu": Activation(_elu, lambda dy, y: R.EluGrad(gradients=dy, outputs=y)),
    "silu": Activation(_silu, _silu_backward),
}
