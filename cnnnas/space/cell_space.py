"""CellSpace: the cells that NASNet, ENAS, PNAS and DARTS search for, by their parameters.

A network is a stack of cells; normal ones keep the image's size and reductions halve it. What
is searched is the cell: per node two operations, the earlier states that they read, and how
the two are combined. Where all four publications differ is data: see the constructors.

Sources: Zoph et al., "Learning transferable architectures", CVPR 2018 (NASNet); Pham et al.,
ICML 2018 (ENAS); Liu et al., ECCV 2018 (PNAS); Liu, Simonyan and Yang, ICLR 2019 (DARTS).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product
from typing import Any, Literal

from cnnnas.operations.vocabulary import operation
from cnnnas.space.cell import (
    INPUTS,
    NONE,
    SKIP,
    Cell,
    Cells,
    Output,
    canonical,
    output_states,
)
from cnnnas.space.genotype import read_arc, read_genotype, write_arc, write_genotype
from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, Decision, SearchSpace, Tokens

SEPARABLE = ("sep_conv_3x3", "sep_conv_5x5")
# In the order of ENAS's ids 0 to 4.
ENAS_OPERATIONS = (*SEPARABLE, "avg_pool_3x3", "max_pool_3x3", "skip_connect")
# In the order of DARTS's ids 1 to 7; its id 0, "none", is part of sparse cells alone.
DARTS_OPERATIONS = (
    "max_pool_3x3", "avg_pool_3x3", "skip_connect", *SEPARABLE, "dil_conv_3x3", "dil_conv_5x5",
)  # fmt: skip
PNAS_OPERATIONS = (
    *SEPARABLE, "sep_conv_7x7", "conv_7x1_1x7", "skip_connect", "avg_pool_3x3",
    "max_pool_3x3", "dil_conv_3x3",
)  # fmt: skip
NASNET_OPERATIONS = (
    *PNAS_OPERATIONS, "conv_3x1_1x3", "max_pool_5x5", "max_pool_7x7", "conv_1x1", "conv_3x3",
)  # fmt: skip

STOP, GO_ON = "stop", "go on"


@dataclass(frozen=True)
class CellSpace(SearchSpace):
    """Cells with `nodes` nodes of two operations each.

    The decisions of a node are, in this order: the two states that it reads (two pointers,
    or one choice of a pair where they must differ), their two operations, and how these are
    combined if there is a choice. Where `"none"` is among the operations, cells are sparse:
    a node may have one operation, or none at all; but the first has at least one, and its
    operations are one choice.

    In `Decision.node` and the options of pointers the states of a second kind of cell go on
    counting where the first kind ended, so that each state has a number of its own.

    Args:
        nodes: new nodes per cell, one or more.
        operations: names of `cnnnas.operations`, `"skip_connect"` and `"none"`.
        kinds: what is searched: normal and reduction cells, or one cell for both roles.
        distinct: whether a node must read two different states.
        combine: ways to combine two operations, `"add"` or `"concat"`.
        output: which states a cell gives on, see `cnnnas.space.cell.output_states`.
        min_nodes: cells may stop at this many nodes; None means that all have `nodes`. Only for
            one kind of cell.
        notation: how architectures are printed. Both notations are read.

    Raises:
        InputError: for parameters that describe no space.

    Examples:
        >>> CellSpace.darts().size() == 1_037_664_180**2
        True
    """

    nodes: int
    operations: tuple[str, ...]
    kinds: tuple[str, ...] = ("normal", "reduce")
    distinct: bool = False
    combine: tuple[str, ...] = ("add",)
    output: Output = "unused"
    min_nodes: int | None = None
    notation: Literal["genotype", "arc"] = field(default="genotype", compare=False)

    @staticmethod
    def enas_micro(nodes: int = 5, more: tuple[str, ...] = ()) -> "CellSpace":
        """ENAS's micro space, and more operations; all states that no node reads are
        concatenated."""
        return CellSpace(nodes, (*ENAS_OPERATIONS, *more), notation="arc")

    @staticmethod
    def darts(nodes: int = 4, sparse: bool = False, more: tuple[str, ...] = ()) -> "CellSpace":
        """What a DARTS supernet can become, with more operations: two distinct inputs per node;
        if `sparse`, two at most, as in Fair DARTS."""
        operations = (NONE, *DARTS_OPERATIONS, *more)[0 if sparse else 1 :]
        return CellSpace(nodes, operations, distinct=True, output="all")

    @staticmethod
    def nasnet(nodes: int = 5) -> "CellSpace":
        """NASNet's thirteen operations, added or concatenated."""
        return CellSpace(nodes, NASNET_OPERATIONS, combine=("add", "concat"))

    @staticmethod
    def pnas(nodes: int = 5, min_nodes: int | None = 1, output: Output = "all") -> "CellSpace":
        """One cell for both roles, growing node by node from `min_nodes` to `nodes`."""
        min_nodes = None if min_nodes == nodes else min_nodes
        return CellSpace(nodes, PNAS_OPERATIONS, ("cell",), output=output, min_nodes=min_nodes)

    def __post_init__(self) -> None:
        _check_parameters(self)

    @property
    def sparse(self) -> bool:
        """Whether a node may have fewer than two operations."""
        return NONE in self.operations

    @cached_property
    def name(self) -> str:
        size = (
            f"{self.nodes} nodes"
            if self.min_nodes is None
            else f"{self.min_nodes}-{self.nodes} nodes"
        )
        inputs = "distinct inputs" if self.distinct else "any inputs"
        parts = (self.kinds, self.operations, self.combine)
        lists = "|".join(",".join(part) for part in parts)
        return f"cells[{size}|{inputs}|{lists}|{self.output} to output]"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(
            decision
            for kind in self.kinds
            for node in range(INPUTS, INPUTS + self.nodes)
            for decision in self._node_decisions(kind, node)
        )

    def _node_decisions(self, kind: str, node: int) -> Iterator[Decision]:
        first = self._first_state(kind)
        about, here = f"{kind} node {node}", first + node
        if self._may_stop(node):
            options = (STOP, GO_ON)
            yield Decision(f"{about} or stop", options, group="size", stop=0, node=here)
        if self.distinct:
            pairs = tuple(combinations(range(node), 2))
            yield Decision(f"{about} inputs", pairs, group=f"two of {node}", node=here)
        else:
            earlier = tuple(range(first, here))
            yield Decision(f"{about} input 1", earlier, "pointer", node=here)
            yield Decision(f"{about} input 2", earlier, "pointer", node=here)
        if self._together(node):
            # A cell without operations that read an input would give nothing on.
            both = (p for p in product(self.operations, repeat=2) if set(p) != {NONE})
            yield Decision(f"{about} operations", tuple(both), group="two of them", node=here)
        else:
            for k in (1, 2):
                name = f"{about} operation {k}"
                yield Decision(name, self.operations, group="operation", node=here)
        if len(self.combine) > 1:
            yield Decision(f"{about} combination", self.combine, group="combine", node=here)

    def _first_state(self, kind: str) -> int:
        return self.kinds.index(kind) * (INPUTS + self.nodes)

    def _together(self, node: int) -> bool:
        """Whether both operations of a node are one decision."""
        return self.sparse and node == INPUTS

    def _may_stop(self, node: int) -> bool:
        return self.min_nodes is not None and node >= INPUTS + self.min_nodes

    @cached_property
    def _ways(self) -> tuple[int, ...]:
        """Per position, in how many ways a walk that got there can end."""
        ways = [1]
        for decision in reversed(self.decisions):
            stopping = decision.stop is not None
            ways.append(ways[-1] + 1 if stopping else ways[-1] * len(decision.options))
        return tuple(reversed(ways))

    def completions(self, prefix: Tokens) -> int:
        stopped = prefix and prefix[-1] == self.decisions[len(prefix) - 1].stop
        return 1 if stopped else self._ways[len(prefix)]

    def unique_blocks(self, node: int) -> int:
        """In how many ways the node of this state number (2 for the first) can be made, the
        order of its two halves apart."""
        if self.distinct:
            pairs = math.comb(node, 2) * len(self.operations) ** 2
        else:
            halves = node * len(self.operations)
            pairs = halves * (halves + 1) // 2
        return pairs * len(self.combine)

    def cells(self, architecture: Architecture) -> dict[str, Cell]:
        """The wiring, by kind of cell."""
        self.check(architecture)
        return self._cells(architecture.tokens)

    def _cells(self, tokens: Tokens) -> dict[str, Cell]:
        chosen = iter([d.options[t] for d, t in zip(self.decisions, tokens, strict=False)])
        return {kind: self._cell(kind, chosen) for kind in self.kinds}

    def _cell(self, kind: str, chosen: Iterator[Any]) -> Cell:
        nodes, combine, first = [], [], self._first_state(kind)
        for node in range(INPUTS, INPUTS + self.nodes):
            if self._may_stop(node) and next(chosen) == STOP:
                break
            pair = (
                next(chosen) if self.distinct else (next(chosen) - first, next(chosen) - first)
            )
            both = next(chosen) if self._together(node) else (next(chosen), next(chosen))
            nodes.append(tuple(zip(both, pair, strict=True)))
            if len(self.combine) > 1:
                combine.append(next(chosen))
        wiring = tuple(nodes)
        return Cell(wiring, output_states(wiring, self.output), tuple(combine))

    def describe(self, tokens: Tokens) -> str:
        return (
            write_arc(tokens) if self.notation == "arc" else write_genotype(self._cells(tokens))
        )

    def parse(self, text: str) -> Architecture:
        """Read a genotype or an arc string.

        Raises:
            InputError: naming the part that is not in the space, and why.
        """
        if text.strip()[:1].isdigit():
            return self._from_arc(text)
        return self.from_cells(read_genotype(text))

    def _from_arc(self, text: str) -> Architecture:
        tokens = read_arc(text)
        if len(tokens) != len(self.decisions) or len(tokens) != 4 * self.nodes * len(
            self.kinds
        ):
            raise InputError(
                f"the arc {text!r} has {len(tokens)} numbers, expected four for each of "
                f"{self.nodes} nodes in {' and '.join(self.kinds)} cells"
            )
        for token, decision in zip(tokens, self.decisions, strict=True):
            if token >= len(decision.options):
                most = len(decision.options) - 1
                raise InputError(
                    f"the arc {text!r} has {token} as {decision.name}, expected 0 to {most}"
                )
        return self.architecture(tokens)

    def from_cells(self, cells: Cells) -> Architecture:
        """The architecture with this wiring; the inverse of `cells`.

        Raises:
            InputError: naming the part that is not in the space, and why.
        """
        if set(cells) != set(self.kinds):
            raise InputError(f"cells {list(cells)} were given, expected {list(self.kinds)}")
        options = [o for kind in self.kinds for o in self._options(kind, cells[kind])]
        tokens = []
        for option, decision in zip(options, self.decisions, strict=False):
            if option not in decision.options:
                raise InputError(
                    f"{decision.name} is {option!r}, expected one of {decision.options}"
                )
            tokens.append(decision.options.index(option))
        return self.architecture(tokens)

    def _options(self, kind: str, cell: Cell) -> Iterator[Any]:
        """What each decision chose to make this cell."""
        self._check_size(kind, cell)
        first = self._first_state(kind)
        for node, halves in enumerate(cell.nodes, INPUTS):
            if self._may_stop(node):
                yield GO_ON
            if self.distinct:  # an unordered pair: written with the lower state first
                halves = tuple(sorted(halves, key=lambda half: half[1]))
                yield tuple(state for _, state in halves)
            else:
                yield from (first + state for _, state in halves)
            both = tuple(operation for operation, _ in halves)
            yield from (both,) if self._together(node) else both
            if len(self.combine) > 1:
                yield cell.combination(node)
        if len(cell.nodes) < self.nodes:
            yield STOP

    def _check_size(self, kind: str, cell: Cell) -> None:
        least = self.nodes if self.min_nodes is None else self.min_nodes
        if not least <= len(cell.nodes) <= self.nodes:
            raise InputError(
                f"the {kind} cell has {len(cell.nodes)} nodes, expected {least} to {self.nodes}"
            )
        expected = output_states(cell.nodes, self.output)
        if sorted(cell.concat) != list(expected):
            raise InputError(
                f"the {kind} cell concatenates {list(cell.concat)}, expected {list(expected)}: "
                f"in this space {self.output} states go to the output"
            )

    def neighbours(self, architecture: Architecture) -> list[Architecture]:
        """One decision changed; where cells may stop early, also one node more or less."""
        changed = super().neighbours(architecture)
        return changed + self._legal_only(self._resized(architecture.tokens))

    def _resized(self, tokens: Tokens) -> Iterator[Tokens]:
        """The walk without its last node, and with every possible further one."""
        ends = [i for i, d in enumerate(self.decisions) if d.stop is not None]
        passed = [i for i in ends if i < len(tokens) and tokens[i] == 1]
        if passed:
            yield (*tokens[: passed[-1]], 0)
        if len(tokens) < len(self.decisions):
            end = min([i for i in ends if i >= len(tokens)], default=len(self.decisions))
            stop = () if end == len(self.decisions) else (0,)
            for node in product(*(d.open_ids() for d in self.decisions[len(tokens) : end])):
                yield (*tokens[:-1], 1, *node, *stop)

    def canonical(self, architecture: Architecture) -> Architecture:
        """The same graph, written in the smallest of all equivalent ways."""
        cells = self._cells(architecture.tokens)
        return self.from_cells({k: canonical(cell, self.output) for k, cell in cells.items()})


