"""DARTS's supernet, and the genotype that is cut out of it.

Every edge of every cell runs all candidates, mixed by weights that all cells of a kind share.
Weights of operations carry the names that they have in the discrete network, so what was
learned can be put there.

Source: Liu, Simonyan and Yang, "DARTS: differentiable architecture search", ICLR 2019.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from cnnnas.differentiable.mixed_operations import CANDIDATES, Mix, all_operations, mixed_cell
from cnnnas.differentiable.search_layers import SearchLayers, Store
from cnnnas.generator.cell_networks import staged
from cnnnas.generator.conventions import DARTS
from cnnnas.generator.stem import check_image, small_stem
from cnnnas.operations.layers import Tensor
from cnnnas.space.cell import INPUTS, NONE, Cell, Cells, Node, output_states

KINDS = ("normal", "reduce")


def edges_of(nodes: int) -> list[tuple[int, int]]:
    """The edges of a cell as (state, node), in the order of the rows of the alphas."""
    return [(s, n) for n in range(INPUTS, INPUTS + nodes) for s in range(n)]


class MixedNetwork(keras.layers.Layer):
    """Maps images and mixture weights to logits.

    Args:
        image_shape: `(height, width, channels)`.
        classes: how many logits.
        operations: candidates of every edge.
        nodes: per cell.
        channels: of a node in the first stage.
        number: of cells.
        mix: how an edge computes its mixture.
        seed: of the first weights.

    Raises:
        InputError: if the images are too small.
    """

    def __init__(
        self, image_shape: Sequence[int], classes: int,
        operations: tuple[str, ...] = CANDIDATES, nodes: int = 4, channels: int = 16,
        number: int = 8, mix: Mix = all_operations, seed: int = 0,
    ):  # fmt: skip
        super().__init__(name="mixed_network")
        check_image(image_shape, halvings=2)
        self.operations, self.nodes, self._mix = operations, nodes, mix
        self._steps = staged(number, channels, (number // 3, 2 * number // 3))
        self._stem_channels, self.store = 3 * channels, Store()
        self._layers_here = SearchLayers(seed, padding=DARTS.padding, store=self.store)
        init = keras.initializers.GlorotUniform(self._layers_here.seed_of("head"))
        width = nodes * self._steps[-1].channels
        self.head = self.add_weight(name="head", shape=(width, classes), initializer=init)
        self.bias = self.add_weight(name="bias", shape=(classes,), initializer="zeros")
        stem = (self._stem_channels,)
        self.scale = self.add_weight(name="stem_scale", shape=stem, initializer="ones")
        self.offset = self.add_weight(name="stem_offset", shape=stem, initializer="zeros")
        self.built = True
        # Running it once makes the variables, before anything is compiled.
        weights = tf.ones([len(edges_of(nodes)), len(operations)])
        self.call(tf.zeros([1, *image_shape]), dict.fromkeys(KINDS, weights))
        self.store.complete = True

    def call(self, images: Tensor, mixtures: Mapping[str, Tensor]) -> Tensor:
        """Logits `(batch, classes)`.

        Args:
            images: `(batch, height, width, channels)`.
            mixtures: for `normal` and `reduce` cells weights `(edges, operations)`.
        """
        layers = self._layers_here.fresh()
        stem = small_stem(layers, images, self._stem_channels) * self.scale + self.offset
        older, last = stem, stem
        for number, step in enumerate(self._steps):
            made = mixed_cell(
                layers.at(f"cell{number}"), self._mix, self.operations, self.nodes,
                older, last, step.channels, step.stride, mixtures[step.kind],
            )  # fmt: skip
            older, last = last, made
        return tf.reduce_mean(last, axis=(1, 2)) @ self.head.value + self.bias.value

    def count(self, cells: Cells) -> int:
        """How many of the weights these cells use."""
        fixed = sum(math.prod(w.shape) for w in (self.head, self.bias, self.scale, self.offset))
        return fixed + sum(
            math.prod(array.shape)
            for name, array in self.store.arrays.items()
            if "-node" not in name or name.startswith(tuple(self._places(cells)))
        )

    def _places(self, cells: Cells) -> Iterator[str]:
        """What the names of the operations in these cells begin with."""
        for number, step in enumerate(self._steps):
            cell = self._layers_here.at(f"cell{number}")
            for node, halves in enumerate(cells[step.kind].wired, INPUTS):
                for name, state in halves:
                    yield cell.at(f"node{node}-{name}-from{state}").scope + "-"


def derive(scores: np.ndarray, operations: Sequence[str], threshold: float = -math.inf) -> Cell:
    """The cell that a matrix of scores stands for.

    Each edge has its best operation other than `none`, and each node keeps its two edges with
    the best of these scores; of equal ones the first counts. In the list of a node the better
    edge stands first, as in published genotypes.

    Of edges whose best score is below the threshold the operation is `none`, as in Fair DARTS;
    but the best edge of the first node is kept, since a cell must give something on.

    Args:
        scores: `(edges, operations)`.
        operations: what the columns are; `none` may be any of them, or not there.
        threshold: a score that edges must have.
    """
    allowed = [k for k, name in enumerate(operations) if name != NONE]
    nodes: list[Node] = []
    row = 0
    while row < len(scores):
        states = INPUTS + len(nodes)
        block = scores[row : row + states][:, allowed]
        best = np.argsort(-block.max(axis=1), kind="stable")[:2]
        choice = [operations[allowed[k]] for k in block.argmax(axis=1)]
        there = block.max(axis=1) >= threshold
        there[best[0]] |= not nodes
        nodes.append(tuple((choice[s] if there[s] else NONE, int(s)) for s in best))
        row += states
    return Cell(tuple(nodes), output_states(tuple(nodes), "all"))


def one_hot(cell: Cell, operations: Sequence[str]) -> np.ndarray:
    """Mixture weights `(edges, operations)` that make a supernet compute this cell alone."""
    edges = edges_of(len(cell.nodes))
    weights = np.zeros((len(edges), len(operations)), np.float32)
    for node, halves in enumerate(cell.wired, INPUTS):
        for operation, state in halves:
            weights[edges.index((state, node)), operations.index(operation)] = 1.0
    return weights
