"""What run.json of a search on images holds besides what every run.json does."""

from dataclasses import dataclass

from mlpnas.core.run.schema import Count, Number


@dataclass(frozen=True)
class Result:
    """A network that was trained at length.

    Attributes:
        name: where its architecture came from.
        architecture: as text.
        parameters: trainable ones.
        valid, test: accuracy.
        seconds: of its training.
        curve: validation accuracy after each epoch.
    """

    name: str
    architecture: str
    parameters: Count
    valid: Number
    test: Number
    seconds: Number
    curve: tuple[Number, ...]


@dataclass(frozen=True)
class ImageRecord:
    """See `core.record.Record`."""

    results: tuple[Result, ...] = ()
