"""The network of all pairs of ENAS cells: every edge has every operation's weights.

Eight cells (for `layers` 6) follow one another; two of them come after a reduction, with twice
the channels. Weights belong to a cell, a node, one of its two sides, the state that is read
and the operation, so the two kinds of cell share only what their places share.

A cell is traced once for each size of image. States are kept in a list from which run-time
numbers choose; what was not chosen is neither copied nor given a gradient.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the program its authors released.
"""

from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from cnnnas.space.cell import INPUTS
from cnnnas.space.cell_space import CellSpace
from cnnnas.supernet.auxiliary import Auxiliary
from cnnnas.supernet.weight_bank import (
    Norm,
    Reduction,
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
SIDES = ("x", "y")


class Stacks(NamedTuple):
    """A separable operation: two stacks of ReLU, depthwise, pointwise, norm, for each state
    that may be read; the first axis of each array is the state, the second the stack."""

    depthwise: Tensor
    pointwise: Tensor
    norm: Norm

    def at(self, state: Tensor) -> "Stacks":
        """Those for one state."""
        picked = (tf.gather(self.depthwise, state), tf.gather(self.pointwise, state))
        return Stacks(*picked, self.norm.at(state))


class Pointwise(NamedTuple):
    """ReLU, then a convolution of 1 by 1, then a norm."""

    kernel: Tensor
    norm: Norm

    def __call__(self, x: Tensor) -> Tensor:
        return normalise(convolve(tf.nn.relu(x), self.kernel), self.norm)


class CellWeights(NamedTuple):
    """`edges` has, by node and side, the stacks of each separable operation; `output` a
    kernel for each state, the first axis."""

    edges: tuple[tuple[tuple[Stacks, ...], ...], ...]
    output: Pointwise


class Place(NamedTuple):
    """One cell of the network, and what brings its two inputs to its size; None changes
    nothing. A reduction comes before some."""

    kind: str
    shrink: Reduction | None
    inputs: tuple[Reduction | Pointwise | None, ...]
    weights: CellWeights


class MicroNetwork:
    """Maps images to logits along the path that an architecture's tokens describe.

    Args:
        space: pairs of cells, of `CellSpace.enas_micro`.
        bank: takes the weights in.
        layers: cells beside the two reductions.
        channels: of the first cells, an even number.
        image: height, width and channels of the images.
        classes: how many logits.
        auxiliary: whether a second classifier helps the training, see `auxiliary`.
    """

    def __init__(
        self,
        space: CellSpace,
        bank: WeightBank,
        layers: int,
        channels: int,
        image: tuple[int, int, int],
        classes: int,
        auxiliary: bool = False,
    ):
        self.space, self.bank = space, bank
        self._separable = tuple(op for op in space.operations if op.startswith("sep"))
        self._stem = bank.kernel("stem", 3, 3, image[2], 3 * channels)
        self._stem_norm = bank.norm("stem/norm", 3 * channels)
        reductions = (layers // 3, 2 * (layers // 3) + 1)
        self._places: list[Place] = []
        before = (3 * channels, 3 * channels)
        for i in range(layers + 2):
            channels *= 2 if i in reductions else 1
            self._places.append(self._place(f"cell_{i}", i in reductions, before, channels))
            before = (channels if i in reductions else before[1], channels)
        self._auxiliary_after = reductions[1] + 1
        self._auxiliary = Auxiliary(bank, image[:2], channels, classes) if auxiliary else None
        self._head = bank.kernel("head", 1, 1, channels, classes)
        self._run_cell = tf.function(self._cell, autograph=False)
        # Kept as calls: written out for each edge, they take twice as long to prepare.
        self._run_edge = tf.function(
            self._edge, autograph=False, experimental_attributes={"_noinline": True}
        )

    def _place(self, name: str, reduce: bool, before: tuple[int, int], channels: int) -> Place:
        """Weights of a cell whose two inputs have these numbers of channels."""
        weights = self._cell_weights(name, channels)
        if reduce:
            halves = [
                reduction(self.bank, f"{name}/{part}", before[1], channels)
                for part in ("shrink", "input_0")
            ]
            return Place("reduce", halves[0], (halves[1], None), weights)
        inputs = tuple(
            None if c == channels else self._pointwise(f"{name}/input_{side}", c, channels)
            for side, c in enumerate(before)
        )
        return Place("normal", None, inputs, weights)

    def _pointwise(self, name: str, inputs: int, outputs: int) -> Pointwise:
        kernel = self.bank.kernel(f"{name}/kernel", 1, 1, inputs, outputs)
        return Pointwise(kernel, self.bank.norm(f"{name}/norm", outputs))

    def _cell_weights(self, name: str, channels: int) -> CellWeights:
        states = INPUTS + self.space.nodes
        edges = tuple(
            tuple(
                tuple(
                    self._stacks(f"{name}/node_{node}/{side}/{op}", op, node, channels)
                    for op in self._separable
                )
                for side in SIDES
            )
            for node in range(INPUTS, states)
        )
        kernel = self.bank.near_identity(f"{name}/output/kernel", 1, channels, (states,))
        norm = self.bank.norm(f"{name}/output/norm", channels)
        return CellWeights(edges, Pointwise(kernel, norm))

    def _stacks(self, name: str, operation: str, states: int, channels: int) -> Stacks:
        size, places = int(operation[-1]), (states, 2)
        return Stacks(
            self.bank.near_identity(
                f"{name}/depthwise", size, channels, places, depthwise=True
            ),
            self.bank.near_identity(f"{name}/pointwise", 1, channels, places),
            self.bank.norm(f"{name}/norm", channels, places),
        )

    def __call__(
        self, tokens: Tensor, images: Tensor, seed: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Logits `(rows, classes)`, and with a seed those of the auxiliary classifier.

        Args:
            tokens: int32, all decisions of an architecture.
            images: `(rows, height, width, channels)`.
            seed: two int32 for dropout; None for none.
        """
        x = normalise(convolve(images, self._stem), self._stem_norm)
        before, logits = (x, x), []
        halves = tf.split(tokens, len(self.space.kinds))
        for i, place in enumerate(self._places):
            if place.shrink is not None:
                before = (before[1], place.shrink(before[1]))
            inputs = [_fitted(x, fit) for x, fit in zip(before, place.inputs, strict=True)]
            # As values: a function that is handed variables is traced for each of them.
            weights = tf.nest.map_structure(tf.convert_to_tensor, place.weights)
            x = self._run_cell(halves[self.space.kinds.index(place.kind)], *inputs, weights)
            before = (before[1], x)
            if self._auxiliary and seed is not None and i == self._auxiliary_after:
                logits.append(self._auxiliary(x))
        features = tf.nn.relu(before[1])
        return (classify(features, self._head[0, 0], KEEP, seed), *logits)

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
        return _output(states.gather(tf.cast(loose, tf.int32)), loose, weights.output)

    def _edge(self, operation: Tensor, x: Tensor, weights: tuple[Stacks, ...]) -> Tensor:
        """One operation on one state. `partial` binds each branch's own weights: a bare
        lambda in a loop would see those of the last one."""
        stacks = dict(zip(self._separable, weights, strict=True))
        branches = [partial(_operate, op, x, stacks.get(op)) for op in self.space.operations]
        return tf.switch_case(operation, branches)

    def path(self, architecture: Architecture) -> dict[str, Any]:
        """Name of each array of the bank that the architecture uses -> index of its part."""
        cells = self.space.cells(architecture)
        chosen: dict[str, Any] = {
            name: ... for name in self.bank.variables if "/node_" not in name
        }
        for i, place in enumerate(self._places):
            cell = cells[place.kind]
            chosen[f"cell_{i}/output/kernel"] = list(cell.concat)
            for node, halves in enumerate(cell.nodes, INPUTS):
                for side, (operation, state) in zip(SIDES, halves, strict=True):
                    for part in ("depthwise", "pointwise", "norm/scale", "norm/offset"):
                        if operation in self._separable:
                            name = f"cell_{i}/node_{node}/{side}/{operation}/{part}"
                            chosen[name] = state
        return chosen


def _all_at(stacks: tuple[Stacks, ...], state: Tensor) -> tuple[Stacks, ...]:
    return tuple(one.at(state) for one in stacks)


def _fitted(x: Tensor, fit: Reduction | Pointwise | None) -> Tensor:
    """An input brought to its cell's size and number of channels."""
    if isinstance(fit, Reduction):
        return fit(tf.nn.relu(x))
    return x if fit is None else fit(x)


def _operate(operation: str, x: Tensor, stacks: Stacks | None) -> Tensor:
    if stacks is None:
        return pool(x, operation) if "pool" in operation else tf.identity(x)
    for i in range(2):
        norm = Norm(stacks.norm.scale[i], stacks.norm.offset[i])
        filtered = separable(tf.nn.relu(x), stacks.depthwise[i], stacks.pointwise[i])
        x = normalise(filtered, norm)
    return x


def _output(states: Tensor, places: Tensor, weights: Pointwise) -> Tensor:
    """The states `(n, rows, height, width, channels)` in depth, brought back to `channels`
    by the kernels of their places."""
    _, _, height, width, channels = states.shape
    deep = tf.transpose(states, (1, 2, 3, 0, 4))
    depth = tf.shape(states)[0] * channels
    deep = tf.reshape(deep, tf.stack([tf.shape(states)[1], height, width, depth]))
    kernel = tf.reshape(tf.gather(weights.kernel, places), tf.stack([1, 1, depth, channels]))
    return Pointwise(kernel, weights.norm)(deep)
