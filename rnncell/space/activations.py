"""The activations of recurrent cells, as names and as run-time data.

A network for one cell applies a function by its name. Shared weights serve all cells with one
compiled graph, so there a function is a row of five numbers:

    f(x) = a tanh(b x) + c + d max(x, e x)

and choosing it is a lookup instead of a branch. It is exact: sigmoid(x) = (1 + tanh(x/2)) / 2.
"""

from collections.abc import Sequence

from mlpnas.core.errors import InputError

#                a    b    c    d    e
COEFFICIENTS = {
    "tanh": (1.0, 1.0, 0.0, 0.0, 0.0),
    "relu": (0.0, 0.0, 0.0, 1.0, 0.0),
    "identity": (0.0, 0.0, 0.0, 1.0, 1.0),
    "sigmoid": (0.5, 0.5, 0.5, 0.0, 0.0),
}
ACTIVATIONS = tuple(COEFFICIENTS)


def check_activations(where: str, names: Sequence[str]) -> None:
    """Raise InputError unless these are distinct known activations, at least one."""
    unknown = [name for name in names if name not in COEFFICIENTS]
    if unknown or not names or len(set(names)) < len(names):
        given = repr(unknown[0]) if unknown else repr(tuple(names))
        raise InputError(
            f"{where}: the activation is {given}; expected distinct ones of {ACTIVATIONS}"
        )
