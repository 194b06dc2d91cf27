"""NAS-Bench-201: all 15,625 cells of four nodes, trained on three image data sets.

Node 0 is the cell's input and node 3 its output; each of the six edges between them has one
of five operations, and a node is the sum of what reaches it.

Source: Dong and Yang, "NAS-Bench-201: extending the scope of reproducible neural
architecture search", ICLR 2020. The table has a row per cell: its six operation digits and,
per data set, validation accuracy (mean of the seeds after 200 epochs), test accuracy in
percent, and simulated training seconds.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.core.space.search_space import Architecture, Tokens
from mlpnas.nasbench.choices import ChoiceSpace
from mlpnas.nasbench.reading import add, check_complete, check_space, rows

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE, SKIP = 0, 1
# In the order in which the cell is written: all that enters node 1, then 2, then 3.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
# The ways from input to output, as positions in EDGES.
PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))

DataSet = Literal["cifar10", "cifar100", "imagenet16"]


@dataclass(frozen=True)
class NASBench201Space(ChoiceSpace):
    """Six edges with one of five operations each.

    Args:
        merge: whether cells that build the same network count as one. Published curves
            count each of the 15,625 for itself; as networks 4,930 of them are distinct.

    Examples:
        >>> space = NASBench201Space()
        >>> str(space.architecture((4, 2, 1, 2, 1, 1)))[:32]
        '|avg_pool_3x3~0|+|nor_conv_1x1~0'
    """

    merge: bool = False

    @property
    def name(self) -> str:
        return f"nasbench201[{'distinct networks' if self.merge else 'all cells'}]"

    @property
    def choices(self) -> tuple[tuple[str, tuple], ...]:
        return tuple((f"edge {i}-{j}", OPERATIONS) for i, j in EDGES)

    def describe(self, tokens: Tokens) -> str:
        written = dict(zip(EDGES, self.options(tokens), strict=True))
        return "+".join(
            "|" + "".join(f"{written[i, j]}~{i}|" for i in range(j)) for j in (1, 2, 3)
        )

    def parse(self, text: str) -> Architecture:
        parts = [part for part in text.replace("+", "").split("|") if part]
        expected = [f"~{i}" for i, _ in EDGES]
        names = [part[:-2] for part in parts]
        if [part[-2:] for part in parts] != expected or not set(names) <= set(OPERATIONS):
            raise InputError(
                f"cannot read the cell {text!r}; expected |op~0|+|op~0|op~1|+|op~0|op~1|op~2| "
                f"with operations from {OPERATIONS}"
            )
        return self.architecture([OPERATIONS.index(name) for name in names])

    def canonical(self, architecture: Architecture) -> Architecture:
        """With `merge`, the first cell that builds the same network, else the cell itself."""
        if not self.merge:
            return architecture
        first = _classes()[network(architecture.tokens)]
        return Architecture(self.name, first, self.describe(first))

    def paths(self, architecture: Architecture) -> np.ndarray:
        """Which sequences of operations lead from input to output, `(155,)` zeros and ones.

        One bit per sequence of one, two or three of the five operations, 5 + 25 + 125. It
        says what the network computes rather than how the cell was drawn, which predictors
        find easier to learn from (White et al., BANANAS, 2019).
        """
        bits = np.zeros(155)
        for path in PATHS:
            place = (0, 5, 30)[len(path) - 1]
            bits[place + int("".join(str(architecture.tokens[e]) for e in path), 5)] = 1.0
        return bits

    def operations_and_paths(self, architecture: Architecture) -> np.ndarray:
        """`features` and `paths` in one vector, `(185,)`; linear models want both."""
        return np.concatenate([self.features(architecture), self.paths(architecture)])


def network(tokens: Tokens) -> tuple[str, ...]:
    """The sum at the output node, its terms sorted: equal sums, equal networks.

    A term without input is dropped, a skip connection hands its terms on.
    """
    sums: list[tuple[str, ...]] = [("x",), (), (), ()]
    for (i, j), token in zip(EDGES, tokens, strict=True):
        if token == SKIP:
            sums[j] += sums[i]
        elif token != NONE and sums[i]:
            sums[j] += (f"{token}({'+'.join(sorted(sums[i]))})",)
    return tuple(sorted(sums[3]))


@cache
def _classes() -> dict[tuple[str, ...], Tokens]:
    """Network -> the first of the cells that build it."""
    cells = reversed(list(product(range(len(OPERATIONS)), repeat=len(EDGES))))
    return {network(cell): cell for cell in cells}


def load_nasbench201(path: Path, dataset: DataSet = "cifar10", merge: bool = False) -> Table:
    """Reads the table.

    Args:
        path: `nasbench201.csv.gz`.
        dataset: search on its validation accuracy, report its test accuracy (fractions).
        merge: see `NASBench201Space`; a network has the figures of its first cell.
    """
    space = NASBench201Space(merge)
    score, test = f"{dataset}_val_acc_mean", f"{dataset}_test_acc"
    seconds, size = f"{dataset}_train_time", f"{dataset}_model_size"
    entries: dict[Tokens, Entry] = {}
    for row in rows(path, ["ops", score, test, seconds, size]):
        digits = [int(c) if c.isdigit() else -1 for c in row.text("ops")]
        tokens = check_space(space, digits, row, "ops")
        entry = Entry(
            score=row.number(score, 0, 100) / 100,
            reported=row.number(test, 0, 100) / 100,
            seconds=row.number(seconds, 0),
            parameters=round(row.number(size, 0) * 1e6),
        )
        add(entries, tokens, entry, row)
    check_complete(path, entries, space.size())
    if merge:
        entries = {cell: entries[cell] for cell in _classes().values()}
    return Table(
        f"nasbench201-{dataset}", space, entries, "validation accuracy", "test accuracy"
    )
