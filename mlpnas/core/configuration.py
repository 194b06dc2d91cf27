"""Settings of a run: frozen dataclasses that are written to JSON, read back and compared."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from mlpnas.core.errors import InputError

S = TypeVar("S")


def read_settings(kind: type[S], record: Mapping[str, Any]) -> S:
    """Inverse of `asdict`, for what was read from a file.

    Args:
        kind: a dataclass whose fields are plain values, `Literal`s, tuples of one kind, or
            optional ones of these. It has a field `data`.

    Raises:
        InputError: naming the setting that is unknown or has no usable value.
    """
    types = get_type_hints(kind)
    values = dict(record)
    for name, value in record.items():
        if name not in types:
            raise InputError(f"the setting {name!r} is unknown; expected {list(types)}")
        if not _fits(value, types[name]):
            raise InputError(f"the setting {name!r} is {value!r}; expected {types[name]}")
        if get_origin(types[name]) is tuple:
            values[name] = tuple(value)
    if "data" not in record:
        raise InputError("the setting 'data' is missing; expected the path of the data")
    return kind(**values)


def differences(settings: Any, other: Mapping[str, Any]) -> list[str]:
    """Where a record of settings says otherwise; a run may move and may be extended, so
    `data` and `trials` may differ. What a record from before a setting was known lacks has
    its default."""
    mine = {n: list(v) if isinstance(v, tuple) else v for n, v in asdict(settings).items()}
    defaults = {field.name: field.default for field in fields(settings)}
    names = sorted((mine.keys() | other.keys()) - {"data", "trials"})
    pairs = [(name, other.get(name, defaults.get(name)), mine.get(name)) for name in names]
    return [f"{name}: {then!r}, now {now!r}" for name, then, now in pairs if then != now]


def at_least(settings: Any, lowest: int, *names: str) -> None:
    """Raise InputError for the first of these settings that is no number from `lowest` up."""
    for name in names:
        if not lowest <= getattr(settings, name) < math.inf:  # nor NaN
            option = "--" + name.replace("_", "-")
            raise InputError(
                f"{option} is {getattr(settings, name)}; expected {lowest} or more"
            )


def unread_by_gradient(settings: Any, *gradients: str) -> dict[str, str]:
    """Options that have no meaning with, or without, a gradient that chooses.

    Args:
        settings: with `differentiable`.
        gradients: the options of a differentiable search.

    Returns:
        Those that this search does not read, and what each of them is for.
    """
    if settings.differentiable:
        return {"strategy": "searches that learn from scores (darts: with --no-one-shot)"}
    return dict.fromkeys(gradients, "a differentiable search (--space darts, shared weights)")


def _fits(value: Any, kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is tuple:
        return isinstance(value, list | tuple) and all(
            _fits(v, get_args(kind)[0]) for v in value
        )
    # A bool is an int to isinstance, but True is no number of trials.
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
