"""What run.json of a search on a text or sequences holds besides what every run.json does."""

from dataclasses import dataclass

from mlpnas.core.run.schema import Count, Number


@dataclass(frozen=True)
class Result:
    """A network that was trained at length.

    Attributes:
        name: where its cell came from.
        cell: as text.
        parameters: trainable ones.
        units: of the cell.
        epochs: of its training, at most.
        valid, test: perplexity, or accuracy.
        seconds: of its training.
        curve: validation perplexity or accuracy after each epoch.
    """

    name: str
    cell: str
    parameters: Count
    units: Count
    epochs: Count
    valid: Number
    test: Number
    seconds: Number
    curve: tuple[Number, ...]


@dataclass(frozen=True)
class TextRecord:
    """See `core.record.Record`."""

    results: tuple[Result, ...] = ()