def enas_published_size(space: CellSpace) -> int:
    """What the ENAS paper counts, (5 (B - 2)!)^4, where `size` counts token sequences.

    For B = 7 states 1.296e11 against 2.563e25.
    """
    return (len(space.operations) * math.factorial(space.nodes)) ** (2 * len(space.kinds))


def _check_parameters(space: CellSpace) -> None:
    def need(ok: bool, what: str) -> None:
        if not ok:
            raise InputError(f"CellSpace: {what}")

    need(space.nodes >= 1, f"nodes is {space.nodes}, expected 1 or more")
    for name in ("operations", "kinds", "combine"):
        given = getattr(space, name)
        need(
            isinstance(given, tuple) and bool(given) and len(set(given)) == len(given),
            f"{name} is {given!r}, expected a tuple of distinct names",
        )
    for name in {*space.operations} - {NONE, SKIP}:
        operation(name)  # raises where there is none
    need(
        space.min_nodes is None
        or (1 <= space.min_nodes < space.nodes and len(space.kinds) == 1),
        f"min_nodes is {space.min_nodes}, expected None, or 1 to {space.nodes - 1} for a "
        f"space with one kind of cell; it has {len(space.kinds)}",
    )
    need(
        not space.sparse or (space.distinct and space.output == "all" and not space.min_nodes),
        "operations has 'none', expected so only with distinct inputs, all nodes given on and "
        "as many in every cell",
    )
    plain = not space.distinct and space.combine == ("add",) and space.min_nodes is None
    need(
        space.notation == "genotype" or plain,
        "arc strings write nodes of four numbers; choose the notation 'genotype'",
    )
