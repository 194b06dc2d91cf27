"""Does best.keras say of raw CSV rows what the network says that was scored?

Writes small tables of hostile columns, see `hostile`, trains a network on each for two epochs
(on every fourth two of them, averaged), and saves it. Then one fresh process, in which neither
this package nor scikit-learn nor pandas can be imported, loads every file, reads the rows with
Python's csv module, and predicts them. Answers agree if they differ by no more than
`delivery.TOLERANCE`: a thousandth of a probability, or of the target's deviation.

    python benchmarks/roundtrip.py [--tables 200] [--seed 0]

Prints a line for each table that does not agree, and one JSON line. What a user must know of a
table is what the process is told: which input is which column, and how dates are written.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

OURS = ("mlpnas", "sklearn", "pandas", "scipy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="keep tables and models there")
    parser.add_argument("--predict", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.predict:
        predict(options.predict)
        return
    with tempfile.TemporaryDirectory() as temporary:
        found = roundtrip(options.folder or Path(temporary), options.tables, options.seed)
    for place, what in found["disagree"].items():
        print(f"table {place}: {what}")
    print(json.dumps(found))


def roundtrip(folder: Path, tables: int, seed: int) -> dict[str, Any]:
    """Train and save, predict in a fresh process, compare.

    Args:
        folder: where tables and models are written, a folder for each.
        tables: how many.
        seed: of the tables.
    """
    from mlpnas.core.run.delivery import TOLERANCE

    start, wrong, differences = time.perf_counter(), {}, []
    for place in range(tables):
        (folder / str(place)).mkdir(parents=True)
        if reason := save(folder / str(place), np.random.default_rng([seed, place])):
            wrong[place] = reason
    subprocess.run([sys.executable, __file__, "--predict", str(folder)], check=True)
    for place in set(range(tables)) - set(wrong):
        differences.append(difference(folder / str(place)))
        if not differences[-1] <= TOLERANCE:
            wrong[place] = f"answers differ by {differences[-1]:.3g}"
    return {
        "benchmark": "roundtrip",
        "tables": tables,
        "seed": seed,
        "agree": tables - len(wrong),
        "largest_difference": max(differences, default=None),
        "disagree": dict(sorted(wrong.items())),
        "seconds": round(time.perf_counter() - start, 1),
    }


def save(folder: Path, rng: np.random.Generator) -> str | None:
    """Write a table, train, and export; what the network says of all rows goes beside it.

    Returns:
        Why there is no model, if so.
    """
    from dataclasses import replace

    from hostile import write_table

    from mlpnas.core.errors import InputError
    from mlpnas.data.reading import read_frame
    from mlpnas.data.scaling import ScalingOption
    from mlpnas.data.table import Kept, read_table
    from mlpnas.final.export import export, input_names, probe

    path = folder / "table.csv"
    target = write_table(path, rng)
    try:
        scaling: ScalingOption = "quantile" if rng.random() < 0.3 else "standard"
        table = read_table(path, target, seed=int(rng.integers(1000)), scaling=scaling)
        network = train(table, members=1 + (rng.random() < 0.25))
        export(network, table, folder / "best.keras")
    except InputError as error:
        return str(error)
    rows = read_frame(path, target)
    answers = probe(network, replace(table, kept=Kept(rows, table.encode(rows))))
    np.savez(folder / "scored.npz", scored=answers.scored, unit=answers.unit)
    parts = [(column, part) for column in table.columns for part in column.parts]
    told = [
        (name, column.name, part.removeprefix(column.name), column.format)
        for name, (column, part) in zip(input_names(table.columns), parts, strict=True)
    ]
    (folder / "inputs.json").write_text(json.dumps(told))
    return None


def train(table: Any, members: int) -> Any:
    """A small network, or the mean of several."""
    from mlpnas import MLPGenerator, MLPSpace, MLPTrainer, Recipe
    from mlpnas.core.trainer.base import Job
    from mlpnas.final.ensemble import average
    from mlpnas.trainer.mlp_trainer import to_model

    space = MLPSpace(table.task.head)
    architecture = space.parse(f"(16, 'relu'), {table.task.head}")
    generator = MLPGenerator(space)
    trainer = MLPTrainer(table.task, generator, Recipe(epochs=2))
    models = []
    for seed in range(members):
        weights = trainer.train(Job(architecture, seed)).weights
        models.append(to_model(generator, architecture, table.task, weights))
    return models[0] if members == 1 else average(models)


def difference(folder: Path) -> float:
    """By how much the fresh process predicts otherwise at most; NaN if it gives no numbers."""
    with np.load(folder / "scored.npz") as file:
        scored, unit = file["scored"], file["unit"]
    got = np.load(folder / "predicted.npy")
    return float(np.max(np.abs(got - scored) / unit)) if got.shape == scored.shape else np.nan


def predict(folder: Path) -> None:
    """In the fresh process: load every model, and predict the rows of its table."""
    for name in OURS:
        sys.modules[name] = None  # type: ignore[assignment]  # as if it were not installed
    import keras

    for path in sorted(folder.glob("*/inputs.json")):
        model = keras.saving.load_model(path.with_name("best.keras"))
        with path.with_name("table.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = dict(_columns(model, rows, json.loads(path.read_text())))
        np.save(path.with_name("predicted.npy"), model.predict(columns, verbose=0))


def _columns(
    model: Any, rows: list[dict[str, str]], told: list[list[str]]
) -> Iterator[tuple[str, np.ndarray]]:
    """Each input's name and array."""
    kinds = {tensor.name: tensor.dtype for tensor in model.inputs}
    for name, column, part, date_format in told:
        cells = [row[column].strip() for row in rows]
        if kinds[name] == "string":
            yield name, np.array(cells, dtype=object)
        elif part:
            yield name, np.array([_date(cell, part, date_format) for cell in cells])
        else:
            yield name, np.array([_number(cell) for cell in cells])


def _number(cell: str) -> float:
    truth = {"true": 1.0, "false": 0.0}
    try:
        return truth[cell.lower()] if cell.lower() in truth else float(cell)
    except ValueError:
        return np.nan


def _date(cell: str, part: str, date_format: str) -> float:
    iso = date_format == "ISO8601"
    try:
        when = datetime.fromisoformat(cell) if iso else datetime.strptime(cell, date_format)
    except ValueError:
        return np.nan
    return {
        " (year)": when.year,
        " (month)": when.month,
        " (weekday)": when.weekday(),
        " (hour)": when.hour,
        " (days)": (when - datetime(1970, 1, 1)).total_seconds() / 86400,
    }[part]


if __name__ == "__main__":
    main()
