"""FCNet: 62,208 ways to build and train a perceptron of two hidden layers, on four tasks.

Source: Klein and Hutter, "Tabular benchmarks for joint architecture and hyperparameter
optimization", 2019. The table has the final validation mean squared error of four trainings
of 100 epochs, and their mean duration; it has no test error. Errors span twelve orders of
magnitude, some trainings having diverged, so the search metric is -log10 of their mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.core.space.search_space import Architecture, Tokens
from mlpnas.nasbench.choices import ChoiceSpace
from mlpnas.nasbench.reading import arrays, check_array

CHOICES = (
    ("activation_fn_1", ("relu", "tanh")),
    ("activation_fn_2", ("relu", "tanh")),
    ("batch_size", (8, 16, 32, 64)),
    ("dropout_1", (0.0, 0.3, 0.6)),
    ("dropout_2", (0.0, 0.3, 0.6)),
    ("init_lr", (5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1)),
    ("lr_schedule", ("cosine", "const")),
    ("n_units_1", (16, 32, 64, 128, 256, 512)),
    ("n_units_2", (16, 32, 64, 128, 256, 512)),
)

DataSet = Literal[
    "naval_propulsion", "parkinsons_telemonitoring", "protein_structure", "slice_localization"
]


@dataclass(frozen=True)
class FCNetSpace(ChoiceSpace):
    """Nine choices; written as `activation_fn_1=relu, ..., n_units_2=64`."""

    @property
    def name(self) -> str:
        return "fcnet"

    @property
    def choices(self) -> tuple[tuple[str, tuple], ...]:
        return CHOICES

    def describe(self, tokens: Tokens) -> str:
        names = (name for name, _ in CHOICES)
        taken = zip(names, self.options(tokens), strict=True)
        return ", ".join(f"{name}={option}" for name, option in taken)

    def parse(self, text: str) -> Architecture:
        parts = dict(part.strip().partition("=")[::2] for part in text.split(","))
        tokens = []
        for name, options in CHOICES:
            written = [str(option) for option in options]
            if parts.get(name) not in written:
                raise InputError(f"{name} is {parts.get(name)!r}, expected one of {written}")
            tokens.append(written.index(parts[name]))
        return self.architecture(tokens)


def load_fcnet(path: Path, task: DataSet = "protein_structure") -> Table:
    """Reads `fcnet.npz`; the reported metric is the mean squared error itself."""
    space = FCNetSpace()
    configs, losses, seconds, sizes = _arrays(path, task)
    entries: dict[Tokens, Entry] = {}
    for i, (config, loss) in enumerate(zip(configs.tolist(), losses.mean(axis=1), strict=True)):
        limits = [len(options) for _, options in CHOICES]
        if any(t >= n for t, n in zip(config, limits, strict=True)):
            raise InputError(
                f"{path}: configs row {i} is {config}, expected ids below {limits}"
            )
        if not loss > 0:
            raise InputError(f"{path}: {task}__val_loss row {i} is {loss}, expected above 0")
        entries[tuple(config)] = Entry(
            float(-np.log10(loss)), float(loss), float(seconds[i]), int(sizes[i])
        )
    if len(entries) != space.size():
        raise InputError(
            f"{path} holds {len(entries)} configurations, expected {space.size()}; the file "
            "is damaged: get it again"
        )
    return Table(
        f"fcnet-{task}",
        space,
        entries,
        "-log10 validation error",
        "validation mean squared error",
    )


def _arrays(path: Path, task: str) -> list[np.ndarray]:
    columns = [f"{task}__{name}" for name in ("val_loss", "train_time_mean", "model_size")]
    options = [f"values_{name}" for name, _ in CHOICES]
    file = arrays(path, ["param_names", *options, "configs", *columns])
    _check_parameters(path, [str(name) for name in file["param_names"]], file)
    size = FCNetSpace().size()
    check_array(path, "configs", file["configs"], (size, len(CHOICES)))
    check_array(path, columns[0], file[columns[0]], (size, None))
    for name in columns[1:]:
        check_array(path, name, file[name], (size,))
    return [file[name] for name in ("configs", *columns)]


def _check_parameters(path: Path, order: list[str], file: Mapping[str, np.ndarray]) -> None:
    names = [name for name, _ in CHOICES]
    if len(order) != len(names):
        raise InputError(
            f"{path}: param_names are {order}, expected {names}; the file is of another "
            "benchmark"
        )
    for name, (expected, options) in zip(order, CHOICES, strict=True):
        found = [str(value) for value in file[f"values_{expected}"].tolist()]
        if name != expected or found != [str(option) for option in options]:
            raise InputError(
                f"{path}: parameter {name} has values {found}, expected {expected} with "
                f"{options}; the file is of another benchmark"
            )
