"""Genotypes as DARTS prints them: `Genotype(name=[('operation', state), ...], ...)`.

Which names, operations and states make sense is for a space to say. Nothing is executed when
one is read.

Source: the program of Liu, Simonyan and Yang, `genotypes.py`.
"""

import ast

from mlpnas.core.errors import InputError

START = "Genotype("


def read_fields(text: str, expected: str) -> dict[str, list]:
    """The lists of a genotype by name.

    Args:
        text: as printed.
        expected: what to say was expected.

    Raises:
        InputError: if it is no genotype, naming the part that cannot be read.
    """
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        call = None
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "Genotype" or call.args:
        raise InputError(f"cannot read the genotype {text!r}; {expected}")
    return {str(keyword.arg): _sequence(keyword, expected) for keyword in call.keywords}


def _sequence(keyword: ast.keyword, expected: str) -> list:
    """A list, or the `range(2, 6)` in which states are often given."""
    value = keyword.value
    try:
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "range":
            return list(range(*map(ast.literal_eval, value.args)))
        return list(ast.literal_eval(value))
    except (ValueError, TypeError):
        written = ast.unparse(value)
        raise InputError(f"{keyword.arg}={written} is no list; {expected}") from None


def check_edges(name: str, edges: list) -> None:
    """Raise InputError unless these are pairs of an operation's name and a state."""
    for edge in edges:
        if not isinstance(edge, tuple) or list(map(type, edge)) != [str, int]:
            raise InputError(f"{name} has the entry {edge!r}, expected ('operation', state)")
