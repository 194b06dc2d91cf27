"""ZophSpace: convolutional networks layer by layer, with skip connections.

Per layer a filter's height and width, optionally its strides, the number of filters, and one
bit per earlier layer that says whether its output is read. Optionally a first token chooses
the layer's type; of a pool the number of filters is not decided. Where networks may be of
several depths, the very first token is the number of layers.

Source: Zoph and Le, "Neural architecture search with reinforcement learning", ICLR 2017.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, Decision, SearchSpace, Tokens

CONVOLUTION = "conv"
TYPES = (CONVOLUTION, "max", "avg")
WRITTEN = re.compile(
    r"(?P<type>[a-z]+) (?P<height>\d+)x(?P<width>\d+)"
    r"( stride (?P<down>\d+)x(?P<across>\d+))?( filters (?P<filters>\d+))?"
    r"( reads (?P<reads>[\d ]+))?"
)


@dataclass(frozen=True)
class ZophLayer:
    """One layer.

    Attributes:
        type: `"conv"`, `"max"` or `"avg"`.
        height, width: of the kernel or window.
        down, across: strides.
        filters: of a convolution; 0 for a pool.
        reads: the earlier layers that it reads, counted from 1; none stands for the image.
    """

    type: str
    height: int
    width: int
    down: int = 1
    across: int = 1
    filters: int = 0
    reads: tuple[int, ...] = ()

    def __str__(self) -> str:
        text = f"{self.type} {self.height}x{self.width}"
        text += (
            f" stride {self.down}x{self.across}" if (self.down, self.across) != (1, 1) else ""
        )
        text += f" filters {self.filters}" if self.filters else ""
        return text + (f" reads {' '.join(map(str, self.reads))}" if self.reads else "")


@dataclass(frozen=True)
class ZophSpace(SearchSpace):
    """Networks of one number of layers, or of several.

    Args:
        layers: how many, at most.
        sizes: heights, and widths, that a filter may have.
        filters: how many a convolution may have.
        strides: in each direction.
        types: of `"conv"`, `"max"` and `"avg"`.
        other_depths: the other numbers of layers that there may be, in rising order.

    Raises:
        InputError: for parameters that describe no space.

    Examples:
        >>> print(ZophSpace(2).parse("conv 3x3 filters 24, conv 5x1 filters 36 reads 1"))
        conv 3x3 filters 24, conv 5x1 filters 36 reads 1
    """

    layers: int = 6
    sizes: tuple[int, ...] = (1, 3, 5, 7)
    filters: tuple[int, ...] = (24, 36, 48, 64)
    strides: tuple[int, ...] = (1,)
    types: tuple[str, ...] = (CONVOLUTION,)
    other_depths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check_parameters(self)

    @cached_property
    def name(self) -> str:
        lists = (self.sizes, self.filters, self.strides, self.types)
        written = "|".join(",".join(map(str, values)) for values in lists)
        return f"zoph[{','.join(map(str, self.depths))} layers|{written}]"

    @property
    def depths(self) -> tuple[int, ...]:
        """The numbers of layers that there may be, in rising order."""
        return (*self.other_depths, self.layers)

    def at(self, layers: int) -> "ZophSpace":
        """The part of the space whose networks have so many layers, without the first token."""
        return replace(self, layers=layers, other_depths=())

    @cached_property
    def _choices(self) -> dict[str, tuple]:
        """What is decided of every layer before its skips: field of `ZophLayer` -> options."""
        return {
            "type": self.types,
            "height": self.sizes,
            "width": self.sizes,
            "down": self.strides,
            "across": self.strides,
            "filters": self.filters,
        }

    @cached_property
    def _fields(self) -> tuple[str, ...]:
        """Those of them that leave a choice; the others are no decisions."""
        return tuple(field for field, options in self._choices.items() if len(options) > 1)

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        layers = range(1, self.layers + 1)
        return (*self._first, *(d for layer in layers for d in self._decisions(layer)))

    @cached_property
    def _first(self) -> tuple[Decision, ...]:
        """Asks for the number of layers, if that leaves a choice."""
        return (Decision("layers", self.depths, group="layers"),) if self.other_depths else ()

    def _decisions(self, layer: int) -> Iterator[Decision]:
        groups = {"height": "size", "width": "size", "down": "stride", "across": "stride"}
        for field in self._fields:
            options, group = self._choices[field], groups.get(field, field)
            yield Decision(f"layer {layer} {field}", options, group=group, node=layer)
        for earlier in range(1, layer):
            name = f"layer {layer} reads {earlier}"
            yield Decision(name, (0, 1), "bit", node=layer, about=earlier)

    def _start(self, layer: int) -> int:
        """Position of the layer's first decision; each layer has a bit more than the last."""
        own = (layer - 1) * len(self._fields) + (layer - 1) * (layer - 2) // 2
        return len(self._first) + own

    def _depth(self, tokens: Tokens) -> int:
        """How many layers a walk is about, once it has begun."""
        return self.depths[tokens[0]] if self.other_depths else self.layers

    def legal(self, prefix: Tokens) -> Tokens:
        """All options; for the filters of a pool the first, which stands for none."""
        if prefix and len(prefix) == self._start(self._depth(prefix) + 1):
            return ()
        ids = super().legal(prefix)
        return ids[:1] if ids and self._idle(prefix, len(prefix)) else ids

    def state(self, prefix: Tokens) -> tuple[Tokens, bool]:
        """The number of layers, once it is known, and whether the layer begun is a pool."""
        return prefix[: len(self._first)], self._in_pool(
            prefix, self.decisions[len(prefix)].node
        )

    def _in_pool(self, prefix: Tokens, layer: int) -> bool:
        """Whether the prefix has made this layer a pool."""
        type_at = self._start(layer)
        chosen = prefix[type_at : type_at + 1] if "type" in self._fields else ()
        return any(self.types[token] != CONVOLUTION for token in chosen)

    def _idle(self, prefix: Tokens, position: int) -> bool:
        """Whether `position` asks for the filters of what the prefix made a pool."""
        decision = self.decisions[position]
        return decision.group == "filters" and self._in_pool(prefix, decision.node)

    def completions(self, prefix: Tokens) -> int:
        if not prefix and self.other_depths:
            return sum(self.completions((token,)) for token in range(len(self.depths)))
        begun = self.decisions[len(prefix) - 1].node if prefix else 0
        within = math.prod(
            1 if self._idle(prefix, position) else len(self.decisions[position].options)
            for position in range(len(prefix), self._start(begun + 1))
        )
        return within * math.prod(map(self._ways, range(begun + 1, self._depth(prefix) + 1)))

    def _ways(self, layer: int) -> int:
        """In how many ways one layer can be chosen."""
        shapes = (len(self.sizes) * len(self.strides)) ** 2
        kinds = sum(len(self.filters) if kind == CONVOLUTION else 1 for kind in self.types)
        return shapes * kinds * 2 ** (layer - 1)

    def neighbours(self, architecture: Architecture) -> list[Architecture]:
        """Also those of other depths: with layers more at the end, of first options, or with
        such layers less."""
        found, tokens = super().neighbours(architecture), architecture.tokens
        for depth in range(len(self.depths)) if self.other_depths else ():
            walk = self._resized(tokens, depth)
            if depth != tokens[0] and self._resized(walk, tokens[0]) == tokens:
                found.append(self.architecture(walk))
        return found

    def _resized(self, tokens: Tokens, depth: int) -> Tokens:
        """The walk cut off, or carried on with the first option of each decision."""
        walk = (depth, *tokens[1 : self._start(self.depths[depth] + 1)])
        while open_ids := self.legal(walk):
            walk += open_ids[:1]
        return walk

    def network(self, architecture: Architecture) -> list[ZophLayer]:
        """The layers in order."""
        self.check(architecture)
        return self._network(architecture.tokens)

    def _network(self, tokens: Tokens) -> list[ZophLayer]:
        layers = range(1, self._depth(tokens) + 1)
        return [self._layer(n, tokens[self._start(n) :]) for n in layers]

    def _layer(self, number: int, tokens: Tokens) -> ZophLayer:
        chosen = {field: options[0] for field, options in self._choices.items()}
        for field, token in zip(self._fields, tokens, strict=False):
            chosen[field] = self._choices[field][token]
        if chosen["type"] != CONVOLUTION:
            chosen["filters"] = 0
        bits = tokens[len(self._fields) :]
        reads = tuple(j for j, bit in zip(range(1, number), bits, strict=False) if bit)
        return ZophLayer(**chosen, reads=reads)

    def describe(self, tokens: Tokens) -> str:
        return ", ".join(map(str, self._network(tokens)))

    def parse(self, text: str) -> Architecture:
        """Read `conv 3x3 filters 24, conv 5x1 filters 36 reads 1`.

        Raises:
            InputError: naming the layer that is not in the space, and why.
        """
        parts = [part.strip() for part in text.split(",")]
        if len(parts) not in self.depths:
            expected = " or ".join(map(str, self.depths))
            raise InputError(f"{len(parts)} layers in {text!r}, expected {expected}")
        tokens = [t for n, part in enumerate(parts, 1) for t in self._tokens(n, _read(n, part))]
        first = [self.depths.index(len(parts))] if self.other_depths else []
        return self.architecture([*first, *tokens])

    def _tokens(self, number: int, layer: ZophLayer) -> Iterator[int]:
        if not set(layer.reads) <= set(range(1, number)):
            raise InputError(f"layer {number} reads {layer.reads}, expected earlier layers")
        for field, options in self._choices.items():
            value = getattr(layer, field)
            if field == "filters" and layer.type != CONVOLUTION:
                value = value or options[0]  # a pool has none; given, they must make sense
            if value not in options:
                raise InputError(f"layer {number}: {field} is {value}, expected {options}")
            if field in self._fields:
                yield options.index(value)
        yield from (int(earlier in layer.reads) for earlier in range(1, number))


