"""What can go wrong on the user's side, as exceptions.

A message answers three questions, with the offending value: what happened, what was
expected, how to mend it. The command line prints it on one line and exits with status 2.
"""

from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave (file, column, option, architecture) cannot be used.

    Examples:
        >>> from mlpnas import InputError, MLPSpace
        >>> try:
        ...     MLPSpace((3, "softmax")).parse("(63, 'relu'), (3, 'softmax')")
        ... except InputError as error:
        ...     print(str(error)[:42])
        layer 1, (63, 'relu'), is not in the space
    """


def extra_missing(what: str, package: str, extra: str) -> InputError:
    """What to raise where an optional package is not there.

    Args:
        what: needs it, as a sentence begins: "Reading 'x.parquet'".
        package: its name.
        extra: of ours, that installs it; setup.cfg has them.
    """
    return InputError(
        f"{what} needs {package}, which is not installed; expected the extra: "
        f"pip install 'mlpnas[{extra}]'"
    )


class ExhaustedError(Exception):
    """The search space holds fewer new architectures than were asked for.

    Attributes:
        left: how many new ones there are.

    Examples:
        >>> from mlpnas import ExhaustedError, MLPSpace, RandomStrategy
        >>> strategy = RandomStrategy(MLPSpace((3, "softmax"), widths=(8,), max_layers=2))
        >>> try:
        ...     strategy.ask(10)
        ... except ExhaustedError as error:
        ...     print(error.left)
        4
    """

    def __init__(self, asked: int, left: int, space: str):
        super().__init__(
            f"the search space is exhausted: {asked} new architectures were asked for, "
            f"{left} are left of {space}; ask for fewer, or widen the space"
        )
        self.left = left


def listing(names: Iterable[object], limit: int = 12) -> str:
    """`'a', 'b', 'c' and 4 more`."""
    quoted = [repr(name) for name in names]
    more = f" and {len(quoted) - limit} more" if len(quoted) > limit else ""
    return ", ".join(quoted[:limit]) + more
