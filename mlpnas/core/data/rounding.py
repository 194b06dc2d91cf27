"""What float32 makes of numbers, as TensorFlow computes with them.

Networks read seven digits. Numbers below 1.2e-38 are none to TensorFlow's kernels, which take
them for 0, as NumPy does not; those above 3.4e38 are infinite.
"""

import numpy as np

TINY = float(np.finfo(np.float32).tiny)  # the least positive number that kernels keep
LARGEST = 1e38  # so that the sum of two is still finite
LOST = 0.1  # of a column's deviation: more than that, and what it says is no longer there
LOOKED_AT = 5000  # numbers of each column of an array


def as_float32(values: np.ndarray) -> np.ndarray:
    """Float32 numbers that NumPy and TensorFlow agree on; infinite above `LARGEST`."""
    values = np.asarray(values)
    if values.dtype.kind != "f":
        return values.astype(np.float32)
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
    rounded[np.abs(rounded) < TINY] = 0
    far = np.abs(rounded) > LARGEST
    rounded[far] = np.copysign(np.inf, rounded[far])
    return rounded


def share_lost(values: np.ndarray) -> float:
    """The deviation of what rounding takes off, over that of the numbers themselves.

    Args:
        values: of one column or channel, of any shape; NaN where missing.

    Returns:
        0 where nothing is lost, 1 where nothing is left; 0 too for numbers that are all
        alike, or not all finite.
    """
    exact = np.asarray(values, np.float64)
    exact = exact[~np.isnan(exact)]
    largest = np.abs(exact).max(initial=0)
    rounded = as_float32(exact).astype(np.float64)
    if not 0 < largest < np.inf or np.isinf(rounded).any():
        return 0.0
    deviation = (exact / largest).std()  # of numbers near 1, whose squares are in range
    return float(((exact - rounded) / largest).std() / deviation) if deviation else 0.0


def fits_float32(values: np.ndarray) -> bool:
    """Whether float32 says of these numbers what there is to say."""
    return share_lost(values) <= LOST and not np.isinf(as_float32(values)).any()


def complaint(what: str, values: np.ndarray) -> str | None:
    """A sentence, if float32 does not show how the numbers of a column differ.

    Args:
        what: the column, as the sentence begins.
        values: NaN where missing.
    """
    if (lost := share_lost(values)) <= LOST:
        return None
    return (
        f"{what} lies between {np.nanmin(values):.12g} and {np.nanmax(values):.12g}; networks "
        f"compute with seven digits and nothing below 1.2e-38, by which it loses {lost:.0%} of "
        "its deviation. Subtract a constant or multiply by one, in new rows too."
    )


def first_complaint(what: str, x: np.ndarray) -> list[str]:
    """A warning of the first column of an array of which that is true, if any.

    Args:
        what: a column is called, such as "feature".
        x: `(rows, ..., columns)`.
    """
    columns = x.reshape(-1, x.shape[-1])[:LOOKED_AT].T
    told = (complaint(f"{what} {i}", column) for i, column in enumerate(columns))
    first = next((sentence for sentence in told if sentence), None)
    return [f"Warning: {first}"] if first else []
