"""Which columns to learn from: not row numbers, not names, and beware of leaks of the target.

Row numbers and free text are dropped. A column that gives the target away is only warned of:
whether the answer will be there for new rows is something the user alone can know.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mlpnas.core.errors import InputError
from mlpnas.data.columns import WARNING, Column, Kind, is_text, numbers, typed
from mlpnas.data.names import named
from mlpnas.data.remarks import guessed, written
from mlpnas.data.schema import Habits, describe, unreadable

ROWS_LOOKED_AT = 3000
ROWS_SORTED = 1000
FEWEST_ROWS = 50  # below, a good column and a leaking one look alike
PERFECT = 0.999
ID_NAME = re.compile(r"(^|[_\s.-])(id|uuid|guid|index|rownames?|row_?num(ber)?)$", re.I)


def drop_named(frame: pd.DataFrame, target: str, drop: Sequence[str]) -> None:
    """Takes the columns that the user does not want out of `frame`.

    Raises:
        InputError: for a column that is not there, or the target itself.
    """
    for name in named(drop, "--drop", list(frame.columns), target):
        frame.pop(name)


def choose_columns(
    frame: pd.DataFrame,
    notes: list[str],
    kinds: Mapping[str, Kind] = MappingProxyType({}),
    habits: Habits | None = None,
) -> list[Column]:
    """The columns to learn from, in order; a sentence in `notes` for each that is left out.

    Args:
        frame: all that may be learned from; numbers in texts are put there as numbers.
        notes: sentences are added here.
        kinds: of columns, where the user says them; these are not left out.
        habits: how cells are read that can be read in two ways; None for those of the frame.

    Raises:
        InputError: none are left, or a column is not what the user says.
    """
    names = list(frame.columns)
    for name in kinds.keys() - set(names):
        raise InputError(
            f"Column '{name}' is to be {kinds[name]}, and also to be left out; expected one of "
            f"them: omit --drop '{name}', or --{kinds[name]}"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"Two columns are called '{twice}'; expected one: rename the other")
    habits = habits or Habits.of(frame)
    described = [
        _choose(values, name, i, notes, kinds.get(name), habits)
        for i, (name, values) in enumerate(frame.items())
    ]
    chosen = [column for column in described if column is not None]
    notes.extend(written(frame, chosen))
    for column in chosen:
        if column.kind == "numeric" and column.format:  # read once, not at every use
            frame[column.name] = numbers(typed(frame[column.name]), column.format)
    if not chosen:
        told = " ".join(notes[1:]) or "there is only the target"
        raise InputError(f"No column is left to learn from; expected at least one: {told}")
    return chosen


def _choose(
    values: pd.Series,
    name: str,
    position: int,
    notes: list[str],
    kind: Kind | None,
    habits: Habits,
) -> Column | None:
    if kind is None and numbers_the_rows(values, name):
        title = f"the unnamed column {position + 1}" if is_unnamed(name) else f"column '{name}'"
        notes.append(f"{WARNING}dropped {title}: it merely numbers the rows.")
        return None
    column = describe(values, name, kind, habits)
    if isinstance(column, str):
        notes.append(column)
        return None
    notes.extend(filter(None, (guessed(values, column, habits), unreadable(values, column))))
    return column


def left_out_numbers(frame: pd.DataFrame, chosen: Sequence[Column]) -> tuple[str, ...]:
    """The names of those not chosen that number the rows, by which a user knows them."""
    names = {column.name for column in chosen}
    left = [name for name in frame.columns if name not in names]
    return tuple(name for name in left if numbers_the_rows(frame[name], name))


def numbers_the_rows(values: pd.Series, name: str) -> bool:
    """Whether a column is a row index or an identifier.

    That is: whole numbers 0 to n - 1 or 1 to n, each once; or one distinct value per row in a
    column without a name, or whose name says that it is an identifier (`id`, `user_id`).
    """
    if len(values) < 2 or values.isna().any():
        return False
    if values.dtype == object:  # as texts are in pandas 2
        values = typed(values)
    if is_text(values) and values.str.fullmatch(r"\d{1,9}").all():  # 0001, 0002, ...
        values = values.astype(np.int64)
    if pd.api.types.is_integer_dtype(values.dtype):
        return _is_count(values.to_numpy()) or (_named_as_id(name) and values.is_unique)
    return _named_as_id(name) and values.dtype.kind != "f" and values.is_unique


def is_unnamed(name: str) -> bool:
    """Whether the header's field was empty (pandas then says `Unnamed: 0`)."""
    return not name or re.fullmatch(r"Unnamed: \d+", name) is not None


