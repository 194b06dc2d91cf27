"""What an estimator checks before it learns: parameters, rows, weights.

scikit-learn's own functions do the work, so that messages and exceptions are the ones that
its users know.
"""

from typing import Any, get_args

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.validation import _check_sample_weight, validate_data

from mlpnas.core.errors import InputError
from mlpnas.core.strategies.names import check_strategy
from mlpnas.data.columns import Column
from mlpnas.data.frames import as_frame
from mlpnas.data.scaling import ScalingOption
from mlpnas.data.schema import Declared
from mlpnas.data.selection import choose_columns

_A_STRATEGY = "a name such as 'bayesian', or what makes a Strategy from a space and a seed"


def check_parameters(estimator: Any) -> None:
    """Raise InputError, naming the first parameter that is of no use."""
    for name in ("max_trials", "epochs"):
        _need(_whole(estimator, name, 1), estimator, name, "a whole number of 1 or more")
    refit = estimator.refit_epochs is None or _whole(estimator, "refit_epochs", 1)
    _need(refit, estimator, "refit_epochs", "a whole number of 1 or more, or None")
    size = _whole(estimator, "ensemble", 0) and estimator.ensemble != 1
    _need(size, estimator, "ensemble", "0, or 2 or more networks to average")
    ways = get_args(ScalingOption)
    _need(estimator.scaling in ways, estimator, "scaling", f"one of {ways}")
    limit = estimator.max_time
    _need(limit is None or limit > 0, estimator, "max_time", "seconds above 0, or None")
    fraction = estimator.validation_fraction
    _need(0 < fraction < 0.5, estimator, "validation_fraction", "a fraction between 0 and 0.5")
    named = isinstance(estimator.strategy, str)
    _need(named or callable(estimator.strategy), estimator, "strategy", _A_STRATEGY)
    if named:
        check_strategy(estimator.strategy, f"{type(estimator).__name__}: strategy")
    measures = get_scorer_names()
    known = estimator.scoring is None or estimator.scoring in measures
    _need(known, estimator, "scoring", "None or one of sklearn.metrics.get_scorer_names()")


def _whole(estimator: Any, name: str, least: int) -> bool:
    value = getattr(estimator, name)
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and value >= least


def _need(holds: bool, estimator: Any, name: str, expected: str) -> None:
    if not holds:
        value = getattr(estimator, name)
        raise InputError(
            f"{type(estimator).__name__}: {name} is {value!r}; expected {expected}: change it"
        )


def check_rows(
    estimator: BaseEstimator, X: Any, y: Any = "no_validation", *, reset: bool
) -> pd.DataFrame:
    """The rows as a DataFrame whose index counts from 0 and whose column names are text.

    Args:
        estimator: gets (reset) or is asked for `n_features_in_` and `feature_names_in_`.
        X: an array of numbers, or a dataframe of any library.
        y: to be there, and as long as X, when fitting.
        reset: whether this is the fit.

    Raises:
        ValueError, TypeError: for rows that cannot be used, as scikit-learn words it.
    """
    given = as_frame(X)
    X = X if given is None else given
    is_frame = given is not None
    least = 2 if reset else 1  # one row to learn from, and one to choose by
    if y is None or is_frame:
        # Only the names and the number of columns; what is in them is read later.
        validate_data(estimator, X, y, reset=reset, skip_check_array=True)
    if is_frame:
        # Zeros that take no memory: all that is checked is their shape.
        check_array(np.broadcast_to(0.0, X.shape), ensure_min_samples=least)
        frame = X.reset_index(drop=True)
    else:
        array = validate_data(
            estimator, X, reset=reset, ensure_all_finite="allow-nan", ensure_min_samples=least
        )
        frame = pd.DataFrame(array)
    if reset:
        check_consistent_length(frame, y)
    frame.columns = _names(estimator, frame)
    return frame


def _names(estimator: Any, frame: pd.DataFrame) -> list[str]:
    """Those of the fit: an array takes a DataFrame's names, and the other way round."""
    given = getattr(estimator, "feature_names_in_", [f"x{i}" for i in range(frame.shape[1])])
    return [str(name) for name in given]


def columns_of(estimator: Any, X: Any, frame: pd.DataFrame, notes: list[str]) -> list[Column]:
    """What to learn from: all features of an array, the useful columns of a dataframe.

    Args:
        estimator: says what some of them are.
        X: as it was given.
        frame: as `check_rows` gives it.
        notes: sentences are added here, on what is left out or cannot be read.
    """
    names = list(frame.columns)
    declared = (_named(estimator, kind, names) for kind in Declared._fields)
    kinds = Declared(*declared).kinds(names)
    if as_frame(X) is None:
        kinds = {**dict.fromkeys(names, "numeric"), **kinds}
    return choose_columns(frame, notes, kinds)


def _named(estimator: Any, kind: str, names: list[str]) -> list[str]:
    """The columns that a parameter names; where they have no names, their positions do."""
    given = getattr(estimator, kind)
    several = [] if given is None else np.atleast_1d(given).tolist()
    if hasattr(estimator, "feature_names_in_"):
        return list(map(str, several))
    places = range(len(names))
    return [names[n] if type(n) is int and n in places else str(n) for n in several]


def check_present(estimator: Any, y: Any) -> None:
    """Raise InputError for the first target that is None or otherwise missing."""
    given = np.asarray(y)
    missing = pd.isna(given) if given.dtype == object else np.zeros(given.shape, bool)
    if missing.any():
        place = tuple(np.argwhere(missing)[0])
        raise InputError(
            f"{type(estimator).__name__}: y is {given[place]!r} in row {place[0]} "
            f"({missing.sum()} missing in all); expected a target in every row: leave these "
            "rows out of X and y"
        )


def check_weight(given: Any, frame: pd.DataFrame) -> np.ndarray:
    """Sample weights `(rows,)` float64, not negative and not all zero."""
    return _check_sample_weight(given, frame, dtype=np.float64, ensure_non_negative=True)


def seed_of(random_state: Any) -> int:
    """An int as it is; anything else that scikit-learn takes gives one."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
