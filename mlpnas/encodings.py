"""Encodings: what a network sees of its inputs, the first word of an architecture if any.

A perceptron learns smooth functions of its inputs; where thresholds of single columns matter,
as in many tables, it does better on an encoding of them. An encoding is fitted on training
rows alone, once for all networks, and is not trained: an encoded network costs what its wider
first layer costs.

Source: Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular deep
learning", NeurIPS 2022, section 3.1: piecewise linear encoding with bins of equal counts. It
departs in two ways: the standardised column stays beside its code, and codes end at 0 and 1,
where those of the paper's outer bins go on.
"""

import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.runtime.plugins import load_class

if TYPE_CHECKING:
    import keras

NARROW = 1e-4  # of a bin, in deviations of its column: float32 rows still have places in it


class Encoder(ABC):
    """An encoding that has seen the training rows.

    Examples:
        >>> import numpy as np
        >>> from mlpnas.encodings import PiecewiseLinear
        >>> encoder = PiecewiseLinear(bins=4).fit(np.random.default_rng(0).random((50, 3)))
        >>> encoder.units  # three columns, each with four bins beside it
        15
    """

    @property
    @abstractmethod
    def units(self) -> int:
        """How many inputs a network gets."""

    @abstractmethod
    def encode(self, rows: np.ndarray) -> np.ndarray:
        """Rows `(rows, inputs)` as `(rows, units)`, float32."""

    @abstractmethod
    def apply(self, x: "keras.KerasTensor") -> "keras.KerasTensor":
        """The same with layers that Keras has, none of them trained."""


class Encoding(ABC):
    """A word of the vocabulary that may stand before the first layer: a frozen value.

    Examples:
        >>> import numpy as np
        >>> from mlpnas.encodings import PiecewiseLinear
        >>> rows = np.linspace(0, 1, 9, dtype=np.float32)[:, None]
        >>> PiecewiseLinear(bins=2).fit(rows).encode(rows[[2, 6]])  # the way through each half
        array([[0.25, 0.5 , 0.  ],
               [0.75, 1.  , 0.5 ]], dtype=float32)
    """

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

    @abstractmethod
    def fit(self, rows: np.ndarray) -> Encoder:
        """Learn what is to be known of the training rows, `(rows, inputs)`."""

    @abstractmethod
    def features(self) -> Mapping[str, float]:
        """What surrogates read; what it does not name is 0 for this word."""

    def of(self, rows: np.ndarray) -> Encoder:
        """`fit`, or what it gave for this very array before."""
        key = id(rows), self
        if key not in _FITTED:
            _FITTED[key] = self.fit(rows.reshape(len(rows), -1))
            weakref.finalize(rows, _FITTED.pop, key, None)
        return _FITTED[key]


_FITTED: dict[tuple[int, Encoding], Encoder] = {}  # by the training rows, while they live


@dataclass(frozen=True)
class PiecewiseLinear(Encoding):
    """`('ple', 16)`: beside each number, how far it has come through each bin of its column.

    Attributes:
        bins: of equal counts, at most; a column of few values has fewer.
    """

    bins: int = 16

    @property
    def literal(self) -> tuple[str, int]:
        return "ple", self.bins

    def features(self) -> Mapping[str, float]:
        return {"ple": 1.0, "log2 bins": float(np.log2(self.bins))}

    def fit(self, rows: np.ndarray) -> "PiecewiseLinearEncoder":
        """Columns of one or two values are left as they are: nothing could be told apart."""
        found = {i: edges for i in range(rows.shape[1]) if (edges := self._edges(rows[:, i]))}
        slope = np.zeros((len(found), self.bins), np.float32)
        start = np.zeros((len(found), self.bins), np.float32)
        for row, edges in enumerate(found.values()):
            low, width = np.array(edges[:-1]), np.diff(edges)
            slope[row, : len(width)], start[row, : len(width)] = 1 / width, -low / width
        return PiecewiseLinearEncoder(rows.shape[1], tuple(found), slope, start)

    def _edges(self, column: np.ndarray) -> list[float]:
        """Quantiles that are no closer than `NARROW`; none where there are fewer than three."""
        steps = np.quantile(column.astype(np.float64), np.linspace(0, 1, self.bins + 1))
        apart = NARROW * max(1.0, float(np.abs(steps).max()))
        edges: list[float] = []
        for step in steps:
            if not edges or step - edges[-1] > apart:
                edges.append(float(step))
        return edges if len(edges) > 2 else []


@dataclass(frozen=True, eq=False)
class PiecewiseLinearEncoder(Encoder):
    """Codes min(max(slope x + start, 0), 1) of some columns, behind all columns.

    Attributes:
        inputs: columns there are.
        columns: those that are encoded, by place.
        slope, start: `(columns, bins)`; 0 where a column has fewer bins.
    """

    inputs: int
    columns: tuple[int, ...]
    slope: np.ndarray
    start: np.ndarray

    @property
    def units(self) -> int:
        return self.inputs + self.slope.size

    def encode(self, rows: np.ndarray) -> np.ndarray:
        codes = rows[:, list(self.columns), None] * self.slope + self.start
        return np.hstack([rows, np.clip(codes, 0, 1).reshape(len(rows), -1)])

    def apply(self, x: "keras.KerasTensor") -> "keras.KerasTensor":
        import keras

        if not self.columns:
            return x
        bins = keras.layers.EinsumDense(
            "bi,ij->bij", self.slope.shape, bias_axes="ij", trainable=False, name="bins"
        )
        codes = bins(keras.ops.take(x, list(self.columns), axis=1))
        bins.set_weights([self.slope, self.start])
        codes = keras.layers.Flatten()(keras.layers.ReLU(max_value=1.0)(codes))
        return keras.layers.Concatenate()([x, codes])


ENCODINGS: dict[str, type[Encoding]] = {"ple": PiecewiseLinear}


def encoding(name: str) -> Encoding:
    """The encoding of a name in `ENCODINGS`, or of `package.module:Class`, with its defaults.

    Raises:
        InputError: if there is none.
    """
    if found := ENCODINGS.get(name):
        return found()
    if ":" not in name:
        raise InputError(
            f"{name!r} is no encoding; expected {', '.join(ENCODINGS)}, or a class of your own "
            "as package.module:Class"
        )
    made: Encoding = load_class(name, Encoding)()
    return made
