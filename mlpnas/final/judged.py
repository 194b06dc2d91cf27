"""A delivered network judged on labelled rows: how good it is, and what it looks at."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from mlpnas.core.errors import InputError
from mlpnas.core.report.quality.classes import check_threshold, judge_classes, own_metric
from mlpnas.core.report.quality.explanation import Asked
from mlpnas.core.report.quality.explanation import explain as explain_rows
from mlpnas.core.report.quality.record import Evaluation, Explanation
from mlpnas.core.report.quality.values import judge_values
from mlpnas.core.run.record import located
from mlpnas.data.network import Network
from mlpnas.data.table import Table
from mlpnas.final.given import given_array, given_frame
from mlpnas.final.labelled import check_equal, labelled, labels_in, split_target
from mlpnas.run.table import unseen_rows
from mlpnas.scoring import ScoringOption, metrics_of

if TYPE_CHECKING:
    from mlpnas.final.delivered import DeliveredNetwork

log = logging.getLogger(__name__)

LEARNED = (
    "Warning: most of these rows were learned from, so what they say is too good; without a "
    "file, evaluate takes the run's test rows alone."
)


class Judged(NamedTuple):
    """Labelled rows, and what a network answers.

    Attributes:
        rows: cleaned, as the network reads them.
        truth: class indices `(rows,)`, or values `(rows, outputs)`.
        outputs: probabilities or values `(rows, outputs)`, all finite.
        of: which rows these are, in words.
    """

    rows: pd.DataFrame | np.ndarray
    truth: np.ndarray
    outputs: np.ndarray
    of: str


def read_labelled(
    network: "DeliveredNetwork",
    given: Any,
    y: Any = None,
    data: str | None = None,
    warn: Callable[[str], None] = log.warning,
) -> Judged:
    """Labelled rows, from whatever the user has, and what the network answers.

    Args:
        network: says which columns and labels are expected.
        given: as for `predict`, with the target in it; None for the test rows of the run's
            own data, which the search has not seen.
        y: the labels, where they stand beside the rows.
        data: where the run's data is now; None to look where it was, and beside the run.
        warn: given a sentence on what looks unlike training, or was left out.

    Raises:
        InputError: for a target that is missing, or labels that the run does not know.
    """
    notes: list[str] = []
    rows, cells, of = _found(network, given, y, data, notes)
    found = labelled(rows, cells, list(network.classes_), network.target, of, notes)
    for note in notes:
        warn(note)
    cleaned = network.clean(found.rows, warn)
    outputs = network.outputs(cleaned)
    known = np.isfinite(outputs).all(axis=1)
    if not known.all():
        warn(
            f"{(~known).sum()} rows lie too far from all that was learned from, and have no "
            f"finite answer; they are left out, row {(~known).argmax() + 1} first."
        )
    if len(network.classes_) == 0 and outputs.shape[1] != found.truth.shape[1]:
        raise InputError(
            f"{network.path} predicts {outputs.shape[1]} values for each row; expected a run "
            "on one target: compare what predict gives with the truth, value by value"
        )
    if not known.any():
        raise InputError("no row has a finite answer; expected rows like those learned from")
    kept = cleaned[known]
    if isinstance(kept, pd.DataFrame):
        kept = kept.reset_index(drop=True)
    return Judged(kept, found.truth[known], outputs[known], of)


def _found(
    network: "DeliveredNetwork", given: Any, y: Any, data: str | None, notes: list[str]
) -> tuple[Any, pd.Series, str]:
    """Rows, their labels' cells, and what they are called."""
    if given is None:
        settings = located(network.path, network.record, network.settings, data)
        if not Path(settings.data).exists():
            raise InputError(
                f"{network.path} learned from a table in memory, of which it keeps no row; "
                "expected labelled rows: give a file or a frame of them"
            )
        return *unseen_rows(settings, network.record["data"]), "test rows"
    named = isinstance(given, str | Path)
    of, where = (
        (f"rows of {Path(given).name}", f"'{given}'") if named else ("rows", "the table")
    )
    if network.columns:
        target = network.target if y is None else None
        rows: Any = given_frame(given, network.columns, network.dialect, notes, target)
        rows = rows.reset_index(drop=True)
    else:
        rows = given_array(given, network.inputs)
    cells = _labels(network, rows, given, where) if y is None else _cells(y)
    check_equal(len(rows), len(cells), where)
    if named and Path(given).resolve() == Path(network.settings.data).resolve():
        notes.append(LEARNED)
    return rows, cells, of


def _labels(network: "DeliveredNetwork", rows: Any, given: Any, where: str) -> pd.Series:
    if network.columns:
        return split_target(rows, network.target, where)
    if isinstance(given, str | Path):
        return _cells(labels_in(Path(given), len(rows)))
    raise InputError("an array has no labels in it; expected them as y: evaluate(x, y)")


def _cells(y: Any) -> pd.Series:
    values = np.asarray(y.to_numpy() if hasattr(y, "to_numpy") else y)
    return pd.Series(values.reshape(len(values), -1)[:, 0]).infer_objects()


def evaluate(
    network: "DeliveredNetwork", rows: Judged, threshold: float | None = None, seed: int = 0
) -> Evaluation:
    """How good the network is on labelled rows; see `DeliveredNetwork.evaluate`."""
    labels = list(network.classes_)
    more = metrics_of(network.settings.scoring, labels)
    check_threshold(threshold, labels)
    if labels:
        return judge_classes(rows.truth, rows.outputs, labels, rows.of, threshold, more, seed)
    names = [network.target or "y"]
    return judge_values(rows.truth, rows.outputs, names, rows.of, more, seed)


def explain(
    network: "DeliveredNetwork",
    rows: Judged,
    seed: int = 0,
    on_step: Callable[[str], None] = lambda step: None,
) -> Explanation:
    """What the network looks at; see `DeliveredNetwork.explain`."""
    labels, asked = list(network.classes_), rows.rows
    if isinstance(asked, np.ndarray):
        asked = pd.DataFrame(asked, columns=[str(i) for i in range(asked.shape[1])])
    columns = {column.name: column.parts for column in network.columns}
    measures = {**metrics_of(network.settings.scoring, labels), **own_metric(labels)}
    return explain_rows(
        Asked(
            asked, columns or {name: (name,) for name in asked}, network.fast, labels,
            [network.target or "y"],
        ),
        rows.truth, next(iter(measures.items())), rows.of, seed, on_step,
    )  # fmt: skip


def judge_test_fold(
    model: Any, table: Table, scoring: ScoringOption, seed: int
) -> Evaluation | None:
    """How good a model on encoded inputs is on the test fold of the run's table; None if it
    gives no finite answer for any of the rows.

    Args:
        model: a `keras.Model`.
        table: with the test fold.
        scoring: a measure that comes first; None for accuracy or R².
        seed: of the intervals.
    """
    fold, labels = table.task.test, [str(label) for label in table.task.classes]
    outputs = Network(model, table).outputs(fold.x)
    known = np.isfinite(outputs).all(axis=1)
    if not known.any():
        return None
    outputs, truth, of = outputs[known], fold.y[known], "test rows"
    more = metrics_of(scoring, labels)
    if labels:
        return judge_classes(truth, table.probabilities(outputs), labels, of, None, more, seed)
    true, predicted = (table.decode(v).reshape(len(v), -1) for v in (truth, outputs))
    several, target = outputs.shape[1] > 1, table.target or "y"
    names = [f"{target} {i}" if several else target for i in range(outputs.shape[1])]
    return judge_values(true, predicted, names, of, more, seed)