def _named_as_id(name: str) -> bool:
    # userId: the capital letter does what the underscore does in user_id.
    return is_unnamed(name) or bool(ID_NAME.search(re.sub(r"(?<=[a-z])I[dD]$", "_id", name)))


def _is_count(values: np.ndarray) -> bool:
    first = values.min()
    if first not in (0, 1) or values.max() - first + 1 != len(values):
        return False
    places = (values - first).astype(np.int64)
    return bool(np.bincount(places, minlength=len(values)).all())


def target_leaks(frame: pd.DataFrame, y: np.ndarray, regression: bool, seed: int) -> list[str]:
    """Names of the columns of which each alone predicts the target almost perfectly.

    A small tree learns the target from the one column on half of a sample and is asked about
    the other half, and the other way round; so a column that merely differs in every row is
    not accused.

    Args:
        frame: training rows as `columns.clean` gives them.
        y: their targets `(rows,)`.
        regression: whether the target is a quantity.
        seed: of the sample.
    """
    if len(y) < FEWEST_ROWS:
        return []
    rows = np.random.default_rng(seed).permutation(len(y))[:ROWS_LOOKED_AT]
    half = len(rows) // 2
    sample, target = frame.iloc[rows], _ranks(y[rows]) if regression else y[rows]
    halves = [(slice(half), slice(half, None)), (slice(half, None), slice(half))]

    def gives_away(name: str) -> bool:
        x = _codes(sample[name])
        return _sorts(x[:ROWS_SORTED, 0], target[:ROWS_SORTED], regression) and all(
            _predicts(x[a], target[a], x[b], target[b], regression) for a, b in halves
        )

    return [name for name in frame.columns if gives_away(name)]


def _codes(values: pd.Series) -> np.ndarray:
    """`(rows, 1)`: numbers as they are, categories numbered."""
    numeric = pd.api.types.is_numeric_dtype(values.dtype)
    codes = values.to_numpy() if numeric else pd.factorize(values)[0]
    return codes.astype(np.float32)[:, None]


def _ranks(y: np.ndarray) -> np.ndarray:
    """Ranks instead of values: a copy with a long tail is still seen as a copy."""
    return pd.Series(y).rank().to_numpy()


def _sorts(x: np.ndarray, y: np.ndarray, regression: bool) -> bool:
    """Whether the target changes along the sorted column half as much as in random order.

    No tree is right about the target otherwise, and to sort is much quicker than to grow one:
    it spares wide tables nearly all trees. Of squares this is von Neumann's ratio.
    """
    along = y[np.argsort(x, kind="stable")]
    if regression:
        return bool(np.mean(np.diff(along) ** 2) <= np.var(y))
    usual = 1 - np.sum((np.bincount(y) / len(y)) ** 2)
    return bool(np.mean(along[1:] != along[:-1]) <= usual / 2)


def _predicts(
    x: np.ndarray, y: np.ndarray, x_new: np.ndarray, y_new: np.ndarray, regression: bool
) -> bool:
    """Whether a tree grown on (x, y) is right about the new rows, and not by mere habit.

    For classes both the rate of errors and its share of the majority guess's errors must be
    small, since with one class in 2,000 rows every column is right in 99.9% of them.
    """
    if regression:
        total = ((y_new - y_new.mean()) ** 2).sum()
        guess = DecisionTreeRegressor(max_depth=12, random_state=0).fit(x, y).predict(x_new)
        return bool(((guess - y_new) ** 2).sum() <= (1 - PERFECT) * total and total > 0)
    usual = np.bincount(y).argmax()
    guess = DecisionTreeClassifier(max_depth=12, random_state=0).fit(x, y).predict(x_new)
    errors, usual_errors = (guess != y_new).mean(), (usual != y_new).mean()
    return bool(errors <= 1 - PERFECT and errors <= 0.05 * usual_errors and usual_errors > 0)
