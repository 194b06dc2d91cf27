"""MLPSpace: chains of layers, closed by the layer that the task demands.

The default vocabulary is the reference system's (Minutoli and Ciranni): seven widths by
four activations, dropout 0.2 and the final layer, at most ten layers with the final one.
"""

import ast
import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, Decision, SearchSpace, Tokens
from mlpnas.encodings import Encoding, encoding
from mlpnas.layers import (
    ACTIVATIONS,
    COMPILED_ACTIVATIONS,
    KERAS_ACTIVATIONS,
    Dense,
    Dropout,
    LayerType,
    layer_type,
)


@dataclass(frozen=True)
class MLPSpace(SearchSpace):
    """Multi-layer perceptrons as sequences of layers.

    Token ids: `i * len(activations) + j` is a dense layer of `widths[i]` units with
    `activations[j]`, then comes dropout (if any), then the words of further layer types, then
    encodings, then the final layer, which ends the walk. A walk may begin with an encoding; the
    first layer is always dense; the last position holds the final layer alone.

    Args:
        head: units and activation of the final layer, see `Task.head`.
        widths: units a hidden layer may have, all positive and distinct.
        activations: of dense layers, from sigmoid, tanh, relu, elu, silu and others that Keras
            knows by name. A network with one of the others is trained through Keras.
        max_layers: longest chain, the final layer included; at least 2.
        dropout: rate of a dropout layer in (0, 1), or None for no dropout.
        layer_types: names of further ones, see `layers.layer_type`.
        encodings: names of what may stand before the first layer, see `encodings.encoding`.

    Raises:
        InputError: for parameters that describe no space.

    Examples:
        >>> MLPSpace(head=(3, "softmax")).size()
        14507145975868
    """

    head: tuple[int, str]
    widths: tuple[int, ...] = (8, 16, 32, 64, 128, 256, 512)
    activations: tuple[str, ...] = ACTIVATIONS
    max_layers: int = 10
    dropout: float | None = 0.2
    layer_types: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Lists are welcome; tuples keep the value hashable.
        for name in ("head", "widths", "activations", "layer_types", "encodings"):
            given = getattr(self, name)
            if not isinstance(given, tuple | list):
                raise InputError(f"MLPSpace: {name} is {given!r}, expected a tuple")
            object.__setattr__(self, name, tuple(given))
        _check_parameters(self)

    @cached_property
    def words(self) -> tuple[LayerType | Encoding, ...]:
        """What the token ids stand for."""
        types: list[type[LayerType]] = [Dense, Dropout]
        types += map(layer_type, self.layer_types)
        layers = [word for kind in types for word in kind.words(self)]
        return (*layers, *map(encoding, self.encodings), Dense(*self.head))

    @cached_property
    def vocabulary(self) -> tuple:
        """The same as people write them: `(units, activation)`, `"dropout"`."""
        return tuple(word.literal for word in self.words)

    @property
    def end(self) -> int:
        """Token id of the final layer."""
        return len(self.vocabulary) - 1

    @cached_property
    def name(self) -> str:
        widths, acts = ",".join(map(str, self.widths)), ",".join(self.activations)
        head = f"{self.head[0]} {self.head[1]}"
        parts = (widths, acts, f"dropout {self.dropout}", f"{self.max_layers} layers", head)
        more = [*self.layer_types, *(f"from {name}" for name in self.encodings)]
        return f"mlp[{'|'.join((*parts, *more))}]"

    @staticmethod
    def from_name(name: str) -> "MLPSpace":
        """Inverse of `name`, for what was read from a file.

        Raises:
            InputError: if it is no name of such a space.
        """
        found = re.fullmatch(
            r"mlp\[([\d,]+)\|([\w,]+)\|dropout ([\w.+-]+)\|(\d+) layers\|"
            r"(\d+) (\w+)((?:\|[\w.:]+)*)((?:\|from [\w.:]+)*)\]",
            name,
        )
        if not found:
            raise InputError(f"{name!r} names no space of multi-layer perceptrons")
        widths, acts, dropout, layers, units, last, types, inputs = found.groups()
        return MLPSpace(
            (int(units), last),
            tuple(map(int, widths.split(","))),
            tuple(acts.split(",")),
            int(layers),
            None if dropout == "None" else float(dropout),
            tuple(types.split("|")[1:]),
            tuple(inputs.split("|from ")[1:]),
        )

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        hidden = [None] * (self.max_layers - 2 + self._may_encode)
        return tuple(
            Decision(f"layer {i + 1}", self.vocabulary, group="layer", legal=ids, stop=self.end)
            for i, ids in enumerate([self.legal(()), *hidden, (self.end,)])
        )

    @property
    def _may_encode(self) -> bool:
        return bool(self.encodings)

    @property
    def _inner(self) -> int:
        """How many words there are of hidden layers; their ids come first."""
        return self.end - len(self.encodings)

    def _encoded(self, prefix: Tokens) -> bool:
        return bool(prefix) and self._inner <= prefix[0] < self.end

    def legal(self, prefix: Tokens) -> Tokens:
        if prefix and prefix[-1] == self.end:
            return ()
        encoded = self._encoded(prefix)
        layers = len(prefix) - encoded
        if layers == 0:
            dense = range(len(self.widths) * len(self.activations))
            return (*dense, *([] if encoded else range(self._inner, self.end)))
        return (self.end,) if layers == self.max_layers - 1 else self._open

    @cached_property
    def _open(self) -> Tokens:
        """What may follow a layer, unless it is the last but one."""
        return (*range(self._inner), self.end)

    def state(self, prefix: Tokens) -> Hashable:
        return self._encoded(prefix) if self._may_encode else None

    def completions(self, prefix: Tokens) -> int:
        if prefix and prefix[-1] == self.end:
            return 1
        encoded = self._encoded(prefix)
        left = self.max_layers - len(prefix) + encoded
        if len(prefix) > encoded:
            return self._chains(left)
        ways = 1 if encoded else 1 + len(self.encodings)
        return ways * len(self.widths) * len(self.activations) * self._chains(left - 1)

    def _chains(self, positions: int) -> int:
        """Ways to end a chain with `positions` layers to go: end now, or go on."""
        return sum(self._inner**k for k in range(positions))

    def encoding(self, architecture: Architecture) -> Encoding | None:
        """What stands before the first layer, if anything does."""
        self.check(architecture)
        word = self.words[architecture.tokens[0]]
        return word if isinstance(word, Encoding) else None

    def layers(self, architecture: Architecture) -> list[LayerType]:
        """The layers in order, the final one included."""
        self.check(architecture)
        words = [self.words[token] for token in architecture.tokens]
        return [word for word in words if isinstance(word, LayerType)]

    def hidden(self, architecture: Architecture) -> list[LayerType]:
        """The layers in order, without the final one."""
        return self.layers(architecture)[:-1]

    def describe(self, tokens: Tokens) -> str:
        return ", ".join(repr(self.vocabulary[token]) for token in tokens)

    def plain(self) -> Architecture:
        """One hidden layer of about 100 units, with relu where the space has it: what
        scikit-learn's perceptrons are by default."""
        width = min(self.widths, key=lambda units: abs(units - 100))
        activation = "relu" if "relu" in self.activations else self.activations[0]
        return self.parse(f"({width}, {activation!r}), {self.head}")

    def parse(self, text: str) -> Architecture:
        """Read `(256, 'elu'), 'dropout', (10, 'softmax')`.

        Raises:
            InputError: naming the layer that is not in the space, and why.
        """
        try:
            layers = ast.literal_eval(f"[{text}]")
        except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
            raise InputError(
                f"cannot read the architecture {text!r}; expected layers such as "
                f"\"(256, 'elu'), 'dropout', {self.head}\""
            ) from None
        tokens = [self._token(layer, i) for i, layer in enumerate(layers)]
        if layers and layers[-1] == self.head:
            tokens[-1] = self.end  # a hidden layer may look like the final one
        self._check_order(layers, tokens)
        return self.architecture(tokens)

    def _check_order(self, layers: list, tokens: list[int]) -> None:
        """Say of layers, as they were written, what `architecture` would say of tokens."""
        for i, (layer, token) in enumerate(zip(layers, tokens, strict=True)):
            if token not in self.legal(tuple(tokens[:i])):
                raise InputError(
                    f"layer {i + 1}, {layer!r}, cannot stand there; expected a dense layer "
                    f"first, at most {self.max_layers} layers, {self.head} last and only there"
                )
        if not tokens or tokens[-1] != self.end:
            raise InputError(
                f"the architecture ends in {layers[-1] if layers else 'nothing'}; expected "
                f"{self.head} as its last layer: add it"
            )

    def _token(self, layer: object, position: int) -> int:
        try:
            return self.vocabulary.index(layer)
        except ValueError:
            raise InputError(
                f"layer {position + 1}, {layer!r}, is not in the space; expected widths "
                f"{self.widths}, activations {self.activations}, "
                f"{'dropout, ' if self.dropout else ''}"
                f"{''.join(f'{name}, ' for name in (*self.layer_types, *self.encodings))}"
                f"and {self.head} at the end"
            ) from None

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        """Names of the features of a layer, in the order of the vocabulary."""
        return tuple(_named(self.words[: self._inner]))

    def features(self, architecture: Architecture) -> np.ndarray:
        """Depth, what the encoding says, then per layer what `LayerType.features` says: log2
        units, which activation, is it dropout."""
        layers = self.layers(architecture)
        table = np.zeros((self.max_layers - 1, len(self._columns)))
        for row, layer in zip(table, layers[:-1], strict=False):
            found = layer.features()
            row[:] = [found.get(name, 0.0) for name in self._columns]
        word = self.encoding(architecture)
        said = word.features() if word else {}
        inputs = [said.get(name, 0.0) for name in _named(self.words[self._inner : self.end])]
        return np.concatenate([[len(layers)], inputs, table.ravel()])

    def neighbours(self, architecture: Architecture) -> list[Architecture]:
        """One layer changed, removed or inserted."""
        return self._legal_only(self._edits(architecture.tokens[:-1]))

    def _edits(self, hidden: Tokens) -> Iterator[Tokens]:
        for i in range(len(hidden) + 1):
            for token in range(self.end):
                yield (*hidden[:i], token, *hidden[i:], self.end)
                if i < len(hidden) and token != hidden[i]:
                    yield (*hidden[:i], token, *hidden[i + 1 :], self.end)
            if i < len(hidden):
                yield (*hidden[:i], *hidden[i + 1 :], self.end)


