"""The network of all pairs of ENAS cells: every edge has every operation's weights.

Eight cells (for `layers` 6) follow one another; two of them come after a reduction, with twice
the channels. Weights belong to a cell, a node, one of its two sides, the state that is read
and the operation, so the two kinds of cell share only what their places share.

A cell is traced once for each size of image. States are kept in a list from which run-time
numbers choose; what was not chosen is neither copied nor given a gradient.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the program its authors released; the second classifier that it has halfway up, and never
trains, is left out.
"""

from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from cnnnas.generator.conventions import ENAS
from cnnnas.generator.stem import small_stem
from cnnnas.operations.layers import Layers, Tensor
from cnnnas.operations.vocabulary import (
    factorized_reduction,
    relu_factorized_reduction,
    with_channels,
)
from cnnnas.space.cell import INPUTS
from cnnnas.space.cell_space import CellSpace
from cnnnas.supernet.bank_layers import Piece
from cnnnas.supernet.computed_layers import convolve
from cnnnas.supernet.weight_bank import Part, WeightBank, as_values, classify
from mlpnas.core.space.search_space import Architecture

KEEP = 0.9  # of the features before the classifier
SIDES = ("x", "y")


class CellWeights(NamedTuple):
    """Rows: `edges` has, by node, side and operation, one for each state that may be read;
    `output` a kernel for each state; `norm` is the output's."""

    edges: tuple[tuple[tuple[Any, ...], ...], ...]
    output: Any
    norm: Any


class Place(NamedTuple):
    """One cell of the network, and what brings its two inputs to its size. A reduction comes
    before some."""

    kind: str
    shrink: Part | None
    inputs: tuple[Part, Part]
    weights: CellWeights


