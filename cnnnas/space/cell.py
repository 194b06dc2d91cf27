"""Cell: the wiring of a convolutional cell, as data.

States are numbered: 0 is the output of the cell before the last, 1 that of the last one, and
2, 3, ... are the cell's own nodes. (NASNet and PNAS count the two inputs the other way round;
their cells are turned on entry, so that one convention holds in this package.) Each node
combines two operations on earlier states, and some states, in depth, are the cell's output.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

INPUTS = 2
SKIP = "skip_connect"  # the operation that does nothing
NONE = "none"  # the operation that is not there

# An operation's name and the state that it reads.
Edge = tuple[str, int]
Node = tuple[Edge, ...]


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        nodes: of the nodes 2, 3, ... in order, their `(operation, state)` pairs; those that
            are not there are `"none"`, see `wired`.
        concat: the states that, concatenated in depth, are the output.
        combine: per node `"add"` or `"concat"`; empty means that all nodes add.

    Examples:
        >>> Cell(((("max_pool_3x3", 0), ("skip_connect", 1)),), concat=(2,)).width
        1
    """

    nodes: tuple[Node, ...]
    concat: tuple[int, ...]
    combine: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many states the output concatenates."""
        return len(self.concat)

    @property
    def skips(self) -> int:
        """How many of its operations are skip connections."""
        return sum(name == SKIP for halves in self.wired for name, _ in halves)

    @property
    def wired(self) -> tuple[Node, ...]:
        """What is computed: the nodes without the halves that add nothing, see `wired`."""
        return wired(self.nodes)

    def combination(self, node: int) -> str:
        """How the node of this state number combines its operations."""
        return self.combine[node - INPUTS] if self.combine else "add"


def wired(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes without operations that are not there, and without those that read a node
    which is empty for that reason."""
    kept: list[Node] = []
    for halves in nodes:
        kept.append(tuple(h for h in halves if h[0] != NONE and not _empty(kept, h[1])))
    return tuple(kept)


def _empty(nodes: Sequence[Node], state: int) -> bool:
    return INPUTS <= state < INPUTS + len(nodes) and not nodes[state - INPUTS]


Cells = Mapping[str, Cell]
Output = Literal["all", "unused"]


def output_states(nodes: tuple[Node, ...], rule: Output) -> tuple[int, ...]:
    """The states that a cell concatenates.

    Args:
        nodes: see `Cell.nodes`.
        rule: `"all"` takes every node of the cell that is not empty (DARTS, PNAS);
            `"unused"` takes every state, the two inputs included, that no node reads (NASNet,
            ENAS).
    """
    states = range(INPUTS + len(nodes))
    if rule == "all":
        kept = wired(nodes)
        return tuple(state for state in states[INPUTS:] if not _empty(kept, state))
    read = {state for node in nodes for _, state in node}
    return tuple(state for state in states if state not in read)


# What a node does with its `(state, operation)` halves, in sorted order.
Block = tuple[tuple[tuple[int, str], ...], str]


def canonical(cell: Cell, rule: Output) -> Cell:
    """The smallest way to write down the same graph.

    The halves of a node may change places, and so may nodes of which neither feeds the other.
    Among all such ways this is the first in lexicographic order; so two cells are equal up to
    their numbering if and only if their canonical forms are equal. Empty nodes come last, and
    operations that are not there read the first inputs that they can.
    """
    blocks: dict[int, Block] = {
        node: (tuple((state, op) for op, state in halves), cell.combination(node))
        for node, halves in enumerate(cell.wired, INPUTS)
        if halves
    }
    smallest = _smallest(blocks, {state: state for state in range(INPUTS)})
    full = tuple(_filled(tuple((op, state) for state, op in halves)) for halves, _ in smallest)
    nodes = full + (_filled(()),) * (len(cell.nodes) - len(full))
    combine = tuple(how for _, how in smallest) if cell.combine else ()
    return Cell(nodes, output_states(nodes, rule), combine)


def _filled(halves: Node) -> Node:
    """The node with two halves."""
    read = {state for _, state in halves}
    free = [state for state in range(INPUTS) if state not in read]
    return halves + tuple((NONE, state) for state in free[: 2 - len(halves)])


def _smallest(rest: dict[int, Block], placed: dict[int, int]) -> tuple[Block, ...]:
    """The nodes of `rest` in their best order; `placed` maps old state numbers to new."""
    if not rest:
        return ()
    ready = {
        old: (tuple(sorted((placed[state], op) for state, op in halves)), how)
        for old, (halves, how) in rest.items()
        if all(state in placed for state, _ in halves)
    }
    least = min(ready.values())
    # Equal nodes may feed different ones, so each of them is tried in this place.
    tails = [
        _smallest({k: b for k, b in rest.items() if k != old}, {**placed, old: len(placed)})
        for old, block in ready.items()
        if block == least
    ]
    return (least, *min(tails))
