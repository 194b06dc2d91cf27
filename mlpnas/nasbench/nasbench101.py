"""NAS-Bench-101: cells as small graphs, 423,624 of them trained three times on CIFAR-10.

A cell is a graph of up to seven vertices and nine edges; vertex 0 is its input, the last its
output, the others are one of three operations. What lies on no way from input to output is
pruned, so many graphs are the same cell; a digest that does not depend on the order of the
vertices tells which.

Source: Ying, Klein, Real, Christiansen, Murphy and Hutter, "NAS-Bench-101: towards
reproducible neural architecture search", ICML 2019. The published file is read in
`nasbench101_file`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, groupby, permutations, product
from typing import NamedTuple

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, Tokens
from mlpnas.nasbench.choices import ChoiceSpace

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
VERTICES, MAX_EDGES = 7, 9
LONGEST = 3  # operations on a path that counts as a feature; longer ones are rare
Edges = frozenset[tuple[int, int]]


class Cell(NamedTuple):
    """A graph without idle vertices.

    Attributes:
        edges: from a vertex to a later one; 0 is the input, the last the output.
        labels: per vertex, -1 for the input, -2 for the output, else the operation.
    """

    edges: Edges
    labels: tuple[int, ...]


def prune(edges: Edges, labels: Sequence[int]) -> Cell | None:
    """What lies on a way from input to output; None if there is no way."""
    last = len(labels) - 1
    reached, reaching = {0}, {last}
    for _ in labels:
        reached |= {j for i, j in edges if i in reached}
        reaching |= {i for i, j in edges if j in reaching}
    kept = sorted(reached & reaching)
    if last not in reached:
        return None
    place = {vertex: i for i, vertex in enumerate(kept)}
    inside = frozenset((place[i], place[j]) for i, j in edges if {i, j} <= place.keys())
    return Cell(inside, tuple(labels[vertex] for vertex in kept))


def digest(cell: Cell) -> str:
    """The benchmark's MD5 fingerprint: equal for graphs that differ in vertex order alone.

    Every vertex starts with a hash of its degrees and label and is hashed again with its
    neighbours' as many times as there are vertices.
    """
    return _md5(str(sorted(_hashes(cell))))


def _hashes(cell: Cell) -> list[str]:
    """A hash per vertex that tells its place in the graph."""
    vertices = range(len(cell.labels))
    entering = [[i for i, j in cell.edges if j == v] for v in vertices]
    leaving = [[j for i, j in cell.edges if i == v] for v in vertices]
    hashes = [_md5(str((len(leaving[v]), len(entering[v]), cell.labels[v]))) for v in vertices]

    def anew(v: int) -> str:
        return _md5(f"{_joined(hashes, entering[v])}|{_joined(hashes, leaving[v])}|{hashes[v]}")

    for _ in vertices:
        hashes = [anew(v) for v in vertices]
    return hashes


def _joined(hashes: list[str], vertices: list[int]) -> str:
    return "".join(sorted(hashes[v] for v in vertices))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest()


def paths(cell: Cell, vertex: int = 0) -> list[tuple[int, ...]]:
    """The operations on every way from a vertex to the output, the vertex left out."""
    last, found = len(cell.labels) - 1, []
    for i, j in sorted(cell.edges):
        if i == vertex:
            here = () if j == last else (cell.labels[j],)
            found += [(*here, *way) for way in paths(cell, j)]
    return [()] if vertex == last else found


def path_index(path: Sequence[int]) -> int:
    """The number of a path, sum_i 3^i (op_i + 1): shorter ones come first, 364 in all."""
    return sum(len(OPERATIONS) ** i * (op + 1) for i, op in enumerate(path))


def every_cell(vertices: int) -> Iterator[Cell]:
    """All labelled graphs of exactly that many vertices that need no pruning."""
    slots = list(combinations(range(vertices), 2))
    for count in range(vertices - 1, min(MAX_EDGES, len(slots)) + 1):
        for chosen in combinations(slots, count):
            edges = frozenset(chosen)
            cell = prune(edges, [0] * vertices)
            if cell is None or len(cell.labels) < vertices:
                continue
            for operations in product(range(len(OPERATIONS)), repeat=vertices - 2):
                yield Cell(edges, (-1, *operations, -2))


@cache
def canonical_cell(cell: Cell) -> Cell:
    """The same cell with its vertices in an order that does not depend on how it was drawn.

    By the longest way from the input, so that edges go on to later vertices, then by hash;
    of what ties in both, the order that gives the least edges.
    """
    depths = _depths(cell)
    keys = list(zip(depths, _hashes(cell), strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ties = [list(group) for _, group in groupby(order, key=keys.__getitem__)]
    choices = product(*(permutations(group) for group in ties))
    return min((_reordered(cell, sum(choice, ())) for choice in choices), key=_sorted_edges)


def _depths(cell: Cell) -> list[int]:
    depths = [0] * len(cell.labels)
    for i, j in sorted(cell.edges):  # i is final by then: its edges come from lower vertices
        depths[j] = max(depths[j], depths[i] + 1)
    return depths


def _reordered(cell: Cell, order: Sequence[int]) -> Cell:
    place = {old: new for new, old in enumerate(order)}
    edges = frozenset((place[i], place[j]) for i, j in cell.edges)
    return Cell(edges, tuple(cell.labels[old] for old in order))


def _sorted_edges(cell: Cell) -> list[tuple[int, int]]:
    return sorted(cell.edges)


@dataclass(frozen=True)
class NASBench101Space(ChoiceSpace):
    """The inner vertices' operations, then for each place of an edge whether there is one.

    A walk may describe a graph with more than nine edges or without a way through. Only the
    pruned graph decides that, at the end of the walk, so such walks are legal; they are in no
    table, and their trials fail. Written as bits in rows, a stroke, and the operations.

    Args:
        vertices: at most, input and output included, at least 3.
    """

    vertices: int = VERTICES

    @property
    def name(self) -> str:
        return "nasbench101" if self.vertices == VERTICES else f"nasbench101[{self.vertices}]"

    @property
    def slots(self) -> tuple[tuple[int, int], ...]:
        """Where an edge may be, in rows."""
        return tuple(combinations(range(self.vertices), 2))

    @property
    def choices(self) -> tuple[tuple[str, tuple], ...]:
        operations = ((f"vertex {v}", OPERATIONS) for v in range(1, self.vertices - 1))
        return (*operations, *((f"edge {i}-{j}", ("no", "yes")) for i, j in self.slots))

    def _parts(self, tokens: Tokens) -> tuple[Tokens, Tokens]:
        """Operations and bits."""
        return tokens[: self.vertices - 2], tokens[self.vertices - 2 :]

    def describe(self, tokens: Tokens) -> str:
        operations, bits = self._parts(tokens)
        return f"{''.join(map(str, bits))}/{','.join(OPERATIONS[t] for t in operations)}"

    def parse(self, text: str) -> Architecture:
        bits, _, written = text.partition("/")
        names, places = written.split(","), len(self.slots)
        known = not set(bits) - set("01") and not set(names) - set(OPERATIONS)
        if not known or len(bits) != places or len(names) != self.vertices - 2:
            raise InputError(
                f"cannot read the cell {text!r}; expected {places} bits, a stroke and "
                f"{self.vertices - 2} operations from {OPERATIONS}"
            )
        return self.architecture([*map(OPERATIONS.index, names), *map(int, bits)])

    def cell(self, architecture: Architecture) -> Cell | None:
        """The pruned graph; None if it is not one of the benchmark's."""
        operations, bits = self._parts(architecture.tokens)
        edges = frozenset(slot for slot, bit in zip(self.slots, bits, strict=True) if bit)
        cell = prune(edges, (-1, *operations, -2))
        return cell if cell and len(cell.edges) <= MAX_EDGES else None

    def digest(self, architecture: Architecture) -> str:
        """The fingerprint of its cell; empty if it is not one of the benchmark's."""
        cell = self.cell(architecture)
        return "" if cell is None else digest(cell)

    def paths(self, architecture: Architecture) -> np.ndarray:
        """Which paths of up to three operations lead from input to output, `(40,)`.

        The first of 364 bits (White et al., BANANAS, 2019), see `path_index`; none is set if
        the cell is not one of the benchmark's. With fewer than five vertices they are fewer.
        """
        longest = min(LONGEST, self.vertices - 2)
        bits = np.zeros(1 + path_index([len(OPERATIONS) - 1] * longest))
        cell = self.cell(architecture)
        short = (path for path in (paths(cell) if cell else ()) if len(path) <= longest)
        bits[[path_index(path) for path in short]] = 1.0
        return bits

    def canonical(self, architecture: Architecture) -> Architecture:
        """The canonical cell on the first vertices; idle ones have the first operation."""
        cell = self.cell(architecture)
        if cell is None:
            return architecture
        cell = canonical_cell(cell)
        last, end = len(cell.labels) - 1, self.vertices - 1
        edges = {(i, end if j == last else j) for i, j in cell.edges}
        operations = (*cell.labels[1:-1], *[0] * (end - last))
        tokens = (*operations, *(int(slot in edges) for slot in self.slots))
        return Architecture(self.name, tokens, self.describe(tokens))
