"""Tree: a recurrent cell as a complete binary tree with an injected memory, and its notation.

The leaves combine the input with the previous output, every inner node combines two nodes;
after each combination comes an activation. The memory of the last step is injected at one
node, and another node's value becomes the new memory. `tree_cell` computes it.

Source: Zoph and Le, "Neural architecture search with reinforcement learning", ICLR 2017,
section 3.4.
"""

import re
from typing import NamedTuple

from mlpnas.core.errors import InputError
from rnncell.space.activations import check_activations

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
