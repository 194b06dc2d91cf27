"""Numbers in texts: what is one, in which format, and what is none."""

import numpy as np
import pandas as pd
import pytest

from mlpnas.data.numbers import decimal_mark, other_reading, read_numbers, recognise


def reading(cells, **choice):
    """Format and values; None where these are no numbers."""
    texts = pd.Series(cells)
    found = recognise(texts, **choice)
    return found and (found.format, read_numbers(texts, found.format).tolist())


@pytest.mark.parametrize(
    ("cells", "format", "values"),
    [
        (["20,55", "3,10", "-0,5"], "1.234,5", [20.55, 3.1, -0.5]),
        (["1.234,56", "1.234.567", "20"], "1.234,5", [1234.56, 1234567, 20]),
        (["1\u202f234,56", "12\xa0345,00", "1 234"], "1.234,5", [1234.56, 12345, 1234]),
        (["1'234.50", "1’234’567", "20.5"], "1,234.5", [1234.5, 1234567, 20.5]),
        (["1,234.50", "1,234,567", "20"], "1,234.5", [1234.5, 1234567, 20]),
        (["1,23,456", "12,34,567.50", "5.5"], "1,234.5", [123456, 1234567.5, 5.5]),
        (["(1,234.5)", "3.5", "−7", "5.50-"], "1,234.5", [-1234.5, 3.5, -7, -5.5]),
        (["1e-5", "2.5E+3", "-3"], "", [1e-5, 2500, -3]),
        (["1,5e-5", "2,5E+3", "3,1"], "1.234,5", [1.5e-5, 2500, 3.1]),
        (["$1,234.50", "-$3.10", "$-3.10", "($4.00)", "$(4.00)"], "$1,234.5",
         [1234.5, -3.1, -3.1, -4, -4]),
        (["$5.5", "6", "7.5"], "$1,234.5", [5.5, 6, 7.5]),
        (["€ 3,50", "€ 1.234,00", "3,50 €"], "€1.234,5", [3.5, 1234, 3.5]),
        (["CHF 1'234.50", "CHF 20"], "CHF1,234.5", [1234.5, 20]),
        (["R$ 1.234,50", "R$ 20,00"], "R$1.234,5", [1234.5, 20]),
        (["5.1%", "12 %", "-3%"], "1,234.5 %", [5.1, 12, -3]),
        (["5,1%", "12,0 %"], "1.234,5 %", [5.1, 12]),
        (["5 kg", "7.5 kg"], "1,234.5 kg", [5, 7.5]),
        (["12 km/h", "8.5 km/h"], "1,234.5 km/h", [12, 8.5]),
        (["21.5°C", "-3.0 °C"], "1,234.5 °C", [21.5, -3]),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(cells, format, values):
    assert reading(cells) == (format, values)


@pytest.mark.parametrize(
    "cells",
    [
        ["1.2.3", "1.10.0", "2.0.1"],  # versions
        ["01067", "10115", "80331"],  # postal codes
        ["+49 170 1234567", "+49 171 7654321"],
        ["612 345 678", "699 123 456"],
        ["555-123-4567", "555-123-9999"],
        ["10.0.0.1", "192.168.0.20"],
        ["192.168.100.200", "192.168.100.201"],  # in threes, as thousands are
        ["14:05", "09:30"],
        ["2024-01-05", "2024-01-06"],
        ["31.12.2024", "01.02.2024"],
        ["18-25", "26-35"],
        ["1/2", "3/4"],
        ["5 kg", "300 g", "7 kg", "100 g"],  # units that differ
        ["1.2k", "900", "3k"],  # 900 is no 900k
        ["5%", "0.5", "3%"],
        ["<5", "10"],
        ["Q1", "Q2"],
        ["A12", "B7"],
        ["0x1A", "0xFF"],
        ["1st", "2nd", "3rd"],
        ["$", "%", "-"],
    ],
)
def test_what_only_looks_like_numbers(cells):
    assert reading(cells) is None


def test_some_cells_may_be_unreadable_but_not_many():
    assert reading(["1,5"] * 19 + ["unknown"])[1][-2:] == [
        1.5,
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert reading(["1,5"] * 8 + ["unknown", "none yet"]) is None


def test_cells_that_show_no_mark_are_read_as_told_or_as_the_rest_of_the_table():
    either = ["1,234", "12,345", "950"]
    assert reading(either) == ("1,234.5", [1234, 12345, 950])
    assert reading(either, usual=",") == ("1.234,5", [1.234, 12.345, 950])
    assert reading(either, decimal=",", usual=".") == ("1.234,5", [1.234, 12.345, 950])
    assert other_reading(pd.Series(either), "1,234.5") == "1.234,5"
    shows = ["1,234", "12,345", "0,123"]
    assert reading(shows)[0] == reading(shows, decimal=".")[0] == "1.234,5"
    assert other_reading(pd.Series(shows), "1.234,5") == ""


def test_a_user_may_overrule_the_greater_part():
    cells = ["1,234"] * 40 + ["0,5"]
    assert reading(cells)[0] == "1.234,5"
    assert reading(cells, decimal=".")[0] == "1,234.5"


def test_what_is_the_same_with_either_mark_is_no_guess():
    assert other_reading(pd.Series(["5 kg", "7 kg"]), "1,234.5 kg") == ""


def test_the_mark_of_a_table_is_that_of_most_columns():
    german, english = pd.Series(["20,55", "3,10"]), pd.Series(["1,234.50", "20.5"])
    words, either = pd.Series(["a", "b"]), pd.Series(["1,234", "5,678"])
    assert decimal_mark([words, either]) == "."
    assert decimal_mark([german, either, words]) == ","
    assert decimal_mark([german, english, english]) == "."


def test_missing_cells_stay_missing():
    texts = pd.Series(["1,5", None, "x"])
    np.testing.assert_array_equal(read_numbers(texts, "1.234,5"), [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(read_numbers(texts, ""), [np.nan] * 3)


def test_new_cells_are_read_by_the_format_alone():
    """With decimal commas 20.55 is no number, rather than 2055 or 20.55."""
    values = read_numbers(pd.Series(["20.55", "1.234", "1.234,5", "7", "$7"]), "1.234,5")
    np.testing.assert_array_equal(values, [np.nan, 1234, 1234.5, 7, np.nan])
