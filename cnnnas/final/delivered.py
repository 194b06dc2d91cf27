"""A finished run in use: its delivered network, asked about images."""

import logging
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnnas.data.image_files import read_arrays
from cnnnas.data.images import read_images
from cnnnas.data.new_images import Kind, checked, given_images, labelled_images
from cnnnas.run.settings import Settings
from mlpnas.core.errors import InputError
from mlpnas.core.report.quality.classes import index_of, judge_classes
from mlpnas.core.report.quality.record import Evaluation
from mlpnas.core.run.folder import check_data
from mlpnas.core.run.record import Results, finished_record, located, settings_of
from mlpnas.core.runtime.start import start_tensorflow

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

AT_A_TIME = 256


class DeliveredNetwork:
    """What `best.keras` of a run says of images.

    Args:
        run: folder of a finished run of `cnnnas search`.

    Attributes:
        classes_: labels as they are written, in the order of `predict_proba`.

    Raises:
        InputError: if the run is not finished, or its files do not belong together.

    Examples:
        >>> import cnnnas, numpy as np
        >>> network = cnnnas.load("runs/flowers-0")  # or pictures: predict(["a.jpg", "b.jpg"])
        >>> network.predict_proba(np.zeros((2, 8, 6), np.uint8)).shape
        (2, 2)
    """

    def __init__(self, run: str | Path):
        self.path = Path(run)
        self.record = finished_record(self.path, "cnnnas", Results)
        self.classes_ = np.asarray(self.record["data"]["classes"], object)
        self.settings: Settings = settings_of(self.path, self.record, Settings)

    @cached_property
    def model(self) -> "keras.Model":
        """The file's model, loaded when first asked for, which starts TensorFlow.

        Raises:
            InputError: if it cannot be loaded, or is not the model of this run.
        """
        start_tensorflow()
        from mlpnas.core.run.delivery import load_delivered

        path = self.path / "best.keras"
        return load_delivered(path, "cnnnas", ["pixels"], len(self.classes_))

    @property
    def kind(self) -> Kind:
        """What its images are."""
        pixels = self.record["data"].get("pixels", "uint8")
        return Kind(tuple(self.model.inputs[0].shape[1:]), pixels)

    def predict(self, images: Any) -> np.ndarray:
        """The most probable label of each image, `(rows,)`.

        Args:
            images: an array `(rows, height, width)` or with channels, in the unit of the run's
                images; a picture's path or a list of them; a folder of pictures; or an npz
                with `x`. Pictures are brought to the run's size.

        Raises:
            InputError: for images of another shape, or pictures that cannot be read.
        """
        return self.classes_[self.predict_proba(images).argmax(axis=1)]

    def predict_proba(self, images: Any) -> np.ndarray:
        """Probabilities `(rows, classes)`, in the order of `classes_`; images as `predict`."""
        x, _ = given_images(images, self.kind)
        return self.outputs(x)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Probabilities `(rows, classes)` of an array of the run's shape."""
        return np.asarray(self.model.predict(x, batch_size=AT_A_TIME, verbose=0))

    def evaluate(
        self,
        labelled: Any = None,
        y: Any = None,
        *,
        threshold: float | None = None,
        data: str | None = None,
        warn: Callable[[str], None] = log.warning,
    ) -> Evaluation:
        """How good the network is on labelled images: measures with 95% bootstrap intervals,
        classes by class, and the pairs most often confused.

        Args:
            labelled: images as for `predict` with labels as `y`; or a folder of class folders,
                or an npz with x and y; None for the test images of the run's own data.
            y: the labels, `(rows,)`.
            threshold: of two classes the second is predicted from this probability on.
            data: where the run's data is now; None to look where it was, and beside the run.
            warn: given sentences on what was left out.

        Raises:
            InputError: as `predict`; for labels that the run has not learned.
        """
        x, labels, of = self._labelled(labelled, y, data, warn)
        classes = self.classes_.tolist()
        truth = index_of(labels, classes, of)
        return judge_classes(truth, self.outputs(x), classes, of, threshold)

    def _labelled(
        self, labelled: Any, y: Any, data: str | None, warn: Callable[[str], None]
    ) -> tuple[np.ndarray, Any, str]:
        """Images, their labels, and what they are called."""
        notes: list[str] = []
        if labelled is None:
            x, labels = self._unseen(data)
            of = "test images"
        elif y is not None:
            x, _ = given_images(labelled, self.kind)
            labels, of = np.asarray(y).reshape(-1), "images"
            if len(labels) != len(x):
                raise InputError(
                    f"{len(x)} images and {len(labels)} labels; expected one label for each"
                )
        elif isinstance(labelled, str | Path):
            x, labels = labelled_images(Path(labelled), self.kind, notes)
            of = f"images of {Path(labelled).name}"
        else:
            raise InputError("an array has no labels in it; expected them as y: evaluate(x, y)")
        for note in notes:
            warn(note)
        return x, labels, of

    def _unseen(self, data: str | None) -> tuple[np.ndarray, np.ndarray]:
        """The run's test images, as the search left them unseen.

        Raises:
            InputError: if the data are not those of the run.
        """
        s = located(self.path, self.record, self.settings, data)
        made = read_images(s.data, s.train_rows, s.seed, s.image_size)
        check_data(made.task, self.record["data"], s.data)
        found = read_arrays(s.data, s.seed, s.image_size)
        return checked(found.x_test, self.kind, f"'{s.data}'"), found.y_test


def load(run: str | Path) -> DeliveredNetwork:
    """A finished run's network, which predicts from images; see `DeliveredNetwork`.

    Raises:
        InputError: if the run is not finished, or its files do not belong together.
    """
    network = DeliveredNetwork(run)
    network.model  # noqa: B018 - a damaged file is told now
    return network
