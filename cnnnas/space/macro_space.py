"""MacroSpace: a whole network, layer by layer, with skip connections.

Layer i applies one operation to the output of layer i - 1 and may add any earlier output to
it, save that one. Outputs are counted from the stem, so bit 0 of a layer stands for the stem
and bit j for layer j - 1. An architecture is written as an arc string, for each layer
"operation bit bit ...":

    >>> space = MacroSpace(3)
    >>> space.parse("0  3 1  2 0 1").tokens
    (0, 3, 1, 2, 0, 1)

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from cnnnas.operations.vocabulary import operation
from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, Decision, SearchSpace, Tokens

# In the order of ENAS's ids 0 to 5.
MACRO_OPERATIONS = (
    "conv_3x3", "sep_conv_3x3", "conv_5x5", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3",
)  # fmt: skip


class Layer(NamedTuple):
    """One layer: its operation, and which outputs it adds, 0 being the stem's."""

    operation: str
    skips: tuple[int, ...]


@dataclass(frozen=True)
class MacroSpace(SearchSpace):
    """Networks of `layers` layers; operations ** layers * 2 ** (layers (layers - 1) / 2) many.

    Args:
        layers: 1 or more; with less than three there are no reductions.
        operations: names of `cnnnas.operations`, in any order.

    Raises:
        InputError: for parameters that describe no space.
    """

    layers: int = 12
    operations: tuple[str, ...] = MACRO_OPERATIONS

    def __post_init__(self) -> None:
        if self.layers < 1:
            raise InputError(f"MacroSpace: layers is {self.layers}, expected 1 or more")
        if not self.operations or len({*self.operations}) < len(self.operations):
            raise InputError(
                f"MacroSpace: operations is {self.operations}, expected a tuple of different "
                "ones"
            )
        for name in self.operations:
            operation(name)  # raises where there is none

    @cached_property
    def name(self) -> str:
        return f"macro[{self.layers}|{','.join(self.operations)}]"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        walk = []
        for i in range(self.layers):
            walk.append(Decision(f"layer {i} operation", self.operations, group="op", node=i))
            for j in range(i):
                walk.append(Decision(f"layer {i} skip {j}", (0, 1), "bit", node=i, about=j))
        return tuple(walk)

    @property
    def reductions(self) -> tuple[int, ...]:
        """After which layers the image is halved, counted from 0; one in three at most."""
        third = self.layers // 3
        return (third - 1, 2 * third - 1) if third else ()

    def start(self, layer: int) -> int:
        """Where a layer's tokens begin."""
        return layer * (layer + 1) // 2

    def wiring(self, architecture: Architecture) -> tuple[Layer, ...]:
        """What each layer does."""
        self.check(architecture)
        return tuple(self._layer(architecture.tokens, i) for i in range(self.layers))

    def _layer(self, tokens: Tokens, i: int) -> Layer:
        operation, *bits = tokens[self.start(i) : self.start(i + 1)]
        return Layer(self.operations[operation], tuple(j for j, bit in enumerate(bits) if bit))

    def describe(self, tokens: Tokens) -> str:
        layers = (tokens[self.start(i) : self.start(i + 1)] for i in range(self.layers))
        return "  ".join(" ".join(map(str, layer)) for layer in layers)

    def parse(self, text: str) -> Architecture:
        """Read an arc string; bars, commas and line breaks between numbers are skipped.

        Raises:
            InputError: naming the token that is not in the space, and why.
        """
        words = text.replace("|", " ").replace(",", " ").split()
        for position, word in enumerate(words):
            if not word.isdecimal():
                raise InputError(
                    f"token {position} of the arc is {word!r}; expected a whole number"
                )
        if len(words) != len(self.decisions):
            raise InputError(
                f"the arc has {len(words)} tokens; expected {len(self.decisions)} for "
                f"{self.layers} layers: an operation and a bit per earlier layer for each"
            )
        for position, (word, decision) in enumerate(zip(words, self.decisions, strict=True)):
            if int(word) >= len(decision.options):
                raise InputError(
                    f"token {position} of the arc, {decision.name}, is {word}; expected 0 to "
                    f"{len(decision.options) - 1} for {', '.join(map(str, decision.options))}"
                )
        return self.architecture([int(word) for word in words])
