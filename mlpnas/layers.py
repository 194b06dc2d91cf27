"""The vocabulary of layers: each type is a value that knows all that there is to know of it.

A space joins the words of its layer types, a generator asks them for shapes and Keras layers,
surrogates for features, the report for a label. Another type is one class here, or in a
package of your own: `mlpnas search ... --layers batch_norm,my_package.layers:MyLayer`.

A type may say how the compiled chain runs it. Without that it is trained through Keras, as is
every network in which it stands, some ten times slower for small ones.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mlpnas.core.errors import InputError
from mlpnas.core.runtime.plugins import load_class

if TYPE_CHECKING:
    import keras

ACTIVATIONS = ("sigmoid", "tanh", "relu", "elu")  # of the default vocabulary
COMPILED_ACTIVATIONS = (*ACTIVATIONS, "silu")  # those that `activations.py` has a step for
KERAS_ACTIVATIONS = (
    "celu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu",
    "linear", "log_sigmoid", "mish", "relu6", "selu", "softplus", "softsign", "tanh_shrink",
)  # fmt: skip


class Choices(Protocol):
    """What a layer type may read of the space whose vocabulary it adds to."""

    @property
    def widths(self) -> tuple[int, ...]: ...
    @property
    def activations(self) -> tuple[str, ...]: ...
    @property
    def dropout(self) -> float | None: ...


@dataclass(frozen=True)
class Step:
    """How the compiled chain runs a layer.

    Attributes:
        activation: of a product with the layer's kernel, from `COMPILED_ACTIVATIONS`; None
            if the layer has no weights and only drops units of the layer before it.
        keep: chance that a unit stays.
    """

    activation: str | None = None
    keep: float = 1.0


class LayerType(ABC):
    """A word of the vocabulary: a frozen, hashable value.

    Examples:
        >>> from mlpnas.layers import Dense
        >>> layer = Dense(64, "relu")
        >>> layer.literal, layer.shapes(fan_in=10), layer.parameters(fan_in=10)
        ((64, 'relu'), ((10, 64), (64,)), 704)
    """

    @classmethod
    @abstractmethod
    def words(cls, space: Choices) -> Sequence["LayerType"]:
        """The words that this type adds to the vocabulary of a space."""

    @property
    @abstractmethod
    def literal(self) -> Any:
        """As people write it in an architecture: a string, or a tuple of literals."""

    @property
    def name(self) -> str:
        """Its part of weight keys: letters, digits and underscores."""
        parts = self.literal if isinstance(self.literal, tuple) else (self.literal,)
        return "_".join(map(str, parts))

    @property
    def label(self) -> str:
        """As figures show it."""
        return self.name.replace("_", " ")

    def units(self, fan_in: int) -> int:
        """Units that come out where `fan_in` come in."""
        return fan_in

    def shapes(self, fan_in: int) -> tuple[tuple[int, ...], ...]:
        """Shapes of its arrays, in the order of `keras.Layer.get_weights`; () for none."""
        return ()

    def parameters(self, fan_in: int) -> int:
        """How many of the numbers in its arrays are trained."""
        return sum(math.prod(shape) for shape in self.shapes(fan_in))

    @property
    def step(self) -> Step | None:
        """How the compiled chain runs it; None if it cannot."""
        return None

    @abstractmethod
    def apply(self, x: "keras.KerasTensor", key: str, seed: int) -> "keras.KerasTensor":
        """Put the layer behind `x`, shape `(batch, fan_in)`, with layers that Keras has.

        Args:
            key: name of the Keras layer that holds the arrays.
            seed: of initial weights or masks.
        """

    @abstractmethod
    def features(self) -> Mapping[str, float]:
        """What surrogates read; what it does not name is 0 for this word."""


@dataclass(frozen=True)
class Dense(LayerType):
    """`(256, 'elu')`: a product with a kernel, a bias, an activation.

    Attributes:
        width: units, positive.
        activation: from `COMPILED_ACTIVATIONS` or another that Keras knows by name.
    """

    width: int
    activation: str

    @classmethod
    def words(cls, space: Choices) -> Sequence["Dense"]:
        return [cls(width, act) for width in space.widths for act in space.activations]

    @property
    def literal(self) -> tuple[int, str]:
        return self.width, self.activation

    @property
    def step(self) -> Step | None:
        known = self.activation in COMPILED_ACTIVATIONS
        return Step(self.activation) if known else None

    def units(self, fan_in: int) -> int:
        return self.width

    def shapes(self, fan_in: int) -> tuple[tuple[int, ...], ...]:
        return (fan_in, self.width), (self.width,)

    def apply(self, x: "keras.KerasTensor", key: str, seed: int) -> "keras.KerasTensor":
        return _dense(self.width, self.activation, key, seed)(x)

    def features(self) -> Mapping[str, float]:
        return {"log2 units": math.log2(self.width + 1), self.activation: 1.0}


@dataclass(frozen=True)
class Dropout(LayerType):
    """`'dropout'`: units are left out of training steps (Srivastava et al. 2014).

    Attributes:
        rate: chance that a unit is left out, in (0, 1).
    """

    rate: float

    @classmethod
    def words(cls, space: Choices) -> Sequence["Dropout"]:
        return [cls(space.dropout)] if space.dropout else []

    @property
    def literal(self) -> str:
        return "dropout"

    @property
    def label(self) -> str:
        return f"dropout {self.rate}"

    @property
    def step(self) -> Step:
        return Step(keep=1 - self.rate)

    def apply(self, x: "keras.KerasTensor", key: str, seed: int) -> "keras.KerasTensor":
        import keras

        return keras.layers.Dropout(self.rate, seed=seed, name=key)(x)

    def features(self) -> Mapping[str, float]:
        return {"dropout": 1.0}


@dataclass(frozen=True)
class BatchNorm(LayerType):
    """`'batch_norm'`: batch normalisation of the units (Ioffe and Szegedy 2015)."""

    @classmethod
    def words(cls, space: Choices) -> Sequence["BatchNorm"]:
        return [cls()]

    @property
    def literal(self) -> str:
        return "batch_norm"

    def shapes(self, fan_in: int) -> tuple[tuple[int, ...], ...]:
        """Scale, offset, and the moving mean and variance, which are not trained."""
        return ((fan_in,),) * 4

    def parameters(self, fan_in: int) -> int:
        return 2 * fan_in

    def apply(self, x: "keras.KerasTensor", key: str, seed: int) -> "keras.KerasTensor":
        import keras

        return keras.layers.BatchNormalization(name=key)(x)

    def features(self) -> Mapping[str, float]:
        return {"batch_norm": 1.0}


@dataclass(frozen=True)
class ResidualDense(LayerType):
    """`('residual', 'relu')`: x + act(W x + b), as wide as what comes in (He et al. 2016).

    Attributes:
        activation: of the branch, as for `Dense`.
    """

    activation: str

    @classmethod
    def words(cls, space: Choices) -> Sequence["ResidualDense"]:
        return [cls(activation) for activation in space.activations]

    @property
    def literal(self) -> tuple[str, str]:
        return "residual", self.activation

    def shapes(self, fan_in: int) -> tuple[tuple[int, ...], ...]:
        return (fan_in, fan_in), (fan_in,)

    def apply(self, x: "keras.KerasTensor", key: str, seed: int) -> "keras.KerasTensor":
        import keras

        branch = _dense(x.shape[-1], self.activation, key, seed)(x)
        return keras.layers.Add(name=f"{key}_sum")([x, branch])

    def features(self) -> Mapping[str, float]:
        return {"residual": 1.0, self.activation: 1.0}


def _dense(units: int, activation: str, key: str, seed: int) -> "keras.layers.Dense":
    import keras

    init = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(units, activation, kernel_initializer=init, name=key)


LAYER_TYPES: dict[str, type[LayerType]] = {"batch_norm": BatchNorm, "residual": ResidualDense}


def layer_type(name: str) -> type[LayerType]:
    """The type of a name in `LAYER_TYPES`, or of `package.module:Class`.

    Raises:
        InputError: if there is none.
    """
    if found := LAYER_TYPES.get(name):
        return found
    if ":" not in name:
        raise InputError(
            f"{name!r} is no layer type; expected {', '.join(LAYER_TYPES)}, or a class of your "
            "own as package.module:Class"
        )
    return load_class(name, LayerType)
