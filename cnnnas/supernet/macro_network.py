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

from cnnnas.space.macro_space import MacroSpace
from cnnnas.supernet.weight_bank import (  # fmt: skip
    Norm,
    Tensor,
    WeightBank,
    classify,
    convolve,
    normalise,
    pool,
    reduction,
    separable,
)
from mlpnas.core.space.search_space import Architecture

KEEP = 0.9  # of the features before the classifier


class LayerWeights(NamedTuple):
    """The weights of one layer; the first axis of `inner` and its norm is the operation.

    `outer` has the kernels of each operation's second part, followed by its norm; a pool has
    none.
    """

    inner: Tensor
    inner_norm: Norm
    outer: tuple[tuple, ...]


class MacroNetwork:
    """Maps images to logits along the path that an architecture's tokens describe.

    Args:
        space: the paths.
        bank: takes the weights in.
        channels: of every layer, an even number.
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
        self.space, self.bank, self._channels = space, bank, channels
        self._stem = bank.kernel("stem", 3, 3, input_channels, channels)
        self._stem_norm = bank.norm("stem/norm", channels)
        self._layers = [self._make_layer(f"layer_{i}") for i in range(space.layers)]
        self._sums = [
            bank.norm(f"layer_{i}/sum/norm", channels) for i in range(1, space.layers)
        ]
        self._reductions = {
            i: [reduction(bank, f"reduction_{i}/{j}", channels, channels) for j in range(i + 2)]
            for i in space.reductions
        }
        self._head = bank.kernel("head", 1, 1, channels, classes)
        self._run = tf.function(self._branches, autograph=False)

    def _make_layer(self, name: str) -> LayerWeights:
        c, places = self._channels, (len(self.space.operations),)
        return LayerWeights(
            self.bank.near_identity(f"{name}/inner", 1, c, places),
            self.bank.norm(f"{name}/inner/norm", c, places),
            tuple(self._make_outer(f"{name}/{op}", op) for op in self.space.operations),
        )

    def _make_outer(self, name: str, operation: str) -> tuple:
        if "pool" in operation:
            return ()
        c, size = self._channels, int(operation[-1])
        if operation.startswith("sep"):
            kernels = [
                self.bank.near_identity(f"{name}/depthwise", size, c, depthwise=True),
                self.bank.near_identity(f"{name}/pointwise", 1, c),
            ]
        else:
            kernels = [self.bank.near_identity(f"{name}/kernel", size, c)]
        return (*kernels, self.bank.norm(f"{name}/norm", c))

    def __call__(
        self, tokens: Tensor, images: Tensor, seed: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Logits `(rows, classes)`, alone in a tuple.

        Args:
            tokens: int32, all decisions of an architecture.
            images: `(rows, height, width, channels)`.
            seed: two int32 for dropout; None for none.
        """
        outputs = [normalise(convolve(images, self._stem), self._stem_norm)]
        for i, weights in enumerate(self._layers):
            operation, *bits = tf.unstack(tokens[self.space.start(i) : self.space.start(i + 1)])
            out = self._operate(operation, outputs[-1], weights)
            if i:
                out = normalise(_added(out, outputs[:-1], bits), self._sums[i - 1])
            outputs.append(out)
            if i in self._reductions:
                pairs = zip(self._reductions[i], outputs, strict=True)
                outputs = [reduce(output) for reduce, output in pairs]
        return (classify(outputs[-1], self._head[0, 0], KEEP, seed),)

    def _operate(self, operation: Tensor, x: Tensor, weights: LayerWeights) -> Tensor:
        x = convolve(x, tf.gather(weights.inner, operation))
        x = tf.nn.relu(normalise(x, weights.inner_norm.at(operation)))
        # As values: a function that is handed variables is traced for each of them.
        values = tf.nest.map_structure(tf.convert_to_tensor, weights.outer)
        return self._run(operation, x, values)

    def _branches(self, operation: Tensor, x: Tensor, outer: tuple[tuple, ...]) -> Tensor:
        """The operation's second part; traced once for each size of image.

        `partial` binds each branch's own name and weights: a bare lambda in a loop would see
        those of the last one.
        """
        pairs = zip(self.space.operations, outer, strict=True)
        return tf.switch_case(operation, [partial(_outer, name, x, own) for name, own in pairs])

    def path(self, architecture: Architecture) -> dict[str, Any]:
        """Name of each array of the bank that the architecture uses -> index of its part."""
        layers = self.space.wiring(architecture)
        chosen: dict[str, Any] = dict.fromkeys(self.bank.variables, ...)
        for i, layer in enumerate(layers):
            unused = [
                f"layer_{i}/{op}/" for op in self.space.operations if op != layer.operation
            ]
            if i in self._reductions:  # of the outputs that no later layer reads
                read = {i + 1, *(j for later in layers[i + 1 :] for j in later.skips)}
                unused += [f"reduction_{i}/{j}/" for j in range(i + 2) if j not in read]
            chosen = {n: at for n, at in chosen.items() if not n.startswith(tuple(unused))}
            for part in ("inner", "inner/norm/scale", "inner/norm/offset"):
                chosen[f"layer_{i}/{part}"] = self.space.operations.index(layer.operation)
        return chosen


def _outer(operation: str, x: Tensor, weights: tuple) -> Tensor:
    """The second part of one operation."""
    if "pool" in operation:
        return pool(x, operation)
    *kernels, norm = weights
    filtered = separable(x, *kernels) if len(kernels) == 2 else convolve(x, *kernels)
    return tf.nn.relu(normalise(filtered, norm))


def _added(x: Tensor, outputs: Sequence[Tensor], bits: Sequence[Tensor]) -> Tensor:
    """x and those of the outputs whose bit is 1."""
    pairs = zip(outputs, bits, strict=True)
    return tf.add_n([x, *(output * tf.cast(bit, output.dtype) for output, bit in pairs)])
