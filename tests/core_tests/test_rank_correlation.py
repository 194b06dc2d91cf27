"""Kendall's tau: the number by hand, and from how many architectures on people are told it."""

import pytest

from mlpnas.core.baselines.rank_correlation import FEWEST, rank_correlation, told


def test_by_hand():
    # Of six pairs one is in another order: (5 - 1) / 6.
    assert rank_correlation([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(4 / 6)
    assert rank_correlation([1, 2, 3], [9, 8, 7]) == -1
    with pytest.raises(ValueError, match="2 and 1 scores"):
        rank_correlation([1, 2], [1])


@pytest.mark.parametrize("scores", [([], []), ([1], [2]), ([1, 1, 1], [1, 2, 3])])
def test_where_nothing_can_be_told_apart_there_is_none(scores):
    assert rank_correlation(*scores) is None


@pytest.mark.parametrize(("n", "expected"), [(1, None), (2, None), (9, None), (10, "+0.50")])
def test_it_is_told_of_ten_and_more(n, expected):
    assert told(0.5, n) == expected
    assert FEWEST == 10


def test_what_is_undefined_is_said_to_be():
    assert told(None, 10) == "undefined, as a score is the same for all"
