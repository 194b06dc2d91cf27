"""MLPNASClassifier, MLPNASRegressor: architecture search as scikit-learn estimators.

They go the way of the command line: samples become a Table, a Run searches on it, and the
finalists are retrained from fresh weights. What is fitted predicts with the best of them.
"""

import logging
from abc import ABC, abstractmethod
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d

from mlpnas.core.task import Kind
from mlpnas.data.table import Table
from mlpnas.data.targets import Target
from mlpnas.estimator.checks import (
    check_parameters,
    check_present,
    check_rows,
    check_weight,
    columns_of,
    seed_of,
)
from mlpnas.estimator.samples import make_table, without_rows

if TYPE_CHECKING:
    import keras

    from mlpnas.core.trial import History
    from mlpnas.final.retrain import Winner

log = logging.getLogger(__name__)


ARGUMENTS = """
    Args:
        max_trials: architectures to try.
        max_time: seconds after which the search ends; None for no limit. How many trials fit
            in depends on the machine.
        epochs: of training per trial.
        refit_epochs: at most, when the best five are retrained from fresh weights; None for
            as many as the rows allow, see `final.retrain.final_recipe`.
        search_space: parameters of `MLPSpace` (widths, activations, max_layers, dropout) as a
            dict; None for the default vocabulary.
        strategy: a name such as `"bayesian"` or `"reinforce"`, see
            `strategies.names.strategy_names`; or a class of your own, made from a space and a
            seed.
        one_shot: whether children inherit weights from earlier ones.
        predictor: whether a controller (reinforce, ppo) has its accuracy head.
        scoring: what to choose by, a name that `sklearn.metrics.get_scorer` knows, such as
            `"balanced_accuracy"`, `"roc_auc"` or `"neg_log_loss"`; None for accuracy or R².
        scaling: of columns of numbers: `"standard"`; `"quantile"`, which draws in long tails;
            or `"auto"`, whichever of them a small perceptron validates better with.
        categorical, numeric, date: names of columns to read as such, whatever they look like;
            positions where they have none. None goes by their types, or by what texts say.
        ensemble: how many networks of the winner's architecture to average, each trained on all
            rows but those of a fold; 0 predicts with the winner alone.
        validation_fraction: rows held out within `fit` to choose by, in (0, 0.5).
        run_dir: folder to keep the search in (journal, settings, `best.keras`), as the command
            line does; it must not exist. None keeps nothing.
        n_jobs: processes that train children; None and 1 train in this one, -1 uses all cores.
        random_state: an int gives the same result again.
        verbose: 1 prints a line per round.
"""


