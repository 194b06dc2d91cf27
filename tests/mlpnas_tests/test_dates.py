"""Dates in texts: in which format, and what is none."""

import pandas as pd
import pytest

from mlpnas.data.dates import other_reading, read_dates, recognise

PANDAS_3 = pytest.mark.skipif(
    pd.__version__ < "3", reason="pandas 2 knows the years 1678 to 2261 alone"
)


def reading(cells, **choice):
    """The format, and the points in time."""
    texts = pd.Series(cells)
    format = recognise(texts, **choice)
    return format, [str(moment)[:-6] for moment in read_dates(texts, format)] if format else []


@pytest.mark.parametrize(
    ("cell", "format", "moment"),
    [
        ("31.12.2024 14:05", "%d.%m.%Y %H:%M", "2024-12-31 14:05:00"),
        ("12/31/2024 02:05 PM", "%m/%d/%Y %I:%M %p", "2024-12-31 14:05:00"),
        ("12/31/2024 2:05:10am", "%m/%d/%Y %I:%M:%S%p", "2024-12-31 02:05:10"),
        ("31.12.24", "%d.%m.%y", "2024-12-31 00:00:00"),
        ("7/14/24", "%m/%d/%y", "2024-07-14 00:00:00"),
        ("31.12.2024, 14:05:10.5", "%d.%m.%Y, %H:%M:%S.%f", "2024-12-31 14:05:10.500000"),
        ("31-12-2024T14:05+01:00", "%d-%m-%YT%H:%M%z", "2024-12-31 13:05:00"),
        ("31.12.2024 14:05 UTC", "%d.%m.%Y %H:%M %Z", "2024-12-31 14:05:00"),
        ("2024-01-05T14:05:00Z", "ISO8601", "2024-01-05 14:05:00"),
        ("2024-01-05T14:05:00.123+01:00", "ISO8601", "2024-01-05 13:05:00.123000"),
        ("2024-01-05 2:05 PM", "%Y-%m-%d %I:%M %p", "2024-01-05 14:05:00"),
        ("2024/01/05 10:00", "ISO8601", "2024-01-05 10:00:00"),
        ("5 Jan 2024", "%d %b %Y", "2024-01-05 00:00:00"),
        ("January 5, 2024", "%B %d, %Y", "2024-01-05 00:00:00"),
        ("05-JAN-24 13:00", "%d-%b-%y %H:%M", "2024-01-05 13:00:00"),
        ("Fri, 05 Jan 2024 10:00:00 GMT", "%a, %d %b %Y %H:%M:%S %Z", "2024-01-05 10:00:00"),
        ("Jan 2024", "%b %Y", "2024-01-01 00:00:00"),
        ("12/2024", "%m/%Y", "2024-12-01 00:00:00"),
        pytest.param("9999-12-31", "ISO8601", "9999-12-31 00:00:00", marks=PANDAS_3),
    ],
)
def test_dates_as_people_write_them(cell, format, moment):
    assert reading([cell, cell]) == (format, [moment, moment])


@pytest.mark.parametrize(
    "cell",
    ["1.2.3", "1.2.13", "10.4.12", "10.0.0.1", "555-123-4567", "2024Q1", "A12", "1/2", "Mars"],
)
def test_what_only_looks_like_dates(cell):
    assert reading([cell] * 3) == ("", [])


def test_some_cells_may_be_unreadable_but_not_many():
    assert reading(["31.12.2024"] * 19 + ["some day"])[0] == "%d.%m.%Y"
    assert reading(["31.12.2024"] * 8 + ["some day", "never"])[0] == ""


def test_the_days_beyond_the_twelfth_show_what_comes_first():
    assert reading(["03/04/2024", "13/04/2024"])[0] == "%d/%m/%Y"
    assert reading(["03/04/2024", "04/13/2024"], order="day-first")[0] == "%m/%d/%Y"


def test_where_no_day_shows_it_the_user_says_it():
    either = pd.Series(["03/04/2024 10:00", "05/06/2024 11:00"])
    assert recognise(either) == "%d/%m/%Y %H:%M"
    assert recognise(either, "month-first") == "%m/%d/%Y %H:%M"
    assert other_reading(either, "%d/%m/%Y %H:%M") == "%m/%d/%Y %H:%M"
    assert other_reading(pd.Series(["13/04/2024"]), "%d/%m/%Y") == ""
    assert other_reading(pd.Series(["2024-01-02"]), "ISO8601") == ""
