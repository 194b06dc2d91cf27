"""The column to predict, and what kind of task it makes."""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from mlpnas.core import task as core
from mlpnas.core.errors import InputError, listing
from mlpnas.data import numbers
from mlpnas.data.columns import WARNING, Column, is_text, typed
from mlpnas.data.remarks import guessed, written
from mlpnas.data.schema import HABITS, Habits

FEW_CLASSES = 20  # whole numbers with at most so many values are taken for classes
FEWEST_ROWS = 10
ROWS_PER_CLASS = 5  # on average, wherever there are more classes than FEW_CLASSES

TaskOption = Literal["auto", "classification", "regression"]


class Target(NamedTuple):
    """The target of every row.

    Attributes:
        y: class indices int32 `(rows,)`, or values float64 `(rows,)` or `(rows, outputs)`.
        kind: as `Task.kind`.
        classes: labels in the order of the indices; empty for regression.
        mean, std: what values were standardised with, per output; 0 and 1 for classes.
    """

    y: np.ndarray
    kind: core.Kind
    classes: tuple
    mean: float | np.ndarray = 0.0
    std: float | np.ndarray = 1.0

    @property
    def strata(self) -> np.ndarray:
        """Int array `(rows,)` by which the split is stratified; a quantity has one stratum."""
        return self.y if self.classes else np.zeros(len(self.y), np.int32)

    def standardised(self, train: np.ndarray) -> "Target":
        """Values as `Fold.y`, on the scale of the training rows; classes as they are.

        Raises:
            InputError: for values that cannot be brought to one scale.
        """
        if self.classes:
            return self
        y = self.y.reshape(len(self.y), -1)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            mean, std = y[train].mean(axis=0), y[train].std(axis=0)
            lost = (std == 0) & (np.ptp(y[train], axis=0) > 0)  # too small to be squared
            std = np.where(std > 0, std, 1.0)
            scaled = ((y - mean) / std).astype(np.float32)
        if lost.any() or not (np.isfinite(std).all() and np.isfinite(scaled).all()):
            raise InputError(
                f"The target lies between {y.min():g} and {y.max():g}, and deviates by "
                f"{std.max():g} in the training rows; expected numbers that fit on one scale: "
                "multiply them by a constant, take the logarithm, or leave out extreme rows"
            )
        return self._replace(y=scaled, mean=mean, std=std)


def as_given(y: np.ndarray) -> np.ndarray:
    """Targets as scikit-learn takes them: a single column of values as `(rows,)`."""
    return y.ravel() if y.shape[1:] == (1,) else y


def read_target(
    values: pd.Series,
    name: str,
    task: TaskOption,
    notes: list[str],
    habits: Habits = HABITS,
) -> tuple[Target, np.ndarray]:
    """Decides between classes and a quantity, checks the values, and notes the decision.

    Args:
        values: the column, indexed from 0.
        name: the column's name, for the messages.
        task: "auto" to infer, or the user's word.
        notes: sentences are added here.
        habits: how numbers are read that can be read in two ways.

    Returns:
        The target of the rows that have one, and the positions of these rows.

    Raises:
        InputError: the target is missing, constant or infinite, or there are as many classes
            as only an identifier or a quantity has.
    """
    present = np.flatnonzero(values.notna())
    missing = len(values) - len(present)
    values = values.iloc[present].infer_objects()
    _check_variety(values, missing, name, notes)
    format = _recognised(values, task, habits)
    amounts = values if format is None else _amounts(values, format, name)
    # Plain numbers that came as texts were meant to be labels.
    classification, reason = _infer(amounts if format else values, task)
    target = _classes(values, name) if classification else _quantity(amounts, name)
    what = f"classification into {len(target.classes)} classes ({listing(target.classes, 5)})"
    notes.append(f"Target '{name}': {what if classification else 'regression'}, {reason}.")
    if format and not classification:
        column = Column(name, "numeric", format)
        notes.extend(filter(None, [guessed(values, column, habits)]))
        notes.extend(written(values.to_frame(name), [column]))
    if missing:
        notes.append(f"{WARNING}dropped {missing} rows without a value of target '{name}'.")
    return target, present


def read_amounts(values: pd.Series, name: str, habits: Habits = HABITS) -> np.ndarray:
    """Float64 `(rows,)` of a target that is known to be a quantity, none of it missing.

    Raises:
        InputError: for cells that are no finite numbers.
    """
    format = _recognised(values, "regression", habits)
    return _quantity(values if format is None else _amounts(values, format, name), name).y


def _check_variety(values: pd.Series, missing: int, name: str, notes: list[str]) -> None:
    """Enough rows with a target, and not the same one in all of them."""
    words = "".join(f". {note}" for note in notes if "--missing" in note)
    if missing and values.empty:
        raise InputError(
            f"Target '{name}' is missing in all {missing} rows; expected values to learn from: "
            f"choose another target{words}"
        )
    if len(values) < FEWEST_ROWS:
        raise InputError(
            f"Only {len(values)} rows with target '{name}'; expected at least {FEWEST_ROWS}, "
            f"for three folds: add rows{words}"
        )
    if values.nunique() < 2:
        raise InputError(
            f"Target '{name}' is {_shown(values.iloc[0])} in all {len(values)} rows; expected "
            f"at least two different values: choose another target{words}"
        )


