"""The published file of NAS-Bench-101, and queries as its authors define them.

The file, `nasbench_full.tfrecord` or `nasbench_only108.tfrecord`, is read as it is; it is too
large to ship. Published best values: 0.9431758 mean test accuracy (the regret's zero) and
0.9505542 mean validation accuracy, over three trainings of 108 epochs.
"""

import base64
import json
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.nasbench.nasbench101 import (
    MAX_EDGES,
    VERTICES,
    Cell,
    NASBench101Space,
    digest,
)

EPOCHS = (4, 12, 36, 108)


class Measurement(NamedTuple):
    """One of a cell's trainings, half-way or at its end; accuracies are fractions."""

    seconds: float
    train: float
    valid: float
    test: float


@dataclass(frozen=True)
class Record:
    """All trainings of one cell.

    Attributes:
        parameters: trainable ones.
        final: epochs -> a measurement per repeat.
        halfway: the same, after half of the epochs.
    """

    parameters: int
    final: dict[int, list[Measurement]]
    halfway: dict[int, list[Measurement]]


class NASBench101:
    """The published file, and queries as its authors define them.

    Every query draws one of a cell's repeats and adds its training time to the budget;
    asking whether a cell is in the table costs nothing.

    Args:
        path: the `.tfrecord`.
        seed: of the draws.

    Attributes:
        records: by digest.
        seconds: training time that the queries so far have cost.
        epochs: the epochs they have cost.
    """

    def __init__(self, path: Path, seed: int = 0):
        self.records: dict[str, Record] = {}
        self.seconds, self.epochs = 0.0, 0
        self._rng = np.random.default_rng(seed)
        for number, row in enumerate(tf_records(path)):
            self._add(f"{path}, record {number}", row)

    def _add(self, where: str, row: bytes) -> None:
        try:
            name, epochs, _, _, metrics = json.loads(row)
            parameters, evaluations = parse_metrics(base64.b64decode(metrics))
            half, final = evaluations[1], evaluations[2]  # 0 is before training
        except (ValueError, IndexError, struct.error, TypeError) as error:
            raise InputError(
                f"{where} cannot be read ({error}); expected [digest, epochs, adjacency, "
                "operations, metrics] as JSON: the file is damaged, get it again"
            ) from None
        record = self.records.setdefault(name, Record(parameters, {}, {}))
        record.final.setdefault(epochs, []).append(final)
        record.halfway.setdefault(epochs, []).append(half)

    def __contains__(self, cell: Cell) -> bool:
        return digest(cell) in self.records

    def query(self, cell: Cell, epochs: int = 108, halfway: bool = False) -> Measurement:
        """One of the cell's trainings, drawn at random; its cost is added up.

        Raises:
            InputError: if the cell or the number of epochs is not in the table.
        """
        record = self.records.get(digest(cell))
        measured = {} if record is None else (record.halfway if halfway else record.final)
        if epochs not in measured:
            raise InputError(
                f"no training of {epochs} epochs of the cell {cell}; expected a pruned cell "
                f"of at most {VERTICES} vertices and {MAX_EDGES} edges, and one of {EPOCHS}"
            )
        drawn = measured[epochs][self._rng.integers(len(measured[epochs]))]
        self.seconds += drawn.seconds
        self.epochs += epochs // 2 if halfway else epochs
        return drawn


def tf_records(path: Path) -> Iterator[bytes]:
    """The records of a TFRecord file: length, checksum, data, checksum, over and over.

    The checksums are of a kind (CRC-32C) that Python does not compute; damage shows when a
    record is not JSON or the file ends within one.
    """
    if not path.exists():
        raise InputError(f"there is no table {path}; give the path of a benchmark's file")
    with path.open("rb") as file:
        number = 0
        while head := file.read(12):
            length = struct.unpack("<Q", head[:8])[0] if len(head) == 12 else 1 << 62
            data = file.read(length) if length < 1 << 20 else b""
            if len(data) < length or len(file.read(4)) < 4:
                raise InputError(
                    f"{path} breaks off in record {number}; expected a complete TFRecord "
                    "file: get it again"
                )
            yield data
            number += 1


def parse_metrics(message: bytes) -> tuple[int, list[Measurement]]:
    """Trainable parameters and evaluations of a `ModelMetrics` protocol buffer.

    Field 1, repeated, is an evaluation: 1 epoch, 2 seconds, 3 to 5 training, validation and
    test accuracy, all doubles. Field 2 is the number of parameters.
    """
    parameters, evaluations = 0, []
    for number, value in _fields(message):
        if number == 1 and isinstance(value, bytes):
            inner = {n: v for n, v in _fields(value) if isinstance(v, float)}
            evaluations.append(Measurement(*(inner.get(n, 0.0) for n in (2, 3, 4, 5))))
        elif number == 2 and isinstance(value, int):
            parameters = value
    return parameters, evaluations


def _fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Field numbers and values of a protocol buffer: integers, doubles and byte strings."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
        elif kind == 1:
            yield key >> 3, struct.unpack_from("<d", message, at)[0]
            at += 8
        elif kind == 2:
            length, at = _varint(message, at)
            yield key >> 3, message[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {kind} in a protocol buffer")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and where it ends."""
    value, shift = 0, 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def load_nasbench101(path: Path, epochs: int = 108) -> Table:
    """The table for strategies: mean validation accuracy steers, mean test is reported."""
    return mean_table(NASBench101(path), epochs)


def mean_table(bench: NASBench101, epochs: int = 108) -> Table:
    """The same of a file that has been read."""
    return _table(bench, epochs, _mean)


def sampled_table(bench: NASBench101, seed: int, epochs: int = 108) -> Table:
    """The table of one search by the authors' protocol.

    One repeat of each cell is drawn beforehand: its validation accuracy steers and its
    seconds are spent, as if by `query`. Reported is the mean test accuracy of all repeats.

    Args:
        bench: the published file, which many searches may share.
        seed: of the draws; every search should have its own.
        epochs: of the trainings.
    """
    rng = np.random.default_rng(seed)

    def drawn(trainings: list[Measurement]) -> Measurement:
        one = trainings[int(rng.random() * len(trainings))]
        return one._replace(test=math.fsum(m.test for m in trainings) / len(trainings))

    return _table(bench, epochs, drawn)


def _table(
    bench: NASBench101, epochs: int, chosen: Callable[[list[Measurement]], Measurement]
) -> Table:
    space, entries = NASBench101Space(), {}
    for name, record in bench.records.items():
        if epochs in record.final:
            one = chosen(record.final[epochs])
            entries[name] = Entry(one.valid, one.test, one.seconds, record.parameters)
    scores = "validation accuracy", "test accuracy"
    return Table("nasbench101", space, entries, *scores, key=space.digest)


def _mean(trainings: list[Measurement]) -> Measurement:
    return Measurement(*np.mean(trainings, axis=0).tolist())
