"""Mixed operations: what a supernet computes on one edge of a cell.

An edge leads from an earlier state to a node. It has every candidate operation, and weights
say how much of each there is. How the mixture is computed is what PC-DARTS and GDAS change.

Sources: Liu, Simonyan and Yang, ICLR 2019 (DARTS); Xu et al., ICLR 2020 (PC-DARTS); Dong and
Yang, CVPR 2019 (GDAS); Chu et al., ICLR 2021 (DARTS-).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import tensorflow as tf

from cnnnas.differentiable.search_layers import SearchLayers
from cnnnas.generator.conventions import DARTS
from cnnnas.operations.layers import Tensor
from cnnnas.operations.vocabulary import operation
from cnnnas.space.cell import NONE, SKIP
from cnnnas.space.cell_space import DARTS_OPERATIONS

# In the order of DARTS's ids 0 to 7.
CANDIDATES = (NONE, *DARTS_OPERATIONS)
# A skip connection outside the competition, see `variants`.
AUXILIARY_SKIP = "auxiliary_skip"
PART = 4  # PC-DARTS mixes one channel in so many


@dataclass(frozen=True)
class Edge:
    """One edge of one cell.

    Attributes:
        layers: at the place of the cell.
        node, state: where it leads, and from where.
        operations: its candidates.
        channels: of what it gives, and takes.
        stride: 2 if it halves the image.
    """

    layers: SearchLayers
    node: int
    state: int
    operations: tuple[str, ...]
    channels: int
    stride: int

    def candidate(self, name: str, x: Tensor) -> Tensor:
        """One operation; what does not normalise, as pools, is normalised here."""
        place = self.layers.at(f"node{self.node}-{name}-from{self.state}")
        if name == NONE:
            return tf.zeros_like(place.every(x, self.stride))
        name = SKIP if name == AUXILIARY_SKIP else name
        found = DARTS.operate(place, name, x, self.channels, self.stride)
        return found if name == SKIP or operation(name).complete else place.norm(found)


Mix = Callable[[Edge, Tensor, Tensor], Tensor]


def all_operations(edge: Edge, x: Tensor, weights: Tensor) -> Tensor:
    """The sum of all operations, each times its weight `(operations,)`; `none` adds nothing."""
    parts = [
        weight * edge.candidate(name, x)
        for name, weight in zip(edge.operations, tf.unstack(weights), strict=True)
        if name != NONE
    ]
    return tf.add_n(parts)


def one_operation(edge: Edge, x: Tensor, weights: Tensor) -> Tensor:
    """The operation of the largest weight; the others are not computed.

    Meant for weights that are one-hot in value. The weights of the others are added as numbers,
    zeros, so that the gradient reaches them.
    """
    if not edge.layers.store.complete:  # a variable must not be made within a branch
        return all_operations(edge, x, weights)
    chosen = tf.argmax(weights, output_type=tf.int32)
    # A branch is a graph of its own.
    own = (replace(edge, layers=edge.layers.fresh()) for _ in edge.operations)
    branches = [
        partial(e.candidate, name, x) for e, name in zip(own, edge.operations, strict=True)
    ]
    weight = tf.gather(weights, chosen)
    return weight * tf.switch_case(chosen, branches) + (tf.reduce_sum(weights) - weight)


def some_channels(edge: Edge, x: Tensor, weights: Tensor) -> Tensor:
    """The mixture of the first quarter of the channels, beside the others as they are.

    The channels are then shuffled, so that the next edge mixes others. Where the image is
    halved, the others go through a max pool.
    """
    part = edge.channels // PART
    mixed = all_operations(replace(edge, channels=part), x[..., :part], weights)
    rest = x[..., part:]
    if edge.stride > 1:
        rest = tf.nn.max_pool2d(rest, 2, 2, "SAME")
    return shuffled(tf.concat([mixed, rest], axis=-1), PART)


def shuffled(x: Tensor, groups: int) -> Tensor:
    """Channels in the order first of each group, second of each group, ..."""
    _, height, width, channels = x.shape
    apart = tf.reshape(x, [-1, height, width, groups, channels // groups])
    return tf.reshape(tf.transpose(apart, [0, 1, 2, 4, 3]), [-1, height, width, channels])


def mixed_cell(
    layers: SearchLayers, mix: Mix, operations: tuple[str, ...], nodes: int,
    older: Tensor, last: Tensor, channels: int, stride: int, weights: Tensor,
) -> Tensor:  # fmt: skip
    """A cell in which every node is the sum of the mixtures from all earlier states.

    Args:
        weights: `(edges, operations)`; all edges into the first node come first.
    """
    states: Sequence[Tensor] = DARTS.inputs(layers, older, last, channels)
    rows = iter(tf.unstack(weights))
    for node in range(2, 2 + nodes):
        parts = []
        for state, x in enumerate(states):
            step = stride if state < 2 else 1
            edge = Edge(layers, node, state, operations, channels, step)
            parts.append(mix(edge, x, next(rows)))
        states = [*states, layers.add(parts)]
    return layers.concatenate(states[2:])
