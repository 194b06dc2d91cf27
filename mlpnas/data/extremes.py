"""What is too extreme for networks, told before a search.

That is what float32 rounds away, and rows that lie where no training row does.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from mlpnas.core.data.rounding import complaint
from mlpnas.data.columns import WARNING, Column, numbers, typed
from mlpnas.data.standard import Standard

FAR = 1e6  # deviations of the training rows; a network's answers there are seldom numbers


def rounded_off(frame: pd.DataFrame, columns: Sequence[Column]) -> list[str]:
    """A warning of each column of numbers whose differences float32 does not show."""
    told = (
        complaint(f"column '{c.name}'", numbers(typed(frame[c.name]), c.format))
        for c in columns
        if c.kind == "numeric"
    )
    return [f"{WARNING}{sentence}" for sentence in told if sentence]


def far_off(
    preprocessor: ColumnTransformer | Standard | None, folds: Sequence[np.ndarray]
) -> list[str]:
    """A warning of each column in which a row lies far from the training rows.

    Args:
        preprocessor: fitted on these; None divides bytes, none of which is far.
        folds: encoded rows of the other folds, `(rows, inputs)` each.
    """
    parts = [part for part in folds if len(part)]
    if preprocessor is None or not parts:
        return []
    farthest = np.max([np.maximum(part.max(axis=0), -part.min(axis=0)) for part in parts], 0)
    return [
        f"{WARNING}{name} holds a number that lies {farthest[i]:.0e} deviations from the mean "
        "of the training rows, where networks are likely to fail. Leave such rows out, take "
        "the logarithm, or have columns bent with --scaling quantile."
        for i, name in _numbers(preprocessor)
        if not farthest[i] <= FAR  # NaN is far
    ]


def _numbers(preprocessor: ColumnTransformer | Standard) -> Iterator[tuple[int, str]]:
    """Place among the inputs and name of every number; not of what says that it is missing."""
    if isinstance(preprocessor, Standard):
        yield from ((i, f"feature {i}") for i in range(len(preprocessor.mean_)))
        return
    start = 0
    for _, fitted, names in preprocessor.transformers_:
        if isinstance(fitted, Pipeline):  # the categories come last
            yield from ((start + i, f"column '{name}'") for i, name in enumerate(names))
            start += len(fitted[-1].mean_)
