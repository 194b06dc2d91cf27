"""WeightBank: the shared weights of a supernet.

Weights that take the same place in different architectures are rows of one array, so that an
architecture given as numbers at run time picks them with a gather.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from cnnnas.operations.layers import Tensor
from cnnnas.supernet.bank_layers import Piece, Shape

NOISE = 0.3  # share of a random kernel in one that starts near the identity


class Part(NamedTuple):
    """A piece of a network and its weights: a row, or one for each of several places."""

    piece: Piece
    rows: Any

    def __call__(self, x: Tensor, place: Tensor | None = None) -> Tensor:
        """What the piece computes of an image, with the weights of a place."""
        return self.piece(self.rows if place is None else tf.gather(self.rows, place), x)


class WeightBank:
    """Named trainable arrays.

    Args:
        seed: of their first values.

    Attributes:
        variables: name -> variable, in the order made.
        pieces: name -> what the rows of the variable are the weights of.
    """

    def __init__(self, seed: int):
        self.variables: dict[str, tf.Variable] = {}
        self.pieces: dict[str, Piece] = {}
        self._rng = np.random.default_rng([seed, 0])

    def part(
        self, name: str, piece: Piece, places: int | None = None, through: bool = False
    ) -> Part:
        """A piece with weights of its own: kernels He normal, normalisations changing no scale.

        Args:
            places: how many rows; None for a single one, without an axis of places.
            through: whether kernels that keep the channels let their input through at first,
                but for noise. Operations that take turns in one place then speak one language
                from the start. With random kernels each has its own, and what follows has to
                learn all of them before it learns anything else.
        """
        if not piece.arrays:
            return Part(piece, ())
        self.pieces[name] = piece
        rows = self._rows([*piece.arrays.values()], places or 1, through)
        return Part(piece, self._variable(name, rows[0] if places is None else rows))

    def kernel(self, name: str, *shape: int) -> tf.Variable:
        """A kernel `(height, width, inputs, outputs)`, He normal."""
        return self._variable(name, self._he(shape, ()))

    def _rows(self, shapes: Sequence[Shape], places: int, through: bool) -> np.ndarray:
        """First values `(places, numbers)`; those of one shape are drawn together."""
        drawn = {
            shape: iter(
                self._first(shape, (places, shapes.count(shape)), through).swapaxes(0, 1)
            )
            for shape in dict.fromkeys(shapes)
        }
        return np.hstack([next(drawn[shape]).reshape(places, -1) for shape in shapes])

    def _first(self, shape: Shape, places: Shape, through: bool) -> np.ndarray:
        if len(shape) == 2:  # of a normalisation
            return np.broadcast_to(np.array([[1.0], [0.0]]), (*places, *shape))
        values = self._he(shape, places)
        height, width, inputs, outputs = shape
        if not through or outputs not in (1, inputs):
            return values
        middle = np.zeros(shape)
        middle[height // 2, width // 2] = 1 if outputs == 1 else np.eye(inputs)
        return middle + NOISE * values

    def _he(self, shape: Shape, places: Shape) -> np.ndarray:
        """He's normal values; a depthwise kernel, of one output, sums over an image alone."""
        fan_in = math.prod(shape[:2] if shape[-1] == 1 else shape[:3])
        return self._rng.normal(0, np.sqrt(2 / fan_in), (*places, *shape))

    def _variable(self, name: str, values: np.ndarray) -> tf.Variable:
        if name in self.variables:
            raise ValueError(f"two arrays of the bank are called {name!r}")
        self.variables[name] = tf.Variable(values.astype(np.float32))
        return self.variables[name]

    def count(self) -> int:
        """How many numbers there are."""
        return sum(math.prod(v.shape) for v in self.variables.values())


def as_values(weights: Any) -> Any:
    """Variables as tensors: a function that is handed variables is traced for each of them."""
    return tf.nest.map_structure(tf.convert_to_tensor, weights)


def classify(x: Tensor, kernel: Tensor, keep: float, seed: Tensor | None) -> Tensor:
    """Logits `(rows, classes)` of the averaged image; dropout with a seed, none without."""
    features = tf.reduce_mean(tf.cast(x, kernel.dtype), axis=[1, 2])
    if seed is not None:
        mask = tf.random.stateless_uniform(tf.shape(features), seed) < keep
        features = tf.where(mask, features / keep, 0.0)
    return tf.matmul(features, kernel)
