"""TreeCellSpace: recurrent cells as complete binary trees with an injected memory.

The leaves combine the input with the previous output, every inner node combines two nodes;
after each combination comes an activation. The memory of the last step is injected at one
node, and another node's value becomes the new memory. Details are in `tree_cell`.

Source: Zoph and Le, "Neural architecture search with reinforcement learning", ICLR 2017,
section 3.4.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from mlpnas.core.errors import InputError
from mlpnas.core.search_space import Architecture, Decision, SearchSpace, Tokens
from rnncell.activations import ACTIVATIONS, check_activations

COMBINATIONS = ("add", "mult")


class Step(NamedTuple):
    """A combination of two values, and the activation of the result."""

    combination: str
    activation: str


class Tree(NamedTuple):
    """A cell. With b leaves, node b + i combines the nodes 2i and 2i + 1; the last is the root.

    Attributes:
        nodes: 2b - 1 steps, leaves first.
        inject: how the old memory joins a node's output.
        memory: p, the node whose value before its activation is the new memory.
        injected: q, the node whose output the old memory joins.
    """

    nodes: tuple[Step, ...]
    inject: Step
    memory: int
    injected: int


@dataclass(frozen=True)
class TreeCellSpace(SearchSpace):
    """Cells with `base` leaves, written
    `add tanh, mult relu, mult sigmoid; inject add relu at 0; memory 1`.

    Args:
        base: number of leaves, a power of 2, at least 2.
        activations: what may follow a combination.

    Example:
        >>> TreeCellSpace(2).size()  # 8 ** 3 nodes, 8 injections, 3 ** 2 places
        36864
    """

    base: int = 8
    activations: tuple[str, ...] = ACTIVATIONS

    def __post_init__(self) -> None:
        object.__setattr__(self, "activations", tuple(self.activations))
        check_activations("TreeCellSpace", self.activations)
        if type(self.base) is not int or self.base < 2 or self.base & (self.base - 1):
            raise InputError(f"TreeCellSpace: base is {self.base!r}; expected 2, 4, 8 or so")

    @cached_property
    def name(self) -> str:
        return f"tree-cell[{self.base}|{','.join(self.activations)}]"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        count = 2 * self.base - 1
        places = tuple(range(count))
        names = [*(f"node {i}" for i in places), "inject"]
        walk = []
        for i, name in enumerate(names):
            for what, options in (
                ("combination", COMBINATIONS),
                ("activation", self.activations),
            ):
                walk.append(Decision(f"{name} {what}", options, group=what, node=i))
        for what in ("memory", "injected"):
            walk.append(Decision(f"{what} node", places, group="place", node=count + 1))
        return tuple(walk)

    def cell(self, architecture: Architecture) -> Tree:
        """The tree of an architecture."""
        self.check(architecture)
        return self._tree(architecture.tokens)

    def describe(self, tokens: Tokens) -> str:
        return write_tree(self._tree(tokens))

    def parse(self, text: str) -> Architecture:
        """Read `add tanh, mult relu, mult sigmoid; inject add relu at 0; memory 1`.

        Raises:
            InputError: naming the part that is not in the space, and why.
        """
        return self._encode(read_tree(text))

    def canonical(self, architecture: Architecture) -> Architecture:
        """Smaller subtrees to the left: both combinations commute, so cells that differ in
        the order of their branches alone build the same network."""
        return self._encode(_ordered(self.cell(architecture)))

    def _tree(self, tokens: Tokens) -> Tree:
        pairs = zip(tokens[:-2:2], tokens[1:-2:2], strict=True)
        steps = [Step(COMBINATIONS[c], self.activations[a]) for c, a in pairs]
        return Tree(tuple(steps[:-1]), steps[-1], *tokens[-2:])

    def _encode(self, tree: Tree) -> Architecture:
        if len(tree.nodes) != 2 * self.base - 1:
            raise InputError(
                f"the cell {write_tree(tree)!r} has {len(tree.nodes)} nodes; expected "
                f"{2 * self.base - 1} for {self.base} leaves"
            )
        tokens: list[int] = []
        for i, step in enumerate([*tree.nodes, tree.inject]):
            if step.activation not in self.activations:
                where = f"node {i}" if i < len(tree.nodes) else "inject"
                raise InputError(
                    f"{where} of {write_tree(tree)!r} has the activation {step.activation!r}; "
                    f"expected one of {self.activations}"
                )
            tokens.append(COMBINATIONS.index(step.combination))
            tokens.append(self.activations.index(step.activation))
        return self.architecture([*tokens, tree.memory, tree.injected])


def write_tree(tree: Tree) -> str:
    """See `TreeCellSpace`."""
    nodes = ", ".join(" ".join(step) for step in tree.nodes)
    return f"{nodes}; inject {' '.join(tree.inject)} at {tree.injected}; memory {tree.memory}"


def read_tree(text: str) -> Tree:
    """Inverse of `write_tree`.

    Raises:
        InputError: naming the part that cannot be read, or the node that is not there.
    """
    parts = text.split(";")
    nodes = tuple(
        _read_step(p, f"node {i} of {text!r}") for i, p in enumerate(parts[0].split(","))
    )
    if len(nodes) < 3 or (len(nodes) + 1) & len(nodes):
        raise InputError(
            f"the cell {text!r} has {len(nodes)} nodes; expected 3, 7, 15 or so: twice a power "
            "of 2, less 1"
        )
    found = re.fullmatch(
        r"\s*inject ([^;]*) at (\d{1,4})\s*;\s*memory (\d{1,4})\s*", ";".join(parts[1:])
    )
    if not found:
        raise InputError(
            f"the cell {text!r} goes on with {';'.join(parts[1:])!r} after its nodes; expected "
            "such as '; inject add tanh at 0; memory 1'"
        )
    tree = Tree(
        nodes, _read_step(found[1], f"inject of {text!r}"), int(found[3]), int(found[2])
    )
    for name, place in (("injected", tree.injected), ("memory", tree.memory)):
        if place >= len(nodes):
            raise InputError(
                f"the {name} node of {text!r} is {place}; expected 0 to {len(nodes) - 1}"
            )
    return tree


def _read_step(part: str, where: str) -> Step:
    words = part.split()
    if len(words) != 2 or words[0] not in COMBINATIONS:
        raise InputError(
            f"{where} is {part.strip()!r}; expected one of {COMBINATIONS} and an activation, "
            "like 'add tanh'"
        )
    check_activations(where, words[1:])
    return Step(*words)


def children(base: int, node: int) -> tuple[int, int] | None:
    """The two nodes that an inner node combines; None for a leaf."""
    return None if node < base else (2 * (node - base), 2 * (node - base) + 1)


def _ordered(tree: Tree) -> Tree:
    base = (len(tree.nodes) + 1) // 2

    def subtree(i: int) -> tuple:
        """Step and marks of node i, then its subtrees in rising order."""
        below = children(base, i)
        mark = (*tree.nodes[i], i == tree.memory, i == tree.injected)
        return (mark, *sorted(map(subtree, below))) if below else (mark,)

    placed: dict[int, tuple] = {}

    def place(found: tuple, i: int) -> None:
        placed[i] = found[0]
        for below, child in zip(children(base, i) or (), found[1:], strict=True):
            place(child, below)

    place(subtree(len(tree.nodes) - 1), len(tree.nodes) - 1)
    marks = [placed[i] for i in range(len(tree.nodes))]
    nodes = tuple(Step(*mark[:2]) for mark in marks)
    memory, injected = ([m[k] for m in marks].index(True) for k in (2, 3))
    return Tree(nodes, tree.inject, memory, injected)