def _recognised(values: pd.Series, task: TaskOption, habits: Habits) -> str | None:
    """How numbers are written where these are texts of numbers, else None."""
    if task == "classification" or not is_text(typed(values)):
        return None
    most = 0.0 if task == "regression" else numbers.MOST
    texts = values.astype(str)
    found = numbers.recognise(texts, habits.decimal, habits.usual, most)
    return found.format if found else None


def _amounts(values: pd.Series, format: str, name: str) -> pd.Series:
    """The numbers that texts such as `1.234,50 €` stand for.

    Raises:
        InputError: for a few words among numbers, where the type is anyone's guess.
    """
    texts = values.astype(str)
    amounts = pd.Series(numbers.read_numbers(texts, format), values.index)
    if amounts.isna().any():
        row = int(amounts.isna().idxmax())
        raise InputError(
            f"Target '{name}' holds numbers, but also '{texts[row]}' in row {row + 1}; "
            f"expected one or the other: mend the cell or leave it empty{_or_labels(values)}"
        )
    return amounts


def _or_labels(values: pd.Series) -> str:
    """Advice, where it is any, to take the values for classes."""
    few = not _are_many(values.nunique(), len(values))
    return ", or use --task classification if these are labels" if few else ""


def _are_many(classes: int, rows: int) -> bool:
    """Whether so many classes are none."""
    return classes > max(FEW_CLASSES, rows / ROWS_PER_CLASS)


def _shown(value: object) -> str:
    """A value as the user writes it, not as NumPy's `np.float64(inf)`."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def _infer(values: pd.Series, task: TaskOption) -> tuple[bool, str]:
    """Whether it is classification, and why."""
    if task not in ("auto", "classification", "regression"):
        raise InputError(f"Task '{task}'; expected auto, classification or regression")
    if task != "auto":
        return task == "classification", "as asked for"
    if pd.api.types.is_bool_dtype(values.dtype):
        return True, "because its values are true and false"
    if isinstance(values.dtype, pd.CategoricalDtype):
        return True, "because it is a categorical column"
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return True, "because its values are text"
    amounts = values.to_numpy(dtype=np.float64)
    if not np.array_equal(amounts, np.round(amounts)) or np.isinf(amounts).any():
        return False, "because its values are decimal numbers"
    distinct = values.nunique()
    if distinct <= min(FEW_CLASSES, len(values) / 3):
        reason, other = f"it has only {distinct} different whole numbers", "regression"
    else:
        reason, other = f"it has {distinct} different whole numbers", "classification"
    return other == "regression", f"because {reason} (otherwise say --task {other})"


def _quantity(values: pd.Series, name: str) -> Target:
    """The values as float64, all finite."""
    amounts = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~np.isfinite(amounts)
    if bad.any():
        value, row = values.iloc[bad.argmax()], values.index[bad.argmax()] + 1
        raise InputError(
            f"Target '{name}' is {_shown(value)} in row {row}; expected finite numbers for "
            f"regression: mend the cell or leave it empty{_or_labels(values)}"
        )
    return Target(amounts, "regression", ())


def _classes(values: pd.Series, name: str) -> Target:
    """The classes in order, and their indices."""
    plain = plain_labels(values)
    codes, labels = pd.factorize(plain, sort=True)
    if _are_many(len(labels), len(codes)):
        raise InputError(
            f"Target '{name}' has {len(labels)} classes in {len(codes)} rows, such as "
            f"{_shown(labels[0])}; expected at least {ROWS_PER_CLASS} rows per class on "
            f"average: {_instead_of_classes(values)}"
        )
    kind: core.Kind = "binary" if len(labels) == 2 else "multiclass"
    return Target(codes.astype(np.int32), kind, tuple(labels.tolist()))


def _instead_of_classes(values: pd.Series) -> str:
    """Advice where there are too many classes: regression only if that can be."""
    texts = values.astype(str)
    found = numbers.recognise(texts, most=0.5)
    bad = pd.Series(np.isnan(numbers.read_numbers(texts, found.format if found else "")))
    if not bad.any():
        return "if it is a quantity, use --task regression, else choose another target"
    if bad.mean() < 0.5:
        return (
            f"if it is a quantity, mend cells such as '{texts.iloc[bad.argmax()]}' in "
            f"row {values.index[bad.argmax()] + 1}, else choose another target"
        )
    return "it looks like an identifier or a name; choose another target"


def plain_labels(values: pd.Series) -> np.ndarray:
    """Labels as bool, whole numbers (also where pandas made them floats), or text."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.to_numpy(dtype=bool)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return plain_labels(values.astype(values.cat.categories.dtype))
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype(str).to_numpy(dtype=object)
    labels = values.to_numpy()
    whole = np.array_equal(labels, np.round(labels)) and np.isfinite(labels).all()
    return labels.astype(np.int64) if whole else labels.astype(np.float64)
