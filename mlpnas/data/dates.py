"""Dates as people write them: in one format each column, for `pandas.to_datetime`."""

import re
from datetime import datetime
from typing import Literal

import pandas as pd

Order = Literal["day-first", "month-first"]

LOOKED_AT = 2000  # cells that decide
MOST = 0.9  # of them, to be taken for dates
WIDTH = len("%d.%m.%Y")
FEW = 4  # cells, of which one must fit a format for it to be tried
ISO = "ISO8601"
# What may be read either way stands in the same place of both.
DAYS: dict[Order, tuple[str, ...]] = {
    "day-first": ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y", "%d-%m-%y"),
    "month-first": ("%m.%d.%Y", "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%y", "%m/%d/%y", "%m-%d-%y"),
}
OTHERS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d %B %Y", "%d. %b %Y", "%d. %B %Y",
    "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%a, %d %b %Y",
    "%a %d %b %Y", "%A, %d %B %Y", "%A, %B %d, %Y", "%a %b %d %Y", "%b %Y", "%B %Y", "%m/%Y",
)  # fmt: skip
TIME = re.compile(
    r"(?P<gap>^|T|,? +)\d{1,2}:\d\d(?P<seconds>:\d\d)?(?P<fraction>\.\d+)?"
    r"(?P<half> ?[AP]M)?(?P<zone> ?(?:Z|[+-]\d\d:?\d\d)| (?:UTC|GMT))?$",
    re.IGNORECASE,
)
VERSION = re.compile(r"\d+([.-])\d\1\d+|\d([.-])\d+\2\d+")  # 1.10.12 is the tenth of nothing


def recognise(texts: pd.Series, order: Order | None = None, most: float = MOST) -> str:
    """The format in which more cells are dates than in others; empty if these are few.

    Args:
        texts: cells, none of them missing.
        order: what comes first where with either there are enough; None to go by the greater
            part, and else by the day.
        most: the share of cells that must be dates, and more.
    """
    cells = texts.iloc[:: max(1, len(texts) // LOOKED_AT)]
    if cells.str.contains(r"\d").mean() <= most:
        return ""
    few = cells.iloc[:: max(1, len(cells) // FEW)].unique()
    likely = {format: None for cell in few for format in _formats(cell)}
    shares = {format: read_dates(cells, format).notna().mean() for format in likely}

    def rank(format: str) -> tuple[bool, float, bool]:
        first = _order(format)
        return first is not None and first == order, shares[format], first == "day-first"

    enough = [format for format, share in shares.items() if share > most]
    return max(enough, key=rank, default="")


def other_reading(texts: pd.Series, format: str) -> str:
    """The format with day and month exchanged, if it makes dates of nearly all cells too.

    Args:
        texts: cells, none of them missing.
        format: what `recognise` found.
    """
    mine = _order(format)
    if mine is None:
        return ""
    place = DAYS[mine].index(format[:WIDTH])
    other = DAYS["month-first" if mine == "day-first" else "day-first"][place] + format[WIDTH:]
    cells = texts.iloc[:: max(1, len(texts) // LOOKED_AT)]
    return other if read_dates(cells, other).notna().mean() > MOST else ""


def read_dates(texts: pd.Series, format: str) -> pd.Series:
    """Points in time in UTC, NaT where missing or not written in the format."""
    return pd.to_datetime(texts, format=format, errors="coerce", utc=True)


def _formats(cell: str) -> list[str]:
    """In which this cell is a date."""
    if pd.notna(read_dates(pd.Series([cell]), ISO)[0]):
        return [ISO]
    time = TIME.search(cell)
    day, clock = (cell[: time.start()], _clock(time)) if time else (cell, "")
    if not day:
        return [clock]
    formats = [*DAYS["day-first"], *DAYS["month-first"], *OTHERS]
    return [f + clock for f in formats if _fits(day, f)]


def _fits(day: str, format: str) -> bool:
    if format.endswith("%y") and VERSION.fullmatch(day):
        return False
    try:
        datetime.strptime(day, format)
    except ValueError:
        return False
    return True


def _clock(time: re.Match[str]) -> str:
    """The format of the time of day."""
    half, zone = time["half"] or "", time["zone"] or ""
    parts = [
        time["gap"] + ("%I:%M" if half else "%H:%M"),
        ":%S" if time["seconds"] else "",
        ".%f" if time["fraction"] else "",
        f"{half[:-2]}%p" if half else "",
        re.sub(r"\S+", "%Z" if zone[-2:].isalpha() else "%z", zone),
    ]
    return "".join(parts)


def _order(format: str) -> Order | None:
    return next((order for order, known in DAYS.items() if format[:WIDTH] in known), None)