class MicroNetwork:
    """Maps images to logits along the path that an architecture's tokens describe.

    Args:
        space: pairs of cells, of `CellSpace.enas_micro`.
        bank: takes the weights in.
        layers: cells beside the two reductions.
        channels: of the first cells.
        input_channels: of the images.
        classes: how many logits.
    """

    def __init__(
        self,
        space: CellSpace,
        bank: WeightBank,
        layers: int,
        channels: int,
        input_channels: int,
        classes: int,
    ):
        self.space, self.bank = space, bank
        # By channels: the pieces of cells of that width.
        self._operations: dict[int, list[Piece]] = {}
        self._outputs: dict[int, tuple[Piece, Piece]] = {}
        stem = Piece(partial(small_stem, channels=3 * channels), input_channels)
        self._stem = bank.part("stem", stem)
        reductions = (layers // 3, 2 * (layers // 3) + 1)
        self._places: list[Place] = []
        before = (3 * channels, 3 * channels)
        for i in range(layers + 2):
            channels *= 2 if i in reductions else 1
            self._places.append(self._place(f"cell{i}", i in reductions, before, channels))
            before = (channels if i in reductions else before[1], channels)
        self._head = bank.kernel("head", 1, 1, channels, classes)
        self._run_cell = tf.function(self._cell, autograph=False)
        # Kept as calls: written out for each edge, they take twice as long to prepare.
        self._run_edge = tf.function(
            self._edge, autograph=False, experimental_attributes={"_noinline": True}
        )

    def _place(self, name: str, reduce: bool, before: tuple[int, int], channels: int) -> Place:
        """Weights of a cell whose two inputs have these numbers of channels."""
        weights = self._cell_weights(name, channels)

        def fitted(place: str, fit: Any, width: int) -> Part:
            piece = Piece(partial(fit, channels=channels), width)
            return self.bank.part(f"{name}-{place}", piece)

        if not reduce:
            x, y = (fitted(f"input{k}", with_channels, c) for k, c in enumerate(before))
            return Place("normal", None, (x, y), weights)
        shrink = fitted("shrink", factorized_reduction, before[1])
        older = fitted("input0", relu_factorized_reduction, before[1])
        return Place(
            "reduce", shrink, (older, fitted("input1", with_channels, channels)), weights
        )

    def _cell_weights(self, name: str, channels: int) -> CellWeights:
        part, states = self.bank.part, INPUTS + self.space.nodes
        if channels not in self._operations:
            self._operations[channels] = [
                Piece(partial(operate, op), channels) for op in self.space.operations
            ]
            self._outputs[channels] = Piece(project, channels), Piece(norm, channels)
        named = [*zip(self.space.operations, self._operations[channels], strict=True)]
        edges = tuple(
            tuple(
                tuple(
                    part(f"{name}-node{node}-{side}-{op}", piece, node, through=True).rows
                    for op, piece in named
                )
                for side in SIDES
            )
            for node in range(INPUTS, states)
        )
        kernel, norms = self._outputs[channels]
        output = part(f"{name}-output", kernel, states, through=True)
        return CellWeights(edges, output.rows, part(f"{name}-output-norm", norms).rows)

    def __call__(self, tokens: Tensor, images: Tensor, seed: Tensor | None = None) -> Tensor:
        """Logits `(rows, classes)`.

        Args:
            tokens: int32, all decisions of an architecture.
            images: `(rows, height, width, channels)`.
            seed: two int32 for dropout; None for none.
        """
        x = y = self._stem(images)
        halves = tf.split(tokens, len(self.space.kinds))
        for place in self._places:
            if place.shrink is not None:
                x, y = y, place.shrink(y)
            inputs = [fit(z) for fit, z in zip(place.inputs, (x, y), strict=True)]
            half = halves[self.space.kinds.index(place.kind)]
            x, y = y, self._run_cell(half, *inputs, as_values(place.weights))
        return classify(tf.nn.relu(y), self._head[0, 0], KEEP, seed)

    def _cell(self, tokens: Tensor, x: Tensor, y: Tensor, weights: CellWeights) -> Tensor:
        """One cell; its tokens are, node by node, two states and two operations."""
        count = INPUTS + self.space.nodes
        states = tf.TensorArray(x.dtype, count, clear_after_read=False, element_shape=x.shape)
        states = states.write(0, x).write(1, y)
        tokens = tf.reshape(tokens, (self.space.nodes, 4))
        for node, edges in enumerate(weights.edges):
            in_x, in_y, op_x, op_y = tf.unstack(tokens[node])
            out = self._run_edge(op_x, states.read(in_x), _all_at(edges[0], in_x))
            out += self._run_edge(op_y, states.read(in_y), _all_at(edges[1], in_y))
            states = states.write(INPUTS + node, out)
        read = tf.reduce_sum(tf.one_hot(tokens[:, :2], count), axis=[0, 1])
        loose = tf.reshape(tf.where(read == 0), [-1])
        deep = _projected(states.gather(tf.cast(loose, tf.int32)), loose, weights.output)
        return self._outputs[x.shape[-1]][1](weights.norm, deep)

    def _edge(self, operation: Tensor, x: Tensor, rows: tuple[Any, ...]) -> Tensor:
        """One operation on one state. `partial` binds each branch's own weights: a bare
        lambda in a loop would see those of the last one."""
        pairs = zip(self._operations[x.shape[-1]], rows, strict=True)
        return tf.switch_case(operation, [partial(piece, row, x) for piece, row in pairs])

    def path(self, architecture: Architecture) -> dict[str, Any]:
        """Name of each array of the bank that the architecture uses -> index of its part."""
        cells = self.space.cells(architecture)
        chosen: dict[str, Any] = {n: ... for n in self.bank.variables if "-node" not in n}
        for i, place in enumerate(self._places):
            cell = cells[place.kind]
            chosen[f"cell{i}-output"] = list(cell.concat)
            for node, halves in enumerate(cell.nodes, INPUTS):
                for side, (operation, state) in zip(SIDES, halves, strict=True):
                    name = f"cell{i}-node{node}-{side}-{operation}"
                    if name in self.bank.variables:  # else it has no weights
                        chosen[name] = state
        return chosen


def _all_at(rows: tuple[Any, ...], state: Tensor) -> Any:
    """Of each operation the row for one state."""
    return tf.nest.map_structure(lambda places: tf.gather(places, state), rows)


def _projected(states: Tensor, places: Tensor, kernels: Tensor) -> Tensor:
    """The states `(n, rows, height, width, channels)` in depth, rectified and brought back
    to `channels` by the kernels of their places."""
    _, _, height, width, channels = states.shape
    deep = tf.transpose(states, (1, 2, 3, 0, 4))
    depth = tf.shape(states)[0] * channels
    deep = tf.reshape(deep, tf.stack([tf.shape(states)[1], height, width, depth]))
    kernel = tf.reshape(tf.gather(kernels, places), tf.stack([1, 1, depth, channels]))
    return convolve(tf.nn.relu(deep), kernel)


def operate(operation: str, layers: Layers, x: Tensor) -> Tensor:
    """One operation that changes neither size nor channels."""
    return ENAS.operate(layers, operation, x, x.shape[-1], 1)


def project(layers: Layers, x: Tensor) -> Tensor:
    """Of the output's projection what one state adds."""
    return layers.convolution(x, x.shape[-1], 1)


def norm(layers: Layers, x: Tensor) -> Tensor:
    """A normalisation alone."""
    return layers.norm(x)
