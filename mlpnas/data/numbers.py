"""Numbers as people write them: decimal mark, thousands, a currency or another unit.

How a column writes its numbers is put down as an example: `1,234.5`, `$1,234.5`, `1.234,5 €`,
`1,234.5 %`; nothing is put down for numbers as Python writes them. Thousands may be set apart
by the other mark, by blanks or apostrophes; negative numbers may stand in parentheses.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

Mark = Literal[".", ","]

LOOKED_AT = 2000  # cells that decide
MOST = 0.9  # of them, to be taken for numbers
EXAMPLES: dict[Mark, str] = {".": "1,234.5", ",": "1.234,5"}
# Narrow and unbreakable blanks, the typographic apostrophe and minus.
ALIKE = str.maketrans({"\xa0": " ", "\u202f": " ", "\u2009": " ", "’": "'", "−": "-"})
CURRENCY = (
    r"(?:[A-Z]{0,3}[$¢£¤¥৳฿₠-⃀]|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW"
    r"|MXN|NOK|NZD|PLN|RON|RUB|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR|Fr\.|Kč|Rs\.?|kr\.?|zł)"
)
UNIT = r"(?:[^\W\d_][^\d:()+-]{0,14}|[%‰°″′][^\d:()+-]{0,4})"
# A number in any format, and what is none in any; by this units are found.
AMOUNT = re.compile(
    rf"[(+-]? ?(?P<before>{CURRENCY})? ?[(+-]? ?[\d.,][\d., ']*(?:[eE][+-]?\d+)? ?"
    rf"(?P<behind>{CURRENCY}|{UNIT})?-?\)?"
)
CODE = re.compile(r"[+-]?0\d+")  # a whole number with leading zeros
FEW = 0.01  # of such among numbers of all lengths are a slip
SIGNS = {"": 1, "+": 1, "-": -1, "()": -1}
TELEPHONE = re.compile(r"\d{1,3}(?: \d{3}){2,}")


class Found(NamedTuple):
    """How a column writes its numbers.

    Attributes:
        format: as above.
        mark: the decimal mark that the cells show; empty if either would do.
    """

    format: str
    mark: Mark | Literal[""] = ""


class _Attempt(NamedTuple):
    """Distinct cells read in some format, and the share of all cells that are numbers then."""

    format: str
    values: np.ndarray
    share: float


def recognise(
    texts: pd.Series, decimal: Mark | None = None, usual: Mark = ".", most: float = MOST
) -> Found | None:
    """The format in which more cells are numbers than in others; None if these are few.

    Args:
        texts: cells, none of them missing.
        decimal: the mark where with either there are enough; None to go by the greater part.
        usual: the mark where that decides nothing.
        most: the share of cells that must be numbers, and more.
    """
    counts = texts.iloc[:: max(1, len(texts) // LOOKED_AT)].value_counts()
    cells, shares = counts.index.to_series(), (counts / counts.sum()).to_numpy()
    amounts = [AMOUNT.fullmatch(cell) for cell in _tidy(cells)]
    if shares[[amount is not None for amount in amounts]].sum() <= most:
        return None  # most texts leave here
    if _are_codes(_tidy(cells), texts):
        return None
    units = dict.fromkeys(["", _usual_unit(amounts, counts)])

    def attempt(mark: Mark) -> _Attempt:
        formats = [form(mark, unit) for unit in units]
        return max((_try(cells, shares, one) for one in formats), key=lambda a: a.share)

    point, comma = attempt("."), attempt(",")
    if max(point.share, comma.share) <= most:
        return None
    if np.array_equal(point.values, comma.values, equal_nan=True):
        return Found(_plainest(cells, point))
    shown: Mark | Literal[""] = ""
    if point.share != comma.share:
        shown = "." if point.share > comma.share else ","
    either = min(point.share, comma.share) > most
    taken = (decimal if either else None) or shown or usual
    return Found(_plainest(cells, point) if taken == "." else comma.format, shown)


def other_reading(texts: pd.Series, format: str) -> str:
    """The format with the other mark, if it makes numbers of nearly all cells too, but others.

    Args:
        texts: cells, none of them missing.
        format: what `recognise` found.
    """
    mark, unit = _parts(format)
    other = form("," if mark == "." else ".", unit)
    cells = texts.iloc[:: max(1, len(texts) // LOOKED_AT)]
    mine, others = read_numbers(cells, format), read_numbers(cells, other)
    differ = not np.array_equal(mine, others, equal_nan=True)
    return other if differ and np.mean(~np.isnan(others)) > MOST else ""


def decimal_mark(columns: Iterable[pd.Series]) -> Mark:
    """The mark that most columns of texts, missing cells aside, show; else the point."""
    found = [recognise(texts) for texts in columns]
    marks = Counter(one.mark for one in found if one)
    return "," if marks[","] > marks["."] else "."


def form(mark: Mark, unit: str) -> str:
    """The format of numbers with this decimal mark and unit."""
    if re.fullmatch(CURRENCY, unit):
        return unit + EXAMPLES[mark]
    return f"{EXAMPLES[mark]} {unit}".strip()


def _parts(format: str) -> tuple[Mark, str]:
    """Inverse of `form`."""
    mark: Mark = "," if EXAMPLES[","] in format else "."
    return mark, format.replace(EXAMPLES[mark], "").strip()


def read_numbers(texts: pd.Series, format: str) -> np.ndarray:
    """Float64 `(rows,)`: the numbers, NaN where missing or not written in the format."""
    if not format:
        return _plain(texts)
    values = np.full(len(texts), np.nan)
    if format in EXAMPLES.values():  # most have neither unit nor thousands, and are fast
        values = _plain(texts if format == EXAMPLES["."] else _with_points(texts))
    left = np.isnan(values)
    codes, distinct = pd.factorize(texts[left])
    found = [_number(text, format) for text in _tidy(pd.Series(distinct, dtype=object))]
    values[left] = np.array([*found, np.nan])[codes]
    return values


def _with_points(texts: pd.Series) -> pd.Series:
    """With points for commas, and nothing that is a number for what has points."""
    # In a list: pandas takes four times as long, and this is done for whole tables.
    cells = texts.where(texts.notna(), "").tolist()
    swapped = [cell.replace(".", "?").replace(",", ".") for cell in cells]
    return pd.Series(swapped, texts.index, dtype=object)


def _plain(texts: pd.Series) -> np.ndarray:
    found = pd.to_numeric(texts, errors="coerce")
    return found.to_numpy(np.float64, na_value=np.nan, copy=True)


def _tidy(texts: pd.Series) -> pd.Series:
    return texts.str.translate(ALIKE).str.strip()


def _are_codes(cells: pd.Series, texts: pd.Series) -> bool:
    """Whether these are numbers by name: with leading zeros, of telephones, of networks."""
    if has_codes(texts):
        return True
    telephones = cells.str.len().nunique() == 1 and cells.str.fullmatch(TELEPHONE).all()
    return bool(telephones or all(map(_is_address, cells)))


def has_codes(texts: pd.Series) -> bool:
    """Whether whole numbers with leading zeros are more than a slip: codes, such as 01067."""
    # Two letters rule most out, faster than the pattern does.
    may_be = (text for text in texts if text[:1] in "0+-" and text[1:2].isdecimal())
    padded = list(filter(CODE.fullmatch, may_be))
    if not padded:
        return False
    alike = texts.str.len() == len(padded[0])
    return len(padded) > FEW * len(texts) or bool(alike.mean() > MOST)


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _usual_unit(amounts: Iterable[re.Match[str] | None], counts: Iterable[int]) -> str:
    """What stands before or behind most of the numbers that have a unit; empty if none has."""
    units: Counter[str] = Counter()
    for amount, count in zip(amounts, counts, strict=True):
        if amount:
            units[(amount["before"] or amount["behind"] or "").strip()] += count
    del units[""]
    return units.most_common(1)[0][0] if units else ""


def _try(cells: pd.Series, shares: np.ndarray, format: str) -> _Attempt:
    values = read_numbers(cells, format)
    return _Attempt(format, values, float(shares[~np.isnan(values)].sum()))


def _plainest(cells: pd.Series, attempt: _Attempt) -> str:
    """No format, where Python's own reads as much."""
    same = np.array_equal(_plain(cells), attempt.values, equal_nan=True)
    return "" if same else attempt.format


