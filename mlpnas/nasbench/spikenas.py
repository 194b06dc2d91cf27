"""SpikeNAS-Bench: all 15,625 cells of spiking neurons, trained on CIFAR-10, with curves.

A cell has four nodes; each of the six edges between them has one of five operations. The
table has the validation accuracy after every one of the first 100 epochs, so that a search
may be steered by a cheaper score than the last one.

Source: the table of the project SpikeNAS-Bench (tju-sun-lab, 2024), one training per cell.
690 cells were trained for 200 epochs; their validation accuracy is taken from the curve as
all others' is, but their test accuracy is that of the end.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.core.space.search_space import Architecture, Tokens
from mlpnas.nasbench.choices import ChoiceSpace
from mlpnas.nasbench.reading import arrays, check_array

OPERATIONS = ("none", "identity", "low", "middle", "high")  # spiking ones by their threshold
EDGES = ("0-1", "0-2", "0-3", "1-2", "1-3", "2-3")
EPOCHS = 100  # of which the curves tell


@dataclass(frozen=True)
class SpikeNASSpace(ChoiceSpace):
    """Six edges with one of five operations each; written as six digits."""

    @property
    def name(self) -> str:
        return "spikenas"

    @property
    def choices(self) -> tuple[tuple[str, tuple], ...]:
        return tuple((f"edge {edge}", OPERATIONS) for edge in EDGES)

    def describe(self, tokens: Tokens) -> str:
        return "".join(map(str, tokens))

    def parse(self, text: str) -> Architecture:
        if len(text) != len(EDGES) or not set(text) <= set("01234"):
            raise InputError(
                f"cannot read the cell {text!r}; expected six digits such as 212204: "
                + ", ".join(f"{i} {operation}" for i, operation in enumerate(OPERATIONS))
            )
        return self.architecture([int(digit) for digit in text])


def load_spikenas(path: Path, epochs: int = EPOCHS) -> Table:
    """Reads `spikenas_cifar10.npz`; accuracies are fractions.

    Args:
        path: the table.
        epochs: 1 to 100, after which the search metric is measured; the seconds are as many.
    """
    if not 1 <= epochs <= EPOCHS:
        raise InputError(f"epochs is {epochs}, expected 1 to {EPOCHS}")
    space = SpikeNASSpace()
    names = ["ops", "val_acc_x250", "test_acc", "train_seconds", "epochs", "params"]
    found = arrays(path, names)
    _check(path, found, space.size())
    valid = found["val_acc_x250"][:, epochs - 1] / 25_000  # percent times 250 in the file
    seconds = found["train_seconds"] * (epochs / found["epochs"])
    columns = (valid, found["test_acc"] / 100.0, seconds, found["params"])
    entries = {
        tuple(cell): Entry(*numbers)
        for cell, *numbers in zip(*(c.tolist() for c in (found["ops"], *columns)), strict=True)
    }
    metric = f"validation accuracy after {epochs} epochs"
    return Table("spikenas-cifar10", space, entries, metric, "test accuracy")


def _check(path: Path, found: dict[str, np.ndarray], size: int) -> None:
    """Raise InputError unless every cell is there once, with all its figures."""
    check_array(path, "ops", found["ops"], (size, len(EDGES)), high=len(OPERATIONS) - 1)
    check_array(path, "val_acc_x250", found["val_acc_x250"], (size, EPOCHS), high=25_000)
    check_array(path, "test_acc", found["test_acc"], (size,), high=100)
    check_array(path, "epochs", found["epochs"], (size,), low=EPOCHS)
    for name in ("train_seconds", "params"):
        check_array(path, name, found[name], (size,))
    cells, first = np.unique(found["ops"], axis=0, return_index=True)
    if len(cells) != size:
        row = np.setdiff1d(np.arange(size), first)[0]
        raise InputError(
            f"{path}: ops row {row} repeats the cell {found['ops'][row].tolist()}, expected "
            f"each of {size} cells once; the file is damaged: get it again"
        )
