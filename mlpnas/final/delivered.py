"""A finished run in use: its delivered network, asked about raw rows."""

import logging
import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlpnas.core.errors import InputError
from mlpnas.core.report.quality.record import Evaluation, Explanation
from mlpnas.core.run.record import finished_record, settings_of
from mlpnas.core.runtime.start import start_tensorflow
from mlpnas.data.columns import Column
from mlpnas.data.encoding import clean_rows
from mlpnas.final import judged
from mlpnas.final.given import given_array, given_frame
from mlpnas.run.record import TableRecord
from mlpnas.run.settings import Settings

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

ROWS_AT_A_TIME = 10_000


class DeliveredNetwork:
    """What `best.keras` of a run predicts, in the user's terms.

    Args:
        run: folder of a finished run of `mlpnas search`.

    Attributes:
        classes_: labels as they are written, in the order of `predict_proba`; empty where
            numbers are predicted.
        columns: what it reads, in any order; empty for a run on arrays.
        target: name of what it predicts.
        record, settings: what run.json says of the run.

    Raises:
        InputError: if the run is not finished, or its files do not belong together.

    Examples:
        >>> import mlpnas
        >>> network = mlpnas.load("runs/wine-0")
        >>> network.predict("data/wine.csv").shape, network.predict_proba("data/wine.csv").shape
        ((178,), (178, 3))
    """

    def __init__(self, run: str | Path):
        self.path = Path(run)
        self.record = finished_record(self.path, "mlpnas", TableRecord)
        told = self.record["data"]
        self.columns = [Column.of(column) for column in told["columns"]]
        self.classes_, self.target = np.asarray(told["classes"], object), told["target"]
        self.identifiers: list[str] = told.get("identifiers", [])
        self.inputs = math.prod(told["inputs"])
        self.settings: Settings = settings_of(self.path, self.record, Settings)
        self.dialect = self.settings.dialect

    @cached_property
    def model(self) -> "keras.Model":
        """The file's model, loaded when first asked for, which starts TensorFlow.

        Raises:
            InputError: if it cannot be loaded, or is not the model of this run.
        """
        start_tensorflow()
        from mlpnas.core.run.delivery import load_delivered
        from mlpnas.final.export import input_names

        names = input_names(self.columns) or ["rows"]
        path, classes = self.path / "best.keras", len(self.classes_)
        return load_delivered(path, "mlpnas", names, classes)

    def predict(self, rows: Any) -> np.ndarray:
        """Labels, or values `(rows,)` or `(rows, outputs)`; None or NaN where a row lies so far
        from all that was learned from that there is no finite answer.

        Args:
            rows: a dataframe of any library, a dict of columns, or the path of a CSV or parquet
                file, with missing cells and further columns as they come; for a run on arrays
                an array `(rows, inputs)` or the path of an npz with `x`.

        Raises:
            InputError: naming the column that is missing, or the cell that cannot be used.
        """
        outputs = self.outputs(self.cleaned(rows))
        unknown = np.isnan(outputs).any(axis=1)
        if not len(self.classes_):
            return outputs[:, 0] if outputs.shape[1] == 1 else outputs
        labels = self.classes_[outputs.argmax(axis=1)]
        labels[unknown] = None
        return labels

    def predict_proba(self, rows: Any) -> np.ndarray:
        """Probabilities `(rows, classes)`, in the order of `classes_`; rows as for `predict`.

        Raises:
            InputError: if numbers are predicted, and as `predict`.
        """
        if not len(self.classes_):
            raise InputError(
                f"{self.path} predicts numbers ({self.target}), which have no probabilities; "
                "expected a run on classes: use predict"
            )
        return self.outputs(self.cleaned(rows))

    def evaluate(
        self, labelled: Any = None, y: Any = None, *, threshold: float | None = None
    ) -> Evaluation:
        """How good the network is on labelled rows: measures with 95% bootstrap intervals,
        and classes by class or residuals; `print` shows what may be concluded.

        Args:
            labelled: rows as for `predict`, with the target in them; None for the test rows of
                the run's own data, which the search has not seen.
            y: the labels, where they are not in a column of the rows.
            threshold: of two classes the second is predicted from this probability on.

        Raises:
            InputError: as `predict`; for labels that the run has not learned, or a threshold
                where there are not two classes.
        """
        return judged.evaluate(self, judged.read_labelled(self, labelled, y), threshold)

    def explain(
        self,
        labelled: Any = None,
        y: Any = None,
        *,
        on_step: Callable[[str], None] = lambda step: None,
    ) -> Explanation:
        """What the network looks at: permutation importance of every column, on labelled rows,
        and how predictions depend on the strongest.

        Args:
            labelled, y: as for `evaluate`.
            on_step: told what begins.

        Raises:
            InputError: as `evaluate`, and for more than 200 columns.
        """
        return judged.explain(self, judged.read_labelled(self, labelled, y), on_step=on_step)

    def cleaned(self, rows: Any) -> pd.DataFrame | np.ndarray:
        """Rows as the run's columns read them; what is unusual in them is logged."""
        if not self.columns:
            return given_array(rows, self.inputs)
        notes: list[str] = []
        frame = given_frame(rows, self.columns, self.dialect, notes)
        for note in notes:
            log.warning(note)
        return self.clean(frame)

    def clean(
        self, rows: Any, warn: Callable[[str], None] = log.warning
    ) -> pd.DataFrame | np.ndarray:
        """The same of a raw frame, or an array `(rows, ...)`."""
        if not self.columns:
            return given_array(rows, self.inputs)
        return clean_rows(rows, self.columns, warn)

    def outputs(self, rows: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Probabilities or values of cleaned rows, `(rows, outputs)`; NaN in whole rows for
        which there is no finite answer."""
        model = self.model
        starts = range(0, len(rows), ROWS_AT_A_TIME)
        parts = (rows[start : start + ROWS_AT_A_TIME] for start in starts)
        found = np.concatenate([np.asarray(model(self._inputs(part))) for part in parts])
        return np.where(np.isfinite(found).all(axis=1, keepdims=True), found, np.nan)

    def fast(self, rows: pd.DataFrame) -> np.ndarray:
        """The same from a traced graph, which pays for whoever asks hundreds of times."""
        return np.asarray(self.model.predict_on_batch(self._inputs(rows)))

    def _inputs(self, rows: pd.DataFrame | np.ndarray) -> Any:
        from mlpnas.final.export import as_inputs

        return as_inputs(rows, self.columns) if self.columns else np.asarray(rows)


def load(run: str | Path) -> DeliveredNetwork:
    """A finished run's network, which predicts from raw rows; see `DeliveredNetwork`.

    Raises:
        InputError: if the run is not finished, or its files do not belong together.

    Examples:
        >>> import mlpnas
        >>> network = mlpnas.load("runs/wine-0")
        >>> network.target, network.classes_.tolist()
        ('cultivar', ['class_0', 'class_1', 'class_2'])
    """
    network = DeliveredNetwork(run)
    network.model  # noqa: B018 - a damaged file is told now
    return network
