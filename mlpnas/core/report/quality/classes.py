"""Predicted classes judged: accuracy, confusion, per class, ROC, calibration."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    classification_report,
    confusion_matrix,
    precision_recall_curve,
    r2_score,
    roc_curve,
)

from mlpnas.core.errors import InputError, listing
from mlpnas.core.report.quality.intervals import Metric, intervals
from mlpnas.core.report.quality.record import (
    Calibration,
    Classes,
    Confused,
    Curve,
    Evaluation,
    Interval,
    OfClass,
)

FEW = 30  # rows, of which an interval says little
POINTS = 100  # of a curve
CURVES = 6  # classes with a curve, those of the most rows
BINS = 10
PAIRS = 10


def index_of(labels: Sequence[Any], classes: Sequence[str], of: str) -> np.ndarray:
    """Index of each label among the classes, `(rows,)`.

    Args:
        labels: as they are or as they are written, `(rows,)`.
        classes: as they are written.
        of: which rows these are, in words.

    Raises:
        InputError: naming a label that is none of them.
    """
    written = [str(label) for label in np.ravel(labels).tolist()]
    places = {name: i for i, name in enumerate(classes)}
    if others := [label for label in written if label not in places]:
        raise InputError(
            f"{of}: {len(others)} labels are none of the run's, such as {others[0]!r}; "
            f"expected {listing(classes)}: mend them, or leave these {of} out"
        )
    return np.array([places[label] for label in written])


def judge_classes(
    truth: np.ndarray,
    probabilities: np.ndarray,
    labels: Sequence[str],
    of: str,
    threshold: float | None = None,
    more: Mapping[str, Metric] | None = None,
    seed: int = 0,
) -> Evaluation:
    """What labelled rows say of a classifier.

    Args:
        truth: index of each row's class, `(rows,)` int.
        probabilities: `(rows, classes)`, rows sum to 1.
        labels: of the classes.
        of: which rows these are, in words.
        threshold: of two classes the second is predicted from this probability on, in (0, 1);
            None for the more probable one.
        more: further measures of classes and probabilities, which come first.
        seed: of the intervals.

    Raises:
        InputError: for a threshold among more classes than two, or one that is no probability.
    """
    check_threshold(threshold, labels)
    predicted = _predicted(probabilities, threshold)
    own = _metrics(len(labels), threshold)
    measures = intervals(truth, probabilities, {**(more or {}), **own}, seed)
    present = np.unique(truth)
    varied = len(present) > 1
    confusion = confusion_matrix(truth, predicted, labels=range(len(labels)))
    classes = Classes(
        _per_class(truth, predicted, labels),
        tuple(tuple(row) for row in confusion.tolist()),
        _confused(confusion, labels),
        _roc(truth, probabilities, labels) if varied else (),
        _precision_recall(truth, probabilities, labels) if varied else (),
        _calibration(truth, probabilities, labels) if varied else None,
        0.5 if threshold is None else threshold,
    )
    told = _conclusions(truth, measures, labels, of)
    return Evaluation(of, len(truth), measures, told, classes)


def own_metric(labels: Sequence[str]) -> dict[str, Metric]:
    """What explanations go by, by name: accuracy, or without labels R²."""
    if not labels:
        return {"R²": r2_score}
    return {"accuracy": lambda truth, p: float(np.mean(p.argmax(axis=1) == truth))}


def check_threshold(threshold: float | None, labels: Sequence[str]) -> None:
    """Raise InputError unless it is None, or a probability and there are two classes."""
    if threshold is None:
        return
    if len(labels) != 2:
        what = f"{len(labels)} classes" if labels else "numbers"
        raise InputError(
            f"--threshold is {threshold}, but the run predicts {what}; expected two classes "
            "for a threshold: leave it out"
        )
    if not 0 < threshold < 1:
        raise InputError(
            f"--threshold is {threshold}; expected a probability of {labels[1]!r}, between 0 "
            "and 1"
        )


def _predicted(probabilities: np.ndarray, threshold: float | None) -> np.ndarray:
    if threshold is None:
        return probabilities.argmax(axis=1)
    return (probabilities[:, 1] >= threshold).astype(int)


def _metrics(classes: int, threshold: float | None) -> dict[str, Metric]:
    return {
        "accuracy": lambda truth, p: np.mean(_predicted(p, threshold) == truth),
        "balanced accuracy": lambda truth, p: _mean_recall(truth, _predicted(p, threshold)),
        "area under the ROC curve": area_under_roc,
        "log loss (less is better)": lambda truth, p: (
            -np.log(
                np.maximum(p[np.arange(len(truth)), truth], np.finfo(np.float32).tiny)
            ).mean()
        ),
    }


def _mean_recall(truth: np.ndarray, predicted: np.ndarray) -> float:
    counts = np.bincount(truth)
    right = np.bincount(truth[predicted == truth], minlength=len(counts))
    return float((right[counts > 0] / counts[counts > 0]).mean())


def area_under_roc(truth: np.ndarray, p: np.ndarray) -> float:
    """Of the second of two classes, or the mean over classes of each against all others.

    By ranks (Hanley and McNeil, "The meaning and use of the area under a ROC curve", 1982):
    a bootstrap asks for hundreds, and scikit-learn's takes milliseconds each.

    Args:
        truth: index of each row's class, `(rows,)` int.
        p: probabilities, `(rows, classes)`.

    Returns:
        In [0, 1]; NaN for rows of one class.
    """
    own = truth[:, None] == np.arange(p.shape[1])
    mine, others = own.sum(axis=0), (~own).sum(axis=0)
    ranks = (rankdata(p, axis=0) * own).sum(axis=0)
    told = (mine > 0) & (others > 0)
    if not told.any():
        return float("nan")
    areas = (ranks - mine * (mine + 1) / 2)[told] / (mine * others)[told]
    return float(areas.mean())  # of two classes both are equal


def _per_class(
    truth: np.ndarray, predicted: np.ndarray, labels: Sequence[str]
) -> tuple[OfClass, ...]:
    # By number: a class of the user's may be called "accuracy".
    table = classification_report(
        truth, predicted, labels=range(len(labels)), output_dict=True, zero_division=0.0
    )
    return tuple(
        OfClass(label, row["precision"], row["recall"], row["f1-score"], int(row["support"]))
        for label, row in ((label, table[str(i)]) for i, label in enumerate(labels))
    )


def _confused(confusion: np.ndarray, labels: Sequence[str]) -> tuple[Confused, ...]:
    wrong = confusion - np.diag(np.diag(confusion))
    ranked = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    pairs = np.transpose(np.unravel_index(ranked, wrong.shape)).tolist()
    return tuple(
        Confused(labels[i], labels[j], int(wrong[i, j])) for i, j in pairs if wrong[i, j]
    )


def _shown(truth: np.ndarray, labels: Sequence[str]) -> list[int]:
    """Classes that get a curve: of two the second, else those of the most rows."""
    if len(labels) == 2:
        return [1]
    counts = np.bincount(truth, minlength=len(labels))
    ranked = np.argsort(-counts, kind="stable")[:CURVES]
    return sorted(int(i) for i in ranked if counts[i])


def _curve(label: str, x: np.ndarray, y: np.ndarray) -> Curve:
    """At most `POINTS` of the points, both ends among them."""
    places = np.unique(np.linspace(0, len(x) - 1, POINTS).round().astype(int))
    return Curve(label, tuple(x[places].tolist()), tuple(y[places].tolist()))


def _roc(truth: np.ndarray, p: np.ndarray, labels: Sequence[str]) -> tuple[Curve, ...]:
    curves = ((i, roc_curve(truth == i, p[:, i])) for i in _shown(truth, labels))
    return tuple(_curve(labels[i], false, true) for i, (false, true, _) in curves)


def _precision_recall(
    truth: np.ndarray, p: np.ndarray, labels: Sequence[str]
) -> tuple[Curve, ...]:
    curves = ((i, precision_recall_curve(truth == i, p[:, i])) for i in _shown(truth, labels))
    return tuple(_curve(labels[i], recall, precision) for i, (precision, recall, _) in curves)


def _calibration(truth: np.ndarray, p: np.ndarray, labels: Sequence[str]) -> Calibration:
    """Of two classes the probability of the second, else that of the class predicted."""
    if len(labels) == 2:
        of, given, right = labels[1], p[:, 1], truth == 1
    else:
        of, given, right = "the class predicted", p.max(axis=1), p.argmax(axis=1) == truth
    given = np.clip(given, 0.0, 1.0)  # rounding may leave 1.0000001
    found, mean = calibration_curve(right, given, n_bins=BINS, strategy="quantile")
    edges = np.percentile(given, np.linspace(0, 100, BINS + 1)[1:-1])
    counts = np.bincount(np.searchsorted(edges, given), minlength=BINS)
    rows = tuple(counts[counts > 0].tolist())
    return Calibration(of, tuple(mean.tolist()), tuple(found.tolist()), rows)


def _conclusions(
    truth: np.ndarray, measures: Mapping[str, Interval], labels: Sequence[str], of: str
) -> tuple[str, ...]:
    """What may be said, the score first."""
    counts, score = np.bincount(truth, minlength=len(labels)), measures["accuracy"]
    rows, most = len(truth), int(counts.argmax())
    share = counts[most] / rows
    told = [
        f"accuracy {score.value:.4f} on {rows} {of}, 95% interval {score.low:.4f} to "
        f"{score.high:.4f}; always saying {labels[most]!r} would give {share:.4f}"
        f"{_beside(score, share)}."
    ]
    if score.value == 1:
        told.append(
            f"Not one of them is wrong: look for a column that gives the answer away. Of new "
            f"rows up to {min(3 / rows, 1):.1%} may still be wrong (the rule of three)."
        )
    if (counts > 0).sum() == 1:
        told.append(
            f"All of them are of one class, {labels[most]!r}: how well it is told from others "
            "they cannot show, so there is no ROC curve and no calibration."
        )
    if rows < FEW:
        told.append(f"{rows} rows are few: such an interval is itself a guess.")
    return tuple(told)


def _beside(score: Interval, share: float) -> str:
    if share == 1:
        return ""
    if score.low > share:
        return ", which is less"
    return ", which is more" if score.high < share else ": these rows show no difference"
