"""What a battery is made of: promises, and how a broken one is reported."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np


class ContractError(AssertionError):
    """An implementation does not keep what its role promises.

    Examples:
        >>> from mlpnas.testing import ContractError
        >>> raise ContractError("ask(5) gave 3 architectures; expected 5")
        Traceback (most recent call last):
        ...
        mlpnas.testing.promises.ContractError: ask(5) gave 3 architectures; expected 5
    """


def require(kept: object, broken: str) -> None:
    """Raise ContractError, with the sentence `broken`, unless `kept` is true."""
    if not kept:
        raise ContractError(broken)


@contextmanager
def refused(error: type[Exception], what: str, *parts: str) -> Iterator[list[Exception]]:
    """Require that the block raises `error`.

    Args:
        error: the type that is expected; another one goes through.
        what: names what should be refused, for the report.
        parts: texts that the error's message must contain.

    Yields:
        A list that holds the error once the block has ended.
    """
    caught: list[Exception] = []
    try:
        yield caught
    except error as raised:
        caught.append(raised)
    require(caught, f"{what} was accepted; expected {error.__name__}")
    missing = [part for part in parts if part not in str(caught[0])]
    require(not missing, f"{what} was refused by {caught[0]!s}; expected it to name {missing}")


def saved(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A state as it comes back from a run's folder: an npz file of plain arrays."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **state)
    file.seek(0)
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except ValueError as error:
        names = [name for name, array in state.items() if np.asarray(array).dtype == object]
        raise ContractError(f"state() holds objects under {names}; expected arrays") from error


def require_equal_states(
    state: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], when: str
) -> None:
    """Require equal names and equal arrays, to the bit; NaN equals NaN."""
    require(
        state.keys() == expected.keys(),
        f"{when} state() has the arrays {sorted(state)}; expected {sorted(expected)}",
    )
    differing = [
        name for name, array in expected.items()
        if not np.array_equal(state[name], array, equal_nan=np.asarray(array).dtype.kind == "f")
    ]  # fmt: skip
    require(not differing, f"{when} the arrays {differing} of state() differ")