def _named(words: Iterable[LayerType | Encoding]) -> dict[str, None]:
    """Names of the features of the words, each once, in order."""
    return dict.fromkeys(name for word in words for name in word.features())


def _check_parameters(space: MLPSpace) -> None:
    def need(ok: bool, what: str) -> None:
        if not ok:
            raise InputError(f"MLPSpace: {what}")

    widths, acts = space.widths, space.activations
    need(
        bool(widths) and all(type(w) is int and w > 0 for w in widths),
        f"widths are {widths}, expected positive integers such as (16, 64)",
    )
    need(len(set(widths)) == len(widths), f"widths {widths} repeat a value; give each once")
    known = (*COMPILED_ACTIVATIONS, *KERAS_ACTIVATIONS)
    need(
        bool(acts) and set(acts) <= set(known) and len(set(acts)) == len(acts),
        f"activations are {acts}, expected distinct ones of {known}",
    )
    need(
        isinstance(space.max_layers, int) and space.max_layers >= 2,
        f"max_layers is {space.max_layers}, expected 2 or more (the final layer counts)",
    )
    need(
        space.dropout is None or (type(space.dropout) is float and 0 < space.dropout < 1),
        f"dropout is {space.dropout}, expected a rate in (0, 1), or None for none",
    )
    need(
        len(set(space.vocabulary[:-1])) == len(space.vocabulary) - 1,
        f"layer types {space.layer_types} or encodings {space.encodings} repeat a word of the "
        "vocabulary; give each once",
    )
