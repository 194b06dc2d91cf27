"""What new rows hold that the training table did not: said, with an example, never refused."""

from collections.abc import Iterator

import pandas as pd
from scipy.special import bdtrc

from mlpnas.data.columns import WARNING, Cells, Column
from mlpnas.data.schema import NAMES

TOLERANCE = 0.05  # a share may be so much higher than in training
CHANCE = 0.1  # and is unusual if it comes about no more often than this


def drift(values: pd.Series, cells: Cells, column: Column) -> Iterator[str]:
    """Sentences on a column of which unusually many cells are missing or not read.

    Args:
        values: as they came.
        cells: what was read of them.
        column: says how many these were in training.
    """
    rows, present = len(values), int(cells.present.sum())
    missing = rows - present
    if _unusual(missing, rows, column.missing + TOLERANCE):
        yield (
            f"{WARNING}column '{column.name}' is empty in {missing} of {rows} rows, where "
            f"{column.missing:.0%} were in training."
        )
    unread, categories = int(cells.unread.sum()), column.kind == "categorical"
    # A new category may turn up at any time; a number that is none is a mistake.
    if _unusual(unread, present, column.unread + TOLERANCE * categories):
        first = int(cells.unread.argmax())
        what = "none that training saw often" if categories else f"not {NAMES[column.kind]}"
        yield (
            f"{WARNING}column '{column.name}': {unread} of {present} values are {what} "
            f"(first: '{values.iloc[first]}' in row {first + 1}), where {column.unread:.0%} "
            f"were in training; they count as {'unseen' if categories else 'missing'}."
        )


def _unusual(count: int, of: int, share: float) -> bool:
    """Whether so many, or more, come about rarely where each does with this probability."""
    return count > 0 and share < 1 and bool(bdtrc(count - 1, of, share) <= CHANCE)
