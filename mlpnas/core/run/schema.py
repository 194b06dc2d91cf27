"""Schema: what stands in a file, held against a dataclass once, when it is read.

Files may be damaged, edited, or of somebody else. What passes has the types that the dataclass
names, all the way down: `True` is no number, and no number is text.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from mlpnas.core.errors import InputError

T = TypeVar("T")

LIMIT = 2**63  # of whole numbers; other libraries hold no larger ones
LARGEST = 1e300  # of others; an axis as long cannot be drawn
_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)  # slow to make, quick to use


def _bounded(value: float) -> float:
    if LARGEST < abs(value) < math.inf:
        raise ValueError(f"Input should be a number up to {LARGEST:g}")
    return value


Count = Annotated[int, Field(ge=0, lt=LIMIT)]
Number = Annotated[float, AfterValidator(_bounded)]  # what diverged is infinite or NaN


def parse(kind: type[T], content: str | bytes) -> T:
    """The value that a JSON text is of; entries that the dataclass does not name are left out.

    Raises:
        InputError: naming the first entry that does not fit, with its value.
    """
    try:
        value: T = _adapter(kind).validate_json(content, strict=True)
        return value
    except ValidationError as error:
        raise InputError(_told(error)) from None


def _told(error: ValidationError) -> str:
    """`results[0].valid is 'high': Input should be a valid number`."""
    first = error.errors(include_url=False)[0]
    what = first["msg"].removeprefix("Value error, ")
    place = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])
    if first["type"] == "missing":
        return f"{place.lstrip('.')} is missing"
    if not place:
        return what
    value = repr(first["input"])
    shown = value if len(value) <= 60 else f"{value[:60]}..."
    return f"{place.lstrip('.')} is {shown}: {what}"
