"""Task: the data and the goal of a search, split once and for all.

The folds are fixed before the first child is trained. Every child learns from the same
training rows and is scored on the same validation rows; the test rows are read once, after
the winner is chosen.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Kind = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Fold:
    """Rows of one fold.

    Attributes:
        x: float32 array `(rows, *input_shape)`.
        y: int32 class indices `(rows,)` (binary: 0 and 1), or float32 `(rows, outputs)`
            for regression.
        weight: optional float32 `(rows,)`, each row's weight in the training loss.

    Examples:
        >>> import numpy as np
        >>> from mlpnas import Fold
        >>> fold = Fold(np.zeros((4, 2), np.float32), np.array([0, 1, 1, 0], np.int32))
        >>> len(fold), fold.take(fold.y == 1).x.shape
        (4, (2, 2))
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)

    def __add__(self, other: "Fold") -> "Fold":
        """Join the rows of both, `other` last; rows without weights weigh 1 if others have
        some."""
        x, y = np.concatenate([self.x, other.x]), np.concatenate([self.y, other.y])
        if self.weight is None and other.weight is None:
            return Fold(x, y)
        return Fold(x, y, np.concatenate([self._weights(), other._weights()]))

    def _weights(self) -> np.ndarray:
        return np.ones(len(self), np.float32) if self.weight is None else self.weight

    def take(self, rows: np.ndarray) -> "Fold":
        """Select rows by position or by a mask."""
        weight = None if self.weight is None else self.weight[rows]
        return Fold(self.x[rows], self.y[rows], weight)


@dataclass(frozen=True)
class Task:
    """Arrays in three folds, and what is to be predicted.

    Attributes:
        name: what the report calls it, for instance the CSV's file name.
        kind: `"binary"`, `"multiclass"` or `"regression"`.
        train, valid, test: the folds; scaled and encoded already, with everything that was
            fitted having seen `train` alone.
        regression_loss: what training minimises where targets are numbers: the mean squared
            or, less moved by outliers, the mean absolute error.
        classes: the labels as the user wrote them, in the order of the class indices;
            empty for regression.

    Examples:
        >>> import numpy as np
        >>> from mlpnas import Fold, Task
        >>> fold = Fold(np.zeros((4, 2), np.float32), np.array([0, 1, 1, 0], np.int32))
        >>> task = Task("example", "binary", fold, fold, fold, classes=("no", "yes"))
        >>> task.head, task.loss, task.metric
        ((1, 'sigmoid'), 'binary_crossentropy', 'accuracy')
    """

    name: str
    kind: Kind
    train: Fold
    valid: Fold
    test: Fold
    classes: tuple = ()
    regression_loss: Literal["mse", "mae"] = "mse"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one row, without the batch axis."""
        return self.train.x.shape[1:]

    @property
    def head(self) -> tuple[int, str]:
        """Return units and activation of the final layer, which follow from the task.

        Two classes share one sigmoid unit; more classes get a softmax unit each; every
        regression target gets a linear unit.
        """
        if self.kind == "binary":
            return 1, "sigmoid"
        if self.kind == "multiclass":
            return len(self.classes), "softmax"
        return self.train.y.shape[1], "linear"

    @property
    def loss(self) -> str:
        """Keras name of the training loss."""
        return {
            "binary": "binary_crossentropy",
            "multiclass": "sparse_categorical_crossentropy",
            "regression": self.regression_loss,
        }[self.kind]

    @property
    def metric(self) -> str:
        """Name of the validation metric: `"accuracy"` (fraction correct) or `"r2"`."""
        return "r2" if self.kind == "regression" else "accuracy"

    def score(
        self, y_true: np.ndarray, outputs: np.ndarray, weight: np.ndarray | None = None
    ) -> float:
        """Compute accuracy, or R², of a model's raw outputs.

        Args:
            y_true: targets as in `Fold.y`.
            outputs: what the final layer gives, `(rows, units)`: probabilities or values.
            weight: of each row `(rows,)`; None weighs all alike.

        Returns:
            Fraction correct in [0, 1]; for regression the mean R² over the targets, at
            most 1 and unbounded below.
        """
        if self.kind == "regression":
            return _r2(y_true, outputs, weight)
        labels = outputs[:, 0] > 0.5 if self.kind == "binary" else outputs.argmax(axis=1)
        return float(np.average(labels == y_true, weights=weight))

    def part(self, number: int, parts: int) -> "Task":
        """Return the k-th of `parts` cross-validation folds, k being `number`.

        Training and validation rows are put together; of each class every `parts`-th row from
        `number` on validates, the others train; splits leave rows shuffled. The test fold
        stays as it is, and so do inputs that were scaled by the training rows.

        Args:
            number: of the part, from 0 to `parts` - 1.
            parts: how many there are, at least 2.
        """
        rows = self.train + self.valid
        # Places among rows sorted by class; numbers have none.
        order = np.argsort(rows.y, kind="stable") if self.classes else np.arange(len(rows))
        held = np.argsort(order) % parts == number
        return replace(self, train=rows.take(~held), valid=rows.take(held))

    def without_test(self) -> "Task":
        """Return the task without the rows of the test fold, for those who train."""
        return replace(self, test=self.test.take(np.arange(0)))

    def fingerprint(self) -> str:
        """Hash every array and label: equal data, equal digest."""
        digest = hashlib.sha256(repr((self.kind, self.classes)).encode())
        for fold in (self.train, self.valid, self.test):
            for array in (fold.x, fold.y, fold.weight):
                if array is not None:
                    digest.update(repr((array.shape, array.dtype.str)).encode())
                    digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def _r2(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray | None) -> float:
    """Mean over targets of 1 - residual / total mean of squares, in float64."""
    y_true = np.asarray(y_true, np.float64)
    center = np.average(y_true, axis=0, weights=weight)
    residual = np.average((y_true - y_pred) ** 2, axis=0, weights=weight)
    total = np.average((y_true - center) ** 2, axis=0, weights=weight)
    # A fold whose target is constant has no variance to explain: 0, not a division by 0.
    explained = 1 - residual / np.where(total > 0, total, 1)
    return float(np.mean(np.where(total > 0, explained, 0.0)))
