"""The column to predict, and what kind of task it makes."""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from mlpnas.core import task as core
from mlpnas.core.errors import InputError, listing
from mlpnas.tables.columns import WARNING
from mlpnas.tables.schema import number_share

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
    values: pd.Series, name: str, task: TaskOption, notes: list[str]
) -> tuple[Target, np.ndarray]:
    """Decides between classes and a quantity, checks the values, and notes the decision.

    Args:
        values: the column, indexed from 0.
        name: the column's name, for the messages.
        task: "auto" to infer, or the user's word.
        notes: sentences are added here.

    Returns:
        The target of the rows that have one, and the positions of these rows.

    Raises:
        InputError: the target is missing, constant or infinite, a class is too small, or there
            are as many classes as only an identifier or a quantity has.
    """
    present = np.flatnonzero(values.notna())
    missing = len(values) - len(present)
    values = values.iloc[present].infer_objects()
    _check_variety(values, missing, name)
    classification, reason = _infer(values, name, task)
    target = _classes(values, name) if classification else _quantity(values, name)
    what = f"classification into {len(target.classes)} classes ({listing(target.classes, 5)})"
    notes.append(f"Target '{name}': {what if classification else 'regression'}, {reason}.")
    if missing:
        notes.append(f"{WARNING}dropped {missing} rows without a value of target '{name}'.")
    return target, present


def _check_variety(values: pd.Series, missing: int, name: str) -> None:
    """Enough rows with a target, and not the same one in all of them."""
    if missing and values.empty:
        raise InputError(
            f"Target '{name}' is missing in all {missing} rows; expected values to learn from: "
            "choose another target"
        )
    if len(values) < FEWEST_ROWS:
        raise InputError(
            f"Only {len(values)} rows with target '{name}'; expected at least {FEWEST_ROWS}, "
            "for three folds: add rows"
        )
    if values.nunique() < 2:
        raise InputError(
            f"Target '{name}' is {_shown(values.iloc[0])} in all {len(values)} rows; expected "
            "at least two different values: choose another target"
        )


def _shown(value: object) -> str:
    """A value as the user writes it, not as NumPy's `np.float64(inf)`."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def _infer(values: pd.Series, name: str, task: TaskOption) -> tuple[bool, str]:
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
        _check_unmixed(values, name)
        return True, "because its values are text"
    numbers = values.to_numpy(dtype=np.float64)
    if not np.array_equal(numbers, np.round(numbers)) or np.isinf(numbers).any():
        return False, "because its values are decimal numbers"
    distinct = values.nunique()
    if distinct <= min(FEW_CLASSES, len(values) / 3):
        reason, other = f"it has only {distinct} different whole numbers", "regression"
    else:
        reason, other = f"it has {distinct} different whole numbers", "classification"
    return other == "regression", f"because {reason} (otherwise say --task {other})"


def _check_unmixed(values: pd.Series, name: str) -> None:
    """Raises InputError for a few words among numbers, where the type is anyone's guess."""
    texts = values.astype(str)
    if 0.9 < number_share(texts) < 1:
        bad = pd.to_numeric(texts, errors="coerce").isna()
        raise InputError(
            f"Target '{name}' holds numbers, but also '{texts[bad].iloc[0]}' in row "
            f"{values.index[bad.argmax()] + 1}; expected one or the other: mend the cell or "
            "leave it empty, or use --task classification if these are labels"
        )


def _quantity(values: pd.Series, name: str) -> Target:
    """The values as float64, all finite."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~np.isfinite(numbers)
    if bad.any():
        value, row = values.iloc[bad.argmax()], values.index[bad.argmax()] + 1
        raise InputError(
            f"Target '{name}' is {_shown(value)} in row {row}; expected finite numbers for "
            "regression: mend the cell or leave it empty, or use "
            "--task classification"
        )
    return Target(numbers, "regression", ())


def _classes(values: pd.Series, name: str) -> Target:
    """The classes in order, each with at least two rows, and their indices."""
    plain = _plain_labels(values)
    codes, labels = pd.factorize(plain, sort=True)
    counts = np.bincount(codes)
    if len(labels) > max(FEW_CLASSES, len(codes) / ROWS_PER_CLASS):
        raise InputError(
            f"Target '{name}' has {len(labels)} classes in {len(codes)} rows; expected at "
            f"least {ROWS_PER_CLASS} rows per class on average: it looks like an identifier or "
            "a quantity; choose another target, or use --task regression for numbers"
        )
    if counts.min() < 2:
        rare = labels[counts < 2].tolist()
        raise InputError(
            f"Target '{name}': only 1 row of class {listing(rare, 3)}; expected at least 2, "
            "one to learn from and one to be tested on: remove the row, merge the class with "
            "another, or add rows"
        )
    kind: core.Kind = "binary" if len(labels) == 2 else "multiclass"
    return Target(codes.astype(np.int32), kind, tuple(labels.tolist()))


def _plain_labels(values: pd.Series) -> np.ndarray:
    """Labels as bool, whole numbers (also where pandas made them floats), or text."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.to_numpy(dtype=bool)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _plain_labels(values.astype(values.cat.categories.dtype))
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype(str).to_numpy(dtype=object)
    numbers = values.to_numpy()
    whole = np.array_equal(numbers, np.round(numbers)) and np.isfinite(numbers).all()
    return numbers.astype(np.int64) if whole else numbers.astype(np.float64)