def _read(number: int, text: str) -> ZophLayer:
    found = WRITTEN.fullmatch(text)
    if not found:
        raise InputError(
            f"cannot read layer {number}, {text!r}; expected for instance "
            "'conv 3x5 stride 1x2 filters 24 reads 1 2' or 'max 3x3'"
        )
    numbers = ("height", "width", "down", "across", "filters")
    given = {name: int(found[name]) for name in numbers if found[name]}
    reads = tuple(map(int, (found["reads"] or "").split()))
    return ZophLayer(found["type"], **given, reads=reads)


def _check_parameters(space: ZophSpace) -> None:
    def need(ok: bool, what: str) -> None:
        if not ok:
            raise InputError(f"ZophSpace: {what}")

    need(space.layers >= 1, f"layers is {space.layers}, expected 1 or more")
    need(
        min(space.depths) >= 1 and list(space.depths) == sorted(set(space.depths)),
        f"other_depths is {space.other_depths}, expected rising numbers "
        f"from 1 to {space.layers - 1}",
    )
    for name in ("sizes", "filters", "strides"):
        given = getattr(space, name)
        need(
            bool(given) and all(type(v) is int and v > 0 for v in given) and _differ(given),
            f"{name} are {given}, expected different positive integers",
        )
    need(
        bool(space.types) and set(space.types) <= set(TYPES) and _differ(space.types),
        f"types are {space.types}, expected different ones of {TYPES}",
    )


def _differ(values: tuple) -> bool:
    return len(set(values)) == len(values)
