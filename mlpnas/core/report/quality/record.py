"""What an evaluation and an explanation hold, as they stand in run.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mlpnas.core.run.schema import Count, Number, parse

T = TypeVar("T")


@dataclass(frozen=True)
class Interval:
    """A measure of some rows, and between what it lies, with 95% confidence, for others."""

    value: Number
    low: Number
    high: Number

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"

    def holds(self, value: float) -> bool:
        """Whether the value lies within."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Curve:
    """Points of a line, and whose it is."""

    label: str
    x: tuple[Number, ...]
    y: tuple[Number, ...]

    def __post_init__(self) -> None:
        _equal(x=self.x, y=self.y)


@dataclass(frozen=True)
class OfClass:
    """Precision, recall and their harmonic mean for one class, and how many rows are of it."""

    label: str
    precision: Number
    recall: Number
    f1: Number
    rows: Count


@dataclass(frozen=True)
class Confused:
    """How many rows of one class were taken for another."""

    truth: str
    predicted: str
    rows: Count


@dataclass(frozen=True)
class Calibration:
    """Of rows in bins of equal size: the probability given, how often it was right, rows.

    Attributes:
        of: what the probability is given for.
    """

    of: str
    given: tuple[Number, ...]
    found: tuple[Number, ...]
    rows: tuple[Count, ...]

    def __post_init__(self) -> None:
        _equal(given=self.given, found=self.found, rows=self.rows)


@dataclass(frozen=True)
class Classes:
    """Predicted classes against true ones.

    Attributes:
        per_class: a line for each class, in the order of the network's.
        confusion: rows `(true class, predicted class)`.
        confused: the pairs most often taken for one another, most frequent first.
        roc: false positive rate -> true positive rate, of each class against all others.
        precision_recall: recall -> precision, likewise.
        calibration: None if all rows are of one class.
        threshold: the probability from which on the second of two classes is predicted.
    """

    per_class: tuple[OfClass, ...]
    confusion: tuple[tuple[Count, ...], ...]
    confused: tuple[Confused, ...] = ()
    roc: tuple[Curve, ...] = ()
    precision_recall: tuple[Curve, ...] = ()
    calibration: Calibration | None = None
    threshold: Number = 0.5

    def __post_init__(self) -> None:
        _equal(per_class=self.per_class, confusion=self.confusion)
        for row in self.confusion:
            _equal(per_class=self.per_class, row=row)


@dataclass(frozen=True)
class Values:
    """Predicted numbers of one output against true ones.

    Attributes:
        name: of what is predicted.
        truth, predicted: of at most 500 rows.
        half, most: how far from the truth half, and nine tenths, of all predictions lie at
            most, in the target's unit.
    """

    name: str
    truth: tuple[Number, ...]
    predicted: tuple[Number, ...]
    half: Number
    most: Number

    def __post_init__(self) -> None:
        _equal(truth=self.truth, predicted=self.predicted)


@dataclass(frozen=True)
class Evaluation:
    """What labelled rows say of a network.

    Attributes:
        of: which rows, in words.
        rows: how many.
        measures: name -> value with its interval; the first is the one to look at.
        sentences: what may be concluded, most important first.
        classes: None for numbers.
        values: a line per output; empty for classes.
    """

    of: str
    rows: Count
    measures: dict[str, Interval]
    sentences: tuple[str, ...]
    classes: Classes | None = None
    values: tuple[Values, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self.sentences)


@dataclass(frozen=True)
class Importance:
    """How much a measure falls when a column's values are dealt out anew among the rows."""

    column: str
    fall: Interval

    @property
    def seen(self) -> bool:
        """Whether these rows show that the column matters."""
        return self.fall.low > 0


@dataclass(frozen=True)
class Dependence:
    """The mean prediction where a column has this value in all rows, a line per output.

    Attributes:
        column: its name.
        names: the values, where these are words; else empty, and x holds them.
        curves: y over x; x counts the names where there are any.
    """

    column: str
    names: tuple[str, ...]
    curves: tuple[Curve, ...]

    def __post_init__(self) -> None:
        _equal(curves=self.curves)


@dataclass(frozen=True)
class Explanation:
    """Which columns a network's predictions hang on.

    Attributes:
        of: which rows were looked at, in words.
        rows: how many.
        measure: what falls.
        importances: strongest first.
        dependences: of the strongest columns.
    """

    of: str
    rows: Count
    measure: str
    importances: tuple[Importance, ...]
    dependences: tuple[Dependence, ...] = ()

    def __post_init__(self) -> None:
        _equal(importances=self.importances)

    def __str__(self) -> str:
        return "\n".join(f"{i.column}: {i.fall}" for i in self.importances)


@dataclass(frozen=True)
class QualityRecord:
    """What `evaluate` writes into run.json."""

    evaluation: Evaluation | None = None
    explanation: Explanation | None = None


def quality_in(record: Mapping[str, Any]) -> QualityRecord:
    """What a checked run.json says of quality."""
    kept = {name: record.get(name) for name in ("evaluation", "explanation")}
    return parse(QualityRecord, json.dumps(kept))


def _equal(**parts: tuple) -> None:
    """Raise ValueError unless all are of one length, and not empty."""
    if len({len(part) for part in parts.values()}) > 1 or not all(parts.values()):
        raise ValueError(f"{' and '.join(parts)} are empty or of different lengths")
