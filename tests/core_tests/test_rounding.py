"""What is left of numbers in float32."""

import numpy as np
import pytest
import tensorflow as tf

from mlpnas.core.data.rounding import (
    LARGEST,
    TINY,
    as_float32,
    complaint,
    first_complaint,
    share_lost,
)

NORMAL = np.random.default_rng(0).normal(size=500)


def test_numbers_are_those_that_tensorflow_computes_with():
    values = np.array([1e-45, -1e-39, TINY, 0.1, LARGEST, -1.01e38, 1e39, np.nan])
    rounded = as_float32(values)
    assert rounded.dtype == np.float32
    np.testing.assert_array_equal(rounded[:2], 0)
    np.testing.assert_array_equal(rounded[2:5], np.float32(values[2:5]))
    np.testing.assert_array_equal(rounded[5:7], [-np.inf, np.inf])
    assert np.isnan(rounded[7])
    kept = tf.cast(tf.constant(rounded), tf.float64).numpy()
    np.testing.assert_array_equal(kept, rounded.astype(np.float64))


@pytest.mark.parametrize(
    ("values", "least", "most"),
    [
        (NORMAL, 0, 1e-6),
        (NORMAL * 1e-30, 0, 1e-6),
        (NORMAL * 1e30, 0, 1e-6),
        (NORMAL + 1e5, 0, 0.01),
        (NORMAL + 1e9, 0.9, 1.1),
        (np.round(NORMAL * 3).astype(np.int64) + 10**9, 0.9, 1.1),
        (NORMAL * 1e-40, 0.9, 1.1),
        (NORMAL * 1e-200, 0.9, 1.1),
        (np.full(9, 1e9 + 1), 0, 0),
        (np.append(NORMAL, np.nan), 0, 1e-6),
        (np.append(NORMAL, np.inf), 0, 0),
        (NORMAL * 1e300, 0, 0),
        (np.full(3, np.nan), 0, 0),
        (np.array([]), 0, 0),
    ],
)
def test_the_share_of_the_deviation_that_is_lost(values, least, most):
    assert least <= share_lost(values) <= most


def test_a_loss_is_told_with_what_to_do():
    assert complaint("feature 3", NORMAL) is None
    told = complaint("feature 3", 10**9 + np.arange(50))
    assert told.startswith("feature 3 lies between 1000000000 and 1000000049; networks compute")
    assert told.endswith("Subtract a constant or multiply by one, in new rows too.")


def test_the_first_column_of_an_array_that_loses_is_named():
    x = np.zeros((20, 5, 3)) + NORMAL[:20, None, None]
    assert first_complaint("channel", x) == []
    x[..., 1:] += 1e9
    [told] = first_complaint("channel", x)
    assert told.startswith("Warning: channel 1 lies between 99999999")
    assert first_complaint("channel", x.astype(np.uint8)) == []
