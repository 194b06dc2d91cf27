"""Names of columns and files, in options and messages."""

import difflib
from collections.abc import Iterable, Sequence

from mlpnas.core.errors import InputError, listing


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """A clause with the most similar name, upper and lower case alike; else nothing."""
    by_lower = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
    return f"; did you mean '{by_lower[near[0]]}'?" if near else ""


def named(
    given: Iterable[str], option: str, names: Sequence[str], target: str | None = None
) -> list[str]:
    """The columns that an option names, each once.

    Args:
        given: a name each, or several with commas between them; or one such text.
        option: for the message, `--drop`.
        names: of all columns.
        target: must not be among them.

    Raises:
        InputError: for a column that is not there, or the target.
    """
    given = [given] if isinstance(given, str) else given
    parts = [[text] if text in (*names, target) else text.split(",") for text in given]
    chosen = list(dict.fromkeys(name.strip() for part in parts for name in part))
    for name in chosen:
        if name == target:
            raise InputError(
                f"{option} '{name}' is the target; expected another column: omit it"
            )
        if name not in names:
            hint = did_you_mean(name, names) or "; choose among them"
            raise InputError(
                f"{option} '{name}': no such column; expected some of {listing(names)}{hint}"
            )
    return chosen