def _number(text: str, format: str) -> float:
    pattern, mark = _pattern(format)
    found = pattern.fullmatch(text)
    signs = "".join(found.group("sign", "inner", "trail")) if found else "?"
    if not found or signs not in SIGNS:
        return np.nan
    digits = re.sub(rf"[^\d{mark}eE+-]", "", found["number"]).replace(mark, ".")
    return SIGNS[signs] * float(digits)


@cache
def _pattern(format: str) -> tuple[re.Pattern, Mark]:
    """Of one cell, and the decimal mark."""
    mark, unit = _parts(format)
    other = "," if mark == "." else r"\."
    grouped = rf"[1-9]\d{{0,2}}(?P<gap>[{other} '])\d{{3}}(?:(?P=gap)\d{{3}})*"
    indian = r"|[1-9]\d?(?:,\d\d)+,\d{3}" if mark == "." else ""
    number = rf"(?:{grouped}{indian}|\d+)?(?:{re.escape(mark)}\d*)?(?:[eE][+-]?\d+)?"
    before, behind = "", f" ?{re.escape(unit)}" if unit else ""
    if re.fullmatch(CURRENCY, unit):  # may be left out; without % or kg it is another number
        before, behind = f"(?:{re.escape(unit)} ?)?", f"(?:{behind})?"
    text = (
        rf"(?P<sign>[(+-]?) ?{before}(?P<inner>[(+-]?) ?(?=\W?\d)(?P<number>{number})"
        rf"{behind} ?(?P<trail>[)-]?)"
    )
    return re.compile(text), mark
