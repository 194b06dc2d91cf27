"""What can go wrong on the user's side, as exceptions.

A message answers three questions, with the offending value: what happened, what was
expected, how to mend it. The command line prints it on one line and exits with status 2.
"""

from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave (file, column, option, architecture) cannot be used."""


class ExhaustedError(Exception):
    """The search space holds fewer new architectures than were asked for.

    Attributes:
        left: how many new ones there are.
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