class _Search(BaseEstimator, ABC):
    """What both estimators share: everything but the target."""

    def __init__(
        self,
        *,
        max_trials=100,
        max_time=None,
        epochs=10,
        refit_epochs=None,
        search_space=None,
        strategy="bayesian",
        one_shot=True,
        predictor=True,
        scoring=None,
        scaling="standard",
        categorical=None,
        numeric=None,
        date=None,
        ensemble=5,
        validation_fraction=0.2,
        run_dir=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.max_trials = max_trials
        self.max_time = max_time
        self.epochs = epochs
        self.refit_epochs = refit_epochs
        self.search_space = search_space
        self.strategy = strategy
        self.one_shot = one_shot
        self.predictor = predictor
        self.scoring = scoring
        self.scaling = scaling
        self.categorical = categorical
        self.numeric = numeric
        self.date = date
        self.ensemble = ensemble
        self.validation_fraction = validation_fraction
        self.run_dir = run_dir
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Search, and retrain the best.

        Args:
            X: array `(rows, features)` of numbers, NaN where missing; or a dataframe of pandas,
                polars or another library, whose columns may be numbers, texts, categories,
                booleans, dates or durations. Sparse matrices are refused.
            y: labels `(rows,)`; for regression numbers `(rows,)` or `(rows, outputs)`.
            sample_weight: of each row `(rows,)`, not negative, in the training loss, in early
                stopping and in the score; the unit does not matter. None weighs all alike.

        Raises:
            ValueError: for what cannot be learned from.
        """
        from mlpnas.estimator.fit import run_search

        check_parameters(self)
        frame = check_rows(self, X, y, reset=True)
        check_present(self, y)
        target = self._target(y)
        weight = self._weight(sample_weight, frame, target)
        seed = seed_of(self.random_state)
        notes: list[str] = []
        columns = columns_of(self, X, frame, notes)
        fraction = self.validation_fraction
        table = make_table(frame, columns, target, weight, fraction, seed, self.scaling, notes)
        self._remember(table, *run_search(self, table, seed))
        return self

    @abstractmethod
    def _target(self, y: Any) -> Target:
        """The checked target."""

    def _weight(self, given: Any, frame: pd.DataFrame, target: Target) -> np.ndarray | None:
        """The weight of each row, or None if they are all alike."""
        return None if given is None else check_weight(given, frame)

    def _remember(self, table: Table, history: "History", winner: "Winner") -> None:
        from mlpnas.estimator.fit import best_score

        outcome = winner.outcomes[winner.trial.id]
        self._table = without_rows(table)
        self._retrained = winner.retrained
        self._chosen = {
            "id": winner.trial.id,
            "search_score": winner.trial.score,
            "parameters": outcome.parameters,
            "seconds": winner.trial.seconds,
            "architecture": str(winner.trial.architecture),
        }
        self.best_model_: keras.Model = winner.model
        self.ensemble_model_: keras.Model | None = (
            winner.ensemble.model if winner.ensemble else None
        )
        self.best_architecture_ = winner.trial.architecture
        self.best_score_ = best_score(winner, table, self.scoring)
        self.trials_ = pd.DataFrame([asdict(trial) for trial in history.trials])
        self.trials_["architecture"] = [str(trial.architecture) for trial in history.trials]
        self.n_iter_ = len(outcome.losses)
        self.loss_curve_ = [loss for loss, _ in outcome.losses]

    def leaderboard(self, n: int | None = None) -> pd.DataFrame:
        """The successful trials, best search score first.

        The score of the search is a proxy, reached in few epochs; what the finalists scored
        once retrained, on the same validation rows or, if these are few, in a cross-validation,
        stands in a column of its own, and the last column marks the winner. A plain network of
        one layer takes part in that: it is no trial, but may be the winner, and then has the
        last row, with the id -1.

        Args:
            n: how many; None for all.
        """
        check_is_fitted(self)
        columns = ["id", "score", "parameters", "seconds", "architecture"]
        ranked = self.trials_[self.trials_["status"] == "ok"][columns]
        ranked = ranked.sort_values(["score", "id"], ascending=[False, True])[:n]
        ranked = ranked.rename(columns={"score": "search_score"})
        rows = ranked.to_dict("records")
        if self._chosen["id"] not in set(ranked["id"]):
            rows.append(self._chosen)
        board = pd.DataFrame(rows, columns=list(ranked.columns))
        board.insert(2, "retrained_score", board["id"].map(self._retrained))
        return board.assign(winner=board["id"] == self._chosen["id"])

    def export(self, path: str | Path) -> Path:
        """Save a model that takes raw rows, see `mlpnas.final.export`, and needs Keras alone.

        The file is loaded and compared on validation rows of the fit, of which the estimator
        keeps 1,000 at most.

        Args:
            path: ends in `.keras`.

        Raises:
            InputError: if the file predicts otherwise than this estimator.
        """
        from mlpnas.final.export import export

        check_is_fitted(self)
        return export(self._model, self._table, Path(path))

    def _network(self) -> Any:
        from mlpnas.data.network import Network

        return Network(self._model, self._table)

    @property
    def _model(self) -> "keras.Model":
        """What predicts."""
        return self.ensemble_model_ or self.best_model_

    def _encode(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return self._table.encode(check_rows(self, X, reset=False))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class MLPNASClassifier(ClassifierMixin, _Search):
    __doc__ = f"""Searches for the multi-layer perceptron that classifies best.
    {ARGUMENTS}        class_weight: `"balanced"`, or a dict from label to weight; it
            multiplies `sample_weight`. None weighs all classes alike.

    Examples:
        >>> from sklearn.datasets import load_iris
        >>> from mlpnas import MLPNASClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> est = MLPNASClassifier(
        ...     max_trials=2, epochs=2, refit_epochs=2, ensemble=0, random_state=0
        ... ).fit(X, y)
        >>> est.predict(X[:3]).shape, est.predict_proba(X[:3]).shape
        ((3,), (3, 3))
    """

    def __init__(
        self,
        *,
        max_trials=100,
        max_time=None,
        epochs=10,
        refit_epochs=None,
        search_space=None,
        strategy="bayesian",
        one_shot=True,
        predictor=True,
        scoring=None,
        scaling="standard",
        categorical=None,
        numeric=None,
        date=None,
        ensemble=5,
        validation_fraction=0.2,
        class_weight=None,
        run_dir=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            max_trials=max_trials,
            max_time=max_time,
            epochs=epochs,
            refit_epochs=refit_epochs,
            search_space=search_space,
            strategy=strategy,
            one_shot=one_shot,
            predictor=predictor,
            scoring=scoring,
            scaling=scaling,
            categorical=categorical,
            numeric=numeric,
            date=date,
            ensemble=ensemble,
            validation_fraction=validation_fraction,
            run_dir=run_dir,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def _target(self, y: Any) -> Target:
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y", estimator=self)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        kind: Kind = "binary" if len(self.classes_) == 2 else "multiclass"
        return Target(codes.astype(np.int32), kind, tuple(self.classes_.tolist()))

    def _weight(self, given: Any, frame: pd.DataFrame, target: Target) -> np.ndarray | None:
        weight = super()._weight(given, frame, target)
        if self.class_weight is not None:
            labels = self.classes_[target.y]
            of_class = compute_sample_weight(self.class_weight, labels)
            weight = of_class if weight is None else weight * of_class
        counted = target.y if weight is None else target.y[weight > 0]
        if len(np.unique(counted)) < 2:
            raise ValueError(
                f"{type(self).__name__}: y holds 1 class only, "
                f"{self.classes_[counted[0]]!r}; expected rows of at least two classes that "
                "have a weight above zero: add rows of another class"
            )
        return weight

    def predict(self, X: Any) -> np.ndarray:
        """Labels `(rows,)`."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities `(rows, classes)`, in the order of `classes_`."""
        x = self._encode(X)
        return self._network().predict_proba(x)


class MLPNASRegressor(RegressorMixin, _Search):
    __doc__ = f"""Searches for the perceptron that predicts one or several quantities best.
    {ARGUMENTS}
    Examples:
        >>> from sklearn.datasets import load_diabetes
        >>> from mlpnas import MLPNASRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> est = MLPNASRegressor(
        ...     max_trials=2, epochs=2, refit_epochs=2, ensemble=0, random_state=0
        ... ).fit(X, y)
        >>> est.predict(X[:3]).shape
        (3,)
    """

    def _target(self, y: Any) -> Target:
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=self)
        self._single = y.ndim == 1
        return Target(y.reshape(len(y), -1), "regression", ())

    def predict(self, X: Any) -> np.ndarray:
        """Values in the unit of `y`, and of its shape."""
        x = self._encode(X)
        values = self._network().predict(x)
        return values if self._single else values.reshape(len(values), -1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
