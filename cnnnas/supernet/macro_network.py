"""The network of all macro architectures: every layer has every operation's weights.

The architecture comes as numbers at run time. A layer's first convolution is the same for
all operations but for its weights, which are gathered; then the branch of its operation runs.
Skips are added while searching (the final network concatenates them), and there are as many
channels at the end as at the beginning.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the program its authors released.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from cnnnas.generator.macro_generator import operate
from cnnnas.generator.stem import small_stem
from cnnnas.operations.layers import Layers, Tensor
from cnnnas.operations.vocabulary import factorized_reduction
from cnnnas.space.macro_space import MacroSpace
from cnnnas.supernet.bank_layers import Piece
from cnnnas.supernet.weight_bank import Part, WeightBank, as_values, classify
from mlpnas.core.space.search_space import Architecture

KEEP = 0.9  # of the features before the classifier


class LayerWeights(NamedTuple):
    """The weights of one layer: `inner` has a place for each operation, `own` a row of each."""

    inner: Part
    own: tuple[Any, ...]


class MacroNetwork:
    """Maps images to logits along the path that an architecture's tokens describe.

    Args:
        space: the paths.
        bank: takes the weights in.
        channels: of every layer.
        input_channels: of the images.
        classes: how many logits.
    """

    def __init__(
        self,
        space: MacroSpace,
        bank: WeightBank,
        channels: int,
        input_channels: int,
        classes: int,
    ):
        self.space, self.bank = space, bank
        stem = Piece(partial(small_stem, channels=channels), input_channels)
        halve = Piece(partial(factorized_reduction, channels=channels), channels)
        self._inner, norm = Piece(inner, channels), Piece(normalised, channels)
        self._operations = [Piece(partial(outer, op), channels) for op in space.operations]
        self._stem = bank.part("stem", stem)
        self._layers = [self._make_layer(f"layer{i}") for i in range(space.layers)]
        self._sums = [bank.part(f"layer{i}-sum", norm) for i in range(1, space.layers)]
        self._reductions = {
            i: [bank.part(f"reduction{i}-{j}", halve) for j in range(i + 2)]
            for i in space.reductions
        }
        self._head = bank.kernel("head", 1, 1, channels, classes)
        self._run = tf.function(self._branches, autograph=False)

    def _make_layer(self, name: str) -> LayerWeights:
        part, operations = self.bank.part, self.space.operations
        return LayerWeights(
            part(f"{name}-inner", self._inner, len(operations), through=True),
            tuple(
                part(f"{name}-{op}", piece, through=True).rows
                for op, piece in zip(operations, self._operations, strict=True)
            ),
        )

    def __call__(self, tokens: Tensor, images: Tensor, seed: Tensor | None = None) -> Tensor:
        """Logits `(rows, classes)`.

        Args:
            tokens: int32, all decisions of an architecture.
            images: `(rows, height, width, channels)`.
            seed: two int32 for dropout; None for none.
        """
        outputs = [self._stem(images)]
        for i, weights in enumerate(self._layers):
            operation, *bits = tf.unstack(tokens[self.space.start(i) : self.space.start(i + 1)])
            x = weights.inner(outputs[-1], operation)
            out = self._run(operation, x, as_values(weights.own))
            if i:
                out = self._sums[i - 1](_added(out, outputs[:-1], bits))
            outputs.append(out)
            if i in self._reductions:
                pairs = zip(self._reductions[i], outputs, strict=True)
                outputs = [reduce(output) for reduce, output in pairs]
        return classify(outputs[-1], self._head[0, 0], KEEP, seed)

    def _branches(self, operation: Tensor, x: Tensor, rows: Sequence[Any]) -> Tensor:
        """The operation itself; traced once for each size of image.

        `partial` binds each branch's own weights: a bare lambda in a loop would see those of
        the last one.
        """
        pairs = zip(self._operations, rows, strict=True)
        return tf.switch_case(operation, [partial(piece, row, x) for piece, row in pairs])

    def path(self, architecture: Architecture) -> dict[str, Any]:
        """Name of each array of the bank that the architecture uses -> index of its part."""
        layers = self.space.wiring(architecture)
        chosen: dict[str, Any] = dict.fromkeys(self.bank.variables, ...)
        for i, layer in enumerate(layers):
            unused = [f"layer{i}-{op}" for op in self.space.operations if op != layer.operation]
            if i in self._reductions:  # of the outputs that no later layer reads
                read = {i + 1, *(j for later in layers[i + 1 :] for j in later.skips)}
                unused += [f"reduction{i}-{j}" for j in range(i + 2) if j not in read]
            chosen = {n: at for n, at in chosen.items() if n not in unused}
            chosen[f"layer{i}-inner"] = self.space.operations.index(layer.operation)
        return chosen


def inner(layers: Layers, x: Tensor) -> Tensor:
    """What comes first, whatever the operation."""
    return layers.norm(layers.convolution(x, x.shape[-1], 1))


def outer(operation: str, layers: Layers, x: Tensor) -> Tensor:
    """The operation; what it gives is rectified, as pools of rectified images are already."""
    return layers.relu(operate(layers, operation, x, x.shape[-1]))


def normalised(layers: Layers, x: Tensor) -> Tensor:
    """What comes last, upon the sum with the skips."""
    return layers.norm(x)


def _added(x: Tensor, outputs: Sequence[Tensor], bits: Sequence[Tensor]) -> Tensor:
    """x and those of the outputs whose bit is 1."""
    pairs = zip(outputs, bits, strict=True)
    return tf.add_n([x, *(output * tf.cast(bit, output.dtype) for output, bit in pairs)])
