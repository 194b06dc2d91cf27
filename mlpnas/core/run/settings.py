"""Settings of a run: frozen dataclasses that are written to JSON, read back and compared."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from mlpnas.core.errors import InputError
from mlpnas.core.run.schema import LIMIT, parse

S = TypeVar("S")


def read_settings(kind: type[S], record: Mapping[str, Any]) -> S:
    """Inverse of `asdict`, for what was read from a file.

    Args:
        kind: a dataclass of plain values.

    Raises:
        InputError: naming the setting that is unknown or has no usable value.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for name in record:
        if name not in known:
            raise InputError(f"the setting {name!r} is unknown; expected {known}")
    try:
        return parse(kind, json.dumps(record))
    except InputError as error:
        raise InputError(f"the setting {error}") from None


def differences(settings: Any, other: Mapping[str, Any]) -> list[str]:
    """Where a record of settings says otherwise; a run may move and may be extended, so
    `data` and `trials` may differ. What a record from before a setting was known lacks has
    its default."""
    mine, other = _as_in_json(asdict(settings)), _as_in_json(other)
    defaults = _as_in_json({field.name: field.default for field in fields(settings)})
    names = sorted((mine.keys() | other.keys()) - {"data", "trials"})
    pairs = [(name, other.get(name, defaults.get(name)), mine.get(name)) for name in names]
    return [f"{name}: {then!r}, now {now!r}" for name, then, now in pairs if then != now]


def _as_in_json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {n: list(v) if isinstance(v, tuple) else v for n, v in values.items()}


def at_least(settings: Any, lowest: int, *names: str) -> None:
    """Raise InputError for the first of these settings that is no number from `lowest` up, or
    larger than a record may hold."""
    for name in names:
        value, option = getattr(settings, name), "--" + name.replace("_", "-")
        if not lowest <= value < math.inf:  # nor NaN
            raise InputError(f"{option} is {value}; expected {lowest} or more")
        if value >= LIMIT:
            raise InputError(f"{option} is {value!s:.20}...; expected less than {LIMIT}")


def unread_by_gradient(settings: Any, *gradients: str) -> dict[str, str]:
    """Options that have no meaning with, or without, a gradient that chooses.

    Args:
        settings: with `differentiable`.
        gradients: the options of a differentiable search.

    Returns:
        Those that this search does not read, and what each of them is for.
    """
    if settings.differentiable:
        scored = "searches that learn from scores (darts: with --no-one-shot)"
        return {"strategy": scored, "per_round": scored}
    return dict.fromkeys(gradients, "a differentiable search (--space darts, shared weights)")
