"""ENASCellSpace: recurrent cells as trees of nodes, each with an activation.

Node 0 reads the input and the previous state. Every later node points at an earlier one, its
predecessor, and applies an activation to it. What a node computes is in `highway_cell`.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
section 2.1; the authors' code, whose number strings are the tokens of this space.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from mlpnas.core.errors import InputError
from mlpnas.core.space.genotype import START
from mlpnas.core.space.search_space import Architecture, Decision, SearchSpace, Tokens
from rnncell.space.activations import ACTIVATIONS, check_activations
from rnncell.space.genotype import ROOT, read_genotype, write_genotype

# What the output of a highway cell is the mean of, see `highway_cell`.
Average = Literal["loose", "nodes"]


class Node(NamedTuple):
    """A node of a cell: which earlier node it reads (None: the cell's inputs), and how."""

    predecessor: int | None
    activation: str


Nodes = tuple[Node, ...]


@dataclass(frozen=True)
class ENASCellSpace(SearchSpace):
    """Cells of `nodes` nodes, written `tanh, relu(0), tanh(1)`.

    Args:
        nodes: how many, node 0 included, at least 2.
        activations: what a node may apply; token ids are positions in it.
        root: the activation of node 0; None lets it be chosen too.

    Examples:
        >>> ENASCellSpace(3).size()  # 4 ** 3 activations, 2! predecessors
        128
    """

    nodes: int = 12
    activations: tuple[str, ...] = ACTIVATIONS
    root: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "activations", tuple(self.activations))
        check_activations("ENASCellSpace", self.activations)
        if type(self.nodes) is not int or self.nodes < 2:
            raise InputError(f"ENASCellSpace: nodes is {self.nodes!r}; expected 2 or more")
        if self.root is not None:
            check_activations("ENASCellSpace", (self.root,))

    @cached_property
    def name(self) -> str:
        return f"enas-cell[{self.nodes}|{','.join(self.activations)}|root {self.root}]"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        walk = []
        for i in range(self.nodes):
            if i > 0:
                earlier = tuple(range(i))
                walk.append(Decision(f"node {i} predecessor", earlier, "pointer", node=i))
            if i > 0 or self.root is None:
                name = f"node {i} activation"
                walk.append(Decision(name, self.activations, group="activation", node=i))
        return tuple(walk)

    def cell(self, architecture: Architecture) -> Nodes:
        """The nodes of an architecture, node 0 first."""
        self.check(architecture)
        return self._nodes(architecture.tokens)

    def describe(self, tokens: Tokens) -> str:
        return write_nodes(self._nodes(tokens))

    def parse(self, text: str) -> Architecture:
        """Read `tanh, relu(0), tanh(1)`.

        Raises:
            InputError: naming the node that is not in the space, and why.
        """
        return self._encode(read_nodes(text))

    def canonical(self, architecture: Architecture) -> Architecture:
        """Nodes numbered depth first, smaller subtrees first: cells that differ in the
        numbering of their nodes alone build the same network."""
        return self._encode(_renumbered(self.cell(architecture)))

    def _nodes(self, tokens: Tokens) -> Nodes:
        walk = tokens if self.root is None else (self.activations.index(self.root), *tokens)
        pairs = zip((None, *walk[1::2]), (walk[0], *walk[2::2]), strict=True)
        return tuple(Node(j, self.activations[k]) for j, k in pairs)

    def _encode(self, nodes: Nodes) -> Architecture:
        if len(nodes) != self.nodes:
            raise InputError(
                f"the cell {write_nodes(nodes)!r} has {len(nodes)} nodes; expected {self.nodes}"
            )
        tokens: list[int] = []
        for i, (predecessor, activation) in enumerate(nodes):
            allowed = (self.root,) if i == 0 and self.root else self.activations
            if activation not in allowed:
                raise InputError(
                    f"node {i} of {write_nodes(nodes)!r} has the activation {activation!r}; "
                    f"expected one of {allowed}"
                )
            token = self.activations.index(activation)
            tokens += [token] if predecessor is None else [predecessor, token]
        return self.architecture(tokens[1:] if self.root else tokens)


def write_nodes(nodes: Nodes) -> str:
    """`tanh, relu(0), tanh(1)`: activation and predecessor of each node."""
    return ", ".join(f"{a}" if j is None else f"{a}({j})" for j, a in nodes)


def genotype(text: str) -> str:
    """The same cell as DARTS prints it; its node 0 must be a tanh."""
    return write_genotype([(a, j) for j, a in read_nodes(text)[1:] if j is not None])


def read_nodes(text: str) -> Nodes:
    """Inverse of `write_nodes`; reads genotypes of DARTS as well, see `genotype`.

    Raises:
        InputError: naming the part that is no node, or points at no earlier one.
    """
    if text.lstrip().startswith(START):
        edges = read_genotype(text)
        return (Node(None, ROOT), *(Node(state, name) for name, state in edges))
    parts = [part.strip() for part in text.split(",")]
    return tuple(_read_node(part, i, text) for i, part in enumerate(parts))


def _read_node(part: str, i: int, text: str) -> Node:
    found = re.fullmatch(r"(\w+)" if i == 0 else r"(\w+)\(\s*(\d{1,4})\s*\)", part)
    if not found:
        expected = (
            "an activation" if i == 0 else f"an activation and a node, like tanh({i - 1})"
        )
        raise InputError(f"node {i} of the cell {text!r} is {part!r}; expected {expected}")
    check_activations(f"node {i} of the cell {text!r}", (found[1],))
    predecessor = int(found[2]) if i else None
    if predecessor is not None and predecessor >= i:
        raise InputError(
            f"node {i} of the cell {text!r} reads node {predecessor}; expected an earlier one, "
            f"from 0 to {i - 1}"
        )
    return Node(predecessor, found[1])


def loose_ends(nodes: Nodes) -> tuple[int, ...]:
    """The nodes that no other node reads; their mean is the cell's output."""
    read = {node.predecessor for node in nodes}
    return tuple(i for i in range(len(nodes)) if i not in read)


def averaged(nodes: Nodes, average: Average) -> tuple[int, ...]:
    """The nodes whose mean is the output, see `HighwayCell`."""
    return loose_ends(nodes) if average == "loose" else tuple(range(1, len(nodes)))


def _renumbered(nodes: Nodes) -> Nodes:
    def subtree(i: int) -> tuple:
        children = [subtree(k) for k, node in enumerate(nodes) if node.predecessor == i]
        return nodes[i].activation, *sorted(children)

    renumbered: list[Node] = []

    def visit(tree: tuple, predecessor: int | None) -> None:
        activation, *children = tree
        number = len(renumbered)
        renumbered.append(Node(predecessor, activation))
        for child in children:
            visit(child, number)

    visit(subtree(0), None)
    return tuple(renumbered)
