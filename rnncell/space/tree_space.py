"""TreeCellSpace: the trees that Zoph and Le searched, see `tree`.

Source: Zoph and Le, "Neural architecture search with reinforcement learning", ICLR 2017,
section 3.4.
"""

from dataclasses import dataclass
from functools import cached_property

from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, Decision, SearchSpace, Tokens
from rnncell.space.activations import ACTIVATIONS, check_activations
from rnncell.space.tree import COMBINATIONS, Step, Tree, children, read_tree, write_tree


@dataclass(frozen=True)
class TreeCellSpace(SearchSpace):
    """Cells with `base` leaves, written
    `add tanh, mult relu, mult sigmoid; inject add relu at 0; memory 1`.

    Args:
        base: number of leaves, a power of 2, at least 2.
        activations: what may follow a combination.

    Examples:
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
