"""What a run on a table leaves besides what every run does, as it is read back."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from mlpnas.core.run.schema import Count, Number
from mlpnas.data.columns import Column

TrialNumber = Annotated[str, Field(pattern=r"^-?\d{1,15}$")]  # as JSON has it for a key


@dataclass(frozen=True)
class Winner:
    """What was chosen; the trial is `finalists.PLAIN` for the plain network."""

    trial: int
    architecture: str
    parameters: Count = 0


@dataclass(frozen=True)
class Encoding:
    """How new rows are read; a run on arrays has no columns."""

    inputs: Annotated[tuple[Count, ...], Field(min_length=1)]
    target: str
    columns: tuple[Column, ...]
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableRecord:
    """See `core.record.Record`; the rest is `final.retrain.Winner.record`."""

    data: Encoding
    winner: Winner | None = None
    retrained_validation: dict[TrialNumber, Number] = field(default_factory=dict)
    cross_validated: bool = False


_Runs = Annotated[tuple[tuple[Number | None, ...], ...], Field(min_length=1)]


@dataclass(frozen=True)
class Comparison:
    """Of compare.json, see `verdict.record`: what a report shows.

    Attributes:
        verdict: who won, in a sentence.
        searches: of each search the scores of every run, None where a trial failed.
    """

    verdict: str
    searches: Annotated[dict[str, _Runs], Field(min_length=1)]
