"""EC-NAS: the 91 cells of NAS-Bench-101 with up to four vertices, with measured energy.

Source: Bakhtiarifard, Igel and Selvan, "EC-NAS: energy consumption aware tabular benchmarks
for neural architecture search", ICASSP 2024. The table has three trainings of four epochs per
cell, with accuracies as fractions and the energy that each has used.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.nasbench.nasbench101 import NASBench101Space
from mlpnas.nasbench.reading import check_complete, rows

CELLS, REPEATS, EPOCHS = 91, 3, 4

Cost = Literal["seconds", "energy"]
COLUMNS = {"seconds": "training_time", "energy": "energy_kwh"}


def load_ecnas(path: Path, cost: Cost = "seconds") -> Table:
    """Reads `ecnas_nb101_4v.csv.gz`; figures are means of the three trainings.

    Args:
        path: the table.
        cost: what `Entry.seconds` holds: seconds, or energy in watt-hours.
    """
    space, scale = NASBench101Space(vertices=4), 1000.0 if cost == "energy" else 1.0
    names = ["val_acc", "test_acc", COLUMNS[cost], "params"]
    trainings: dict[str, list[list[float]]] = {}
    for row in rows(path, ["hash", "epochs", *names]):
        numbers = [row.number(name, 0) for name in names]
        if row.number("epochs", 0, EPOCHS) == EPOCHS:
            trainings.setdefault(row.text("hash"), []).append(numbers)
    entries = {}
    for cell, repeats in trainings.items():
        valid, test, spent, size = np.mean(repeats, axis=0).tolist()
        entries[cell] = Entry(valid, test, spent * scale, round(size))
    check_complete(path, entries, CELLS)
    metric = f"validation accuracy after {EPOCHS} epochs"
    return Table("ecnas", space, entries, metric, "test accuracy", key=space.digest)
