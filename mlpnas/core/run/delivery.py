"""The delivered file: raw rows in, the scored network's answers out, or it is not written.

What is scored is a network on encoded rows; what is delivered has the encoding before it and
the user's unit behind it. Both are made of the same constants, but by other code. So the file
is loaded as its user will load it, asked about validation rows as they stand in the user's
file, and held against the scored network; only then it takes its name.
"""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from mlpnas.core.errors import InputError, listing
from mlpnas.core.run.files import replacing_path

TOLERANCE = 1e-3


class Probe(NamedTuple):
    """Validation rows by which a file is held against the scored network.

    Attributes:
        rows: raw, as `keras.Model.predict` takes them: an array, or a dict of arrays by name.
        scored: what the scored network gives for them, `(rows, ...)`, as the file should.
        unit: what differences are measured in, as `scored` or broadcast to it: 1 for
            probabilities; the deviation of a quantity, or its largest prediction if that is
            farther off.
    """

    rows: np.ndarray | Mapping[str, np.ndarray]
    scored: np.ndarray
    unit: float | np.ndarray = 1.0


def deliver(model: keras.Model, path: Path, probe: Probe, without: str = "") -> Path:
    """Write a model that has been read back and found to be the scored network.

    Args:
        model: takes raw rows.
        path: ends in `.keras`; what stands there stays until the new file has passed.
        probe: rows, and what is expected of them.
        without: a package of ours whose Keras objects the file's user does not have.

    Raises:
        InputError: if the file cannot be loaded, or predicts otherwise, by more than
            `TOLERANCE`, a thousandth, of the probe's unit. Rounding has been seen to make
            2e-7 of it (`benchmarks/roundtrip.py`).
        OSError: see `replacing_path`.
    """
    with replacing_path(path) as part:
        model.save(part)
        with _forgotten(without):
            loaded = _load(part, path)
        check(loaded, probe, path)
    return path


def check(model: keras.Model, probe: Probe, path: Path) -> None:
    """Raise InputError, naming the row and by how much, unless the model is the scored one.

    Args:
        model: that the file holds.
        probe: what is expected.
        path: of the file, for the message.
    """
    got = np.asarray(model.predict(probe.rows, verbose=0), np.float64)
    if got.shape != probe.scored.shape:
        raise InputError(
            f"{path} gives answers of shape {got.shape} for the validation rows; expected "
            f"{probe.scored.shape}, as the scored network has them: {_REPORT}"
        )
    apart = np.abs(got - probe.scored) / probe.unit
    if not (apart <= TOLERANCE).all():  # so that NaN is a difference too
        place = np.unravel_index(np.nan_to_num(apart, nan=np.inf).argmax(), apart.shape)
        raise InputError(
            f"{path} is not the network that was scored: for validation row {place[0]} it "
            f"gives {got[place]:.7g}, the scored network {probe.scored[place]:.7g}, and "
            f"{(~(apart <= TOLERANCE)).sum()} of {apart.size} answers differ; expected the "
            f"same within {TOLERANCE}: {_REPORT}"
        )


_REPORT = (
    "finished trials are safe and no model was written; look for extreme values in the data, "
    "else report this as a fault of the program"
)


def _load(part: Path, path: Path) -> keras.Model:
    try:
        return keras.saving.load_model(part)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # Keras puts the reason last, behind the whole configuration.
        reason = str(error).split("Exception encountered: ")[-1].splitlines()[0]
        raise InputError(
            f"{path} could not be loaded again ({reason}); expected a file that Keras reads: "
            f"{_REPORT}"
        ) from None


def load_delivered(
    path: Path, program: str, inputs: Iterable[str], classes: int = 0
) -> keras.Model:
    """The model of a finished run, from its file.

    Args:
        path: of `best.keras`.
        program: that wrote it.
        inputs: names that its inputs should have.
        classes: how many outputs it should have; 0 for any.

    Raises:
        InputError: if it cannot be loaded, or is not the model of this run.
    """
    try:
        model = keras.saving.load_model(path)
        found = sorted(tensor.name for tensor in model.inputs)
        outputs = model.output.shape[-1]
    except (ValueError, OSError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as e:
        reason = (str(e) or type(e).__name__).splitlines()[0]
        raise InputError(
            f"{path} cannot be loaded ({reason}); expected the file that {program} search "
            "wrote: put it back, or run it again"
        ) from None
    if found != (expected := sorted(inputs)):
        raise InputError(
            f"{path} takes {listing(found)}; expected {listing(expected)}: it is not the "
            "model of this run; put that back"
        )
    if classes and outputs != classes:
        raise InputError(
            f"{path} gives {outputs} outputs; expected {classes}, one for each class: it is "
            "not the model of this run; put that back"
        )
    return model


@contextmanager
def _forgotten(package: str) -> Iterator[None]:
    """Keras does not know the objects registered by the package meanwhile."""
    known = keras.saving.get_custom_objects()
    ours = {name: known[name] for name in known if name.startswith(f"{package}>")}
    for name in ours:
        del known[name]
    try:
        yield
    finally:
        known.update(ours)


def standardised(x: Any, mean: np.ndarray, deviation: np.ndarray) -> Any:
    """(x - mean) / deviation, for the front of a delivered model.

    `keras.layers.Normalization` takes every deviation below 1e-7 for 1e-7 and squares it in
    float32, which ends at 1e38. Here nothing is clamped, and float64 keeps what lies between.

    Args:
        x: a Keras tensor, `(batch, ..., columns)`.
        mean, deviation: `(columns,)`.

    Returns:
        float32, of the same shape.
    """
    exact = ops.cast(x, "float64")
    return ops.cast((exact - np.float64(mean)) / np.float64(deviation), "float32")
