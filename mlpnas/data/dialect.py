"""How a user says a CSV is written, where it shall not be guessed. Light to import."""

import csv
from dataclasses import dataclass, fields
from typing import Any, Literal

from mlpnas.core.errors import InputError

# How a missing cell is written: as pandas has it, and "?", which is common in UCI files.
MISSING_CELLS = (
    "", "?", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
    "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "space": " "}

DecimalOption = Literal["auto", ".", ","]
DateOption = Literal["auto", "day-first", "month-first"]


@dataclass(frozen=True)
class Dialect:
    """What of a CSV's writing the user has said.

    Attributes:
        separator: between fields, a character or its name; None to find it out.
        decimal: the mark before decimals, where a column's cells leave it open.
        dates: whether 01/02 is the first of February, where a column's cells leave it open.
        missing: words of missing cells, with commas between; the empty cell always is one.
            None for `MISSING_CELLS`.
        encoding: as Python calls it; None to find it out.
    """

    separator: str | None = None
    decimal: DecimalOption = "auto"
    dates: DateOption = "auto"
    missing: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.mark is not None and not _is_separator(self.mark):
            raise InputError(
                f"--separator is {self.separator!r}; expected one character, such as ';', or "
                f"one of {', '.join(NAMED)}"
            )
        if self.encoding is not None and not _is_encoding(self.encoding):
            raise InputError(
                f"--encoding is {self.encoding!r}; expected one that Python knows, such as "
                "utf-8, cp1252 or utf-16"
            )

    def said(self) -> dict[str, Any]:
        """What is not to be guessed, by the names of options."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) != f.default}

    @property
    def mark(self) -> str | None:
        """The separator as a character."""
        return None if self.separator is None else NAMED.get(self.separator, self.separator)

    @property
    def words(self) -> tuple[str, ...]:
        """What a missing cell may hold; the empty text first."""
        if self.missing is None:
            return MISSING_CELLS
        return tuple(dict.fromkeys(["", *(w.strip() for w in self.missing.split(","))]))


GUESSED = Dialect()


def _is_separator(mark: str) -> bool:
    try:
        csv.reader([], delimiter=mark)
    except (TypeError, ValueError):
        return False
    return mark not in ('"', "\r", "\n")


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
    except LookupError:
        return False
    return True
