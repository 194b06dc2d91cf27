"""Search spaces for tests: one MLP chain, and three small ones with the other decisions.

The published ENAS spaces in miniature, each a value with few enough members to enumerate:

    CellSpace    recurrent cell: every node points at an earlier one and has a function
    MacroSpace   convolutional net: every layer has an operation and skip bits
    MicroSpace   convolutional cell: every node has two inputs and two operations; the nodes
                 0 and 1 are given, so the controller has to have anchors for them
"""

import ast
from dataclasses import dataclass
from functools import cached_property

from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, Decision, SearchSpace, Tokens
from mlpnas.space import MLPSpace


class FixedLength(SearchSpace):
    """A space in which every walk takes every decision, and describes itself by groups."""

    def describe(self, tokens: Tokens) -> str:
        taken = zip(self.decisions, tokens, strict=True)
        return ", ".join(repr(decision.options[token]) for decision, token in taken)

    def parse(self, text: str) -> Architecture:
        options = ast.literal_eval(f"[{text}]")
        if len(options) != len(self.decisions):
            raise InputError(f"{len(options)} options in {text!r}, expected {self.decisions}")
        for option, decision in zip(options, self.decisions, strict=True):
            if option not in decision.options:
                raise InputError(f"{option!r} is not an option of {decision.name}")
        taken = zip(self.decisions, options, strict=True)
        return self.architecture([d.options.index(option) for d, option in taken])


@dataclass(frozen=True)
class CellSpace(FixedLength):
    """Node 0 has a function; node l > 0 points at one of 0..l-1 and has a function.

    functions ** nodes * (nodes - 1)! members: 3 nodes and 4 functions make 64 * 2 = 128.
    """

    nodes: int = 3
    functions: tuple[str, ...] = ("tanh", "relu", "identity", "sigmoid")

    @cached_property
    def name(self) -> str:
        return f"cell[{self.nodes}|{','.join(self.functions)}]"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        walk = []
        for node in range(self.nodes):
            if node > 0:
                earlier = tuple(range(node))
                walk.append(Decision(f"node {node} input", earlier, "pointer", node=node))
            walk.append(
                Decision(f"node {node} function", self.functions, group="function", node=node)
            )
        return tuple(walk)


@dataclass(frozen=True)
class MacroSpace(FixedLength):
    """Layer i has an operation and i bits, one per earlier layer.

    ops ** layers * 2 ** (layers * (layers - 1) / 2) members: with 6 operations 2 layers make
    36 * 2 = 72 and 3 layers make 216 * 8 = 1,728.
    """

    layers: int = 2
    ops: tuple[str, ...] = ("conv3", "sep3", "conv5", "sep5", "avg", "max")

    @cached_property
    def name(self) -> str:
        return f"macro[{self.layers}|{','.join(self.ops)}]"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        walk = []
        for i in range(self.layers):
            walk.append(Decision(f"layer {i} op", self.ops, group="op", node=i))
            for j in range(i):
                walk.append(
                    Decision(f"layer {i} skip {j}", (0, 1), "bit", node=i, about=j),
                )
        return tuple(walk)


@dataclass(frozen=True)
class MicroSpace(FixedLength):
    """Each new node adds op1(input1) and op2(input2); the inputs 0 and 1 are given.

    One node: (2 inputs * 5 ops) ** 2 = 100 members. Addition commutes, so (input, op) pairs
    in rising order are the canonical form.
    """

    new_nodes: int = 1
    ops: tuple[str, ...] = ("sep3", "sep5", "avg", "max", "identity")

    @cached_property
    def name(self) -> str:
        return f"micro[{self.new_nodes}|{','.join(self.ops)}]"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        walk = []
        for node in range(2, 2 + self.new_nodes):
            earlier = tuple(range(node))
            for side in (1, 2):
                name = f"node {node} input {side}"
                walk.append(Decision(name, earlier, "pointer", node=node))
            for side in (1, 2):
                name = f"node {node} op {side}"
                walk.append(Decision(name, self.ops, group="op", node=node))
        return tuple(walk)

    def canonical(self, architecture: Architecture) -> Architecture:
        tokens: list[int] = []
        for i in range(0, len(architecture.tokens), 4):
            in1, in2, op1, op2 = architecture.tokens[i : i + 4]
            (in1, op1), (in2, op2) = sorted([(in1, op1), (in2, op2)])
            tokens += [in1, in2, op1, op2]
        return self.architecture(tokens)


SMALL_MLP = MLPSpace((3, "softmax"), widths=(8, 16), activations=("relu", "tanh"), max_layers=3)

# Every kind of decision, few enough members to enumerate.
TINY = (
    SMALL_MLP,
    CellSpace(),
    MacroSpace(),
    MicroSpace(),
)
