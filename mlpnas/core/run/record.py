"""run.json as it is read back. Whoever has it from here need not look whether it is whole."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import AliasChoices, Field

from mlpnas.core.errors import InputError
from mlpnas.core.run.schema import LIMIT, Count, Number, parse
from mlpnas.core.run.settings import read_settings
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.task import Kind

FORMAT = 1  # of the run folder; a reader refuses newer ones

S = TypeVar("S")

_AGREEMENT = {"kendall_tau", "shared_scores", "alone_scores", "alone_epochs"}


@dataclass(frozen=True)
class _Made:
    format: Count


@dataclass(frozen=True)
class Data:
    """What the data was, see `folder.describe_data`."""

    kind: Kind
    rows: tuple[Count, Count, Count]
    inputs: tuple[Count, ...]
    classes: tuple[str, ...]
    fingerprint: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        number = len(self.classes)
        fits = {"binary": number == 2, "multiclass": number > 0, "regression": number == 0}
        if not fits[self.kind]:
            raise ValueError(f"kind is {self.kind!r}, and classes are {number}")


@dataclass(frozen=True)
class Scores:
    """Of what was trained at length."""

    name: str
    valid: Number
    test: Number


@dataclass(frozen=True)
class Result:
    """A network of a kit's space that was trained at length, or one that stands beside it.

    Attributes:
        name: where its architecture came from.
        architecture: as text; runs of before called a recurrent one `cell`.
        parameters: trainable ones.
        valid, test: in the unit of the data's own measure.
        seconds: of its training.
        curve: validation measure after each epoch.
        epochs: of its training, at most.
    """

    name: str
    architecture: Annotated[str, Field(validation_alias=AliasChoices("architecture", "cell"))]
    parameters: Count
    valid: Number
    test: Number
    seconds: Number
    curve: tuple[Number, ...]
    epochs: Count = 0


class Retrained(NamedTuple):
    """What was trained at length, the network to keep first, and its delivered file."""

    results: Sequence[Result]
    path: Path


@dataclass(frozen=True)
class Results:
    """What a search over kits writes besides what every package does."""

    results: tuple[Result, ...] = ()


@dataclass(frozen=True)
class Control:
    """Of the search and of random search, see `comparison.compare_with_random`."""

    measure: str
    top_means: tuple[tuple[Count, Number, Number], ...]


@dataclass(frozen=True)
class Record:
    """What every package writes; it may write more.

    Attributes:
        settings: see `run.settings.read_settings`.
        beside: the way from the run's folder to the data, if that was a file.
        trials: how many the results are of; runs of before it was written had one at least.
    """

    format: Count
    settings: dict[str, Any]
    data: Data
    versions: dict[str, str]
    space: str = ""
    beside: str | None = None
    results: tuple[Scores, ...] = ()
    kendall_tau: Number | None = None
    shared_scores: tuple[Number, ...] = ()
    alone_scores: tuple[Number, ...] = ()
    alone_epochs: Count = 0
    control: Control = Control("", ())
    trials: Count = 1

    def __post_init__(self) -> None:
        if len(self.shared_scores) != len(self.alone_scores):
            raise ValueError("not as many shared_scores as alone_scores")


def read_record(path: Path, *more: type[Any]) -> dict[str, Any]:
    """What run.json says; see `Record` for what is sure to be there.

    Args:
        path: the run's folder.
        more: dataclasses of what a package writes besides.

    Raises:
        InputError: if it is damaged, not ours, or of a newer version.
    """
    try:
        content = (path / "run.json").read_bytes()
        made = parse(_Made, content)
        if made.format <= FORMAT:
            return _checked(content, (Record, *more))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, str(error)) from None
    raise InputError(
        f"{path / 'run.json'} is of format {made.format}, written by a newer mlpnas; expected "
        f"format {FORMAT} or older: update mlpnas"
    )


def finished_record(path: Path, program: str, *more: type[Any]) -> dict[str, Any]:
    """What run.json says of a finished run.

    Args:
        path: the run's folder.
        program: whose run it should be.
        more: see `read_record`.

    Raises:
        InputError: if the folder is none of a run, or the run is not finished.
    """
    if not (path / "run.json").is_file():
        raise InputError(f"{path} is no folder of a run; expected one made by {program} search")
    if not (path / "best.keras").is_file():
        raise InputError(
            f"{path} has no best.keras yet; expected a finished run: {program} resume {path}"
        )
    return read_record(path, *more)


def _checked(content: bytes, kinds: Collection[type[Any]]) -> dict[str, Any]:
    for kind in kinds:
        parse(kind, content)
    record: dict[str, Any] = json.loads(content, parse_int=_whole)
    if 0 < len(_AGREEMENT & record.keys()) < len(_AGREEMENT):
        raise ValueError(f"{', '.join(sorted(_AGREEMENT - record.keys()))} missing")
    for result in record.get("results", ()):
        if "cell" in result:  # see `Result`
            result["architecture"] = result.pop("cell")
    return record


def _whole(digits: str) -> int:
    value = int(digits)
    if abs(value) >= LIMIT:
        raise ValueError(f"{digits[:20]}... is too large a number")
    return value


def settings_of(path: Path, record: dict[str, Any], kind: type[S]) -> S:
    """The settings in a run.json.

    Raises:
        InputError: naming the file and what is wrong in it.
    """
    try:
        return read_settings(kind, record["settings"])
    except InputError as error:
        raise damaged(path, str(error)) from None


def architecture_in(path: Path, space: SearchSpace, text: str) -> Architecture:
    """The architecture that a run.json names.

    Raises:
        InputError: naming the file, if it is none of the space.
    """
    try:
        return space.parse(text)
    except InputError as error:
        raise damaged(path, str(error)) from None


def located(path: Path, record: dict[str, Any], settings: S, data: str | None) -> S:
    """The settings, with the place where the data is now.

    Args:
        path: the run's folder.
        record: what its run.json says.
        data: where the user says it is; None to look where it was, and beside the run.

    Raises:
        InputError: if it is in none of these places.
    """
    then = Path(str(record["settings"]["data"]))
    if data is None and not then.is_absolute():  # the name of a data set, not a file's
        return settings
    near = [path / record["beside"]] if record.get("beside") else []
    places = [then, *near, path / then.name, path.parent / then.name]
    found = data or next((str(place) for place in places if place.exists()), None)
    if found is None:
        raise InputError(
            f"{then}, the data of {path}, is there no more, nor beside the run; expected the "
            "same file: put it back, or say where it is with --data"
        )
    return replace(settings, data=found)  # type: ignore[type-var]


def check_journal(path: Path, record: dict[str, Any]) -> None:
    """Raise InputError if the journal lacks trials of which run.json has the results.

    Args:
        path: the run's folder.
        record: what its run.json says.
    """
    journal = path / "trials.jsonl"
    trials = journal.read_bytes().count(b"\n") if journal.exists() else 0
    promised = record.get("trials", 1) if record.get("results") else 0
    if trials < promised:
        raise InputError(
            f"{journal} holds {trials} trials, and run.json beside it the results of a search "
            f"of {promised} or more; expected all of them: put the journal back as it was, or "
            "start a new run"
        )


def damaged(path: Path, what: str) -> InputError:
    """What to raise of the run in this folder; `what` is wrong in its run.json."""
    return InputError(
        f"{path / 'run.json'} is damaged, or not of mlpnas ({what}); expected what a search "
        "wrote: put the file back as it was, or start a new run"
    )
