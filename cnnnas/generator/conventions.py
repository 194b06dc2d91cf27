"""Convention: what the publications do differently around the same cells.

They agree on operations and wiring. They differ in how the outputs of the last two cells are
brought to the cell's size, in how a skip connection halves, and in padding and normalisation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from cnnnas.generator.drop_path import drop_path
from cnnnas.generator.keras_layers import KerasLayers
from cnnnas.operations.layers import Layers, Tensor
from cnnnas.operations.vocabulary import (
    factorized_reduction,
    operation,
    relu_conv_norm,
    relu_factorized_reduction,
    with_channels,
)
from cnnnas.space.cell import INPUTS, SKIP, Cell


def darts_inputs(layers: Layers, older: Tensor, last: Tensor, channels: int) -> list[Tensor]:
    """Both inputs are always projected."""
    here, there = layers.at("input0"), layers.at("input1")
    larger = older.shape[1:3] != last.shape[1:3]
    project = relu_factorized_reduction if larger else relu_conv_norm
    return [project(here, older, channels), relu_conv_norm(there, last, channels)]


def nasnet_inputs(
    layers: Layers, older: Tensor | None, last: Tensor, channels: int
) -> list[Tensor]:
    """The older input is projected only if it has to be."""
    first = _first_input(layers.at("input0"), older, last, channels)
    return [first, relu_conv_norm(layers.at("input1"), last, channels)]


def enas_inputs(layers: Layers, older: Tensor, last: Tensor, channels: int) -> list[Tensor]:
    """As in NASNet, but the last input is brought to its channels before its projection."""
    first = _first_input(layers.at("input0"), older, last, channels)
    matched = with_channels(layers.at("match1"), last, channels)
    return [first, relu_conv_norm(layers.at("input1"), matched, channels)]


def _first_input(layers: Layers, older: Tensor | None, last: Tensor, channels: int) -> Tensor:
    if older is None:  # the first cell of all reads its only input twice, here as it is
        return last
    if older.shape[1:3] != last.shape[1:3]:
        return relu_factorized_reduction(layers, older, channels)
    return with_channels(layers, older, channels)


def strided_projection(layers: Layers, x: Tensor, channels: int) -> Tensor:
    """NASNet's halved skip connection: a 1x1 convolution of stride 2."""
    return relu_conv_norm(layers, x, channels, stride=2)


@dataclass(frozen=True)
class Convention:
    """How one publication builds a cell.

    Attributes:
        inputs: brings the outputs of the cell before the last and of the last one to the
            cell's size: `(layers, older, last, channels) -> [state 0, state 1]`.
        halved_skip: what a skip connection is where the image is halved.
        padding, momentum, epsilon: see `Layers`.
    """

    inputs: Callable[[Layers, Tensor, Tensor, int], list[Tensor]]
    halved_skip: Callable[[Layers, Tensor, int], Tensor]
    padding: Literal["same", "symmetric", "zeros"] = "same"
    momentum: float = 0.9
    epsilon: float = 1e-5

    def layers(self, seed: int) -> KerasLayers:
        """The layers of a Keras model of this family."""
        return KerasLayers(
            seed, padding=self.padding, momentum=self.momentum, epsilon=self.epsilon
        )

    def operate(
        self, layers: Layers, name: str, x: Tensor, channels: int, stride: int
    ) -> Tensor:
        """One operation by name."""
        if name != SKIP:
            return operation(name).apply(layers, x, channels, stride)
        return (
            self.halved_skip(layers, x, channels)
            if stride > 1
            else with_channels(layers, x, channels)
        )

    def cell(
        self, layers: Layers, cell: Cell, older: Tensor, last: Tensor,
        channels: int, stride: int, drop_rate: float = 0.0,
    ) -> Tensor:  # fmt: skip
        """A cell on the outputs of the cell before the last and of the last one.

        Args:
            layers: at the place of the cell.
            channels: of every node; the output has these times `cell.width`.
            stride: 2 in reductions; operations on the two inputs have it.
            drop_rate: of drop path, on all operations but plain skips.
        """
        states = self.inputs(layers, older, last, channels)
        for node, halves in enumerate(cell.wired, INPUTS):
            made = []
            for k, (name, state) in enumerate(halves):
                again = "-again" if halves.index((name, state)) < k else ""
                place = layers.at(f"node{node}-{name}-from{state}{again}")
                step = stride if state < INPUTS else 1
                x = self.operate(place, name, states[state], channels, step)
                plain = name == SKIP and step == 1
                made.append(x if plain else drop_path(place, x, drop_rate))
            join = layers.add if cell.combination(node) == "add" else layers.concatenate
            # A node that is empty is read by nothing.
            states.append(join(made) if len(made) > 1 else next(iter(made), None))
        return _joined(layers, [states[i] for i in cell.concat], channels)


def _joined(layers: Layers, outputs: list[Tensor], channels: int) -> Tensor:
    """Concatenated; what is larger or wider than the nodes is brought to their size."""
    least = min(x.shape[1] for x in outputs)
    same = [
        _matched(layers.at(f"output{i}"), x, channels, least) for i, x in enumerate(outputs)
    ]
    return layers.concatenate(same)


def _matched(layers: Layers, x: Tensor, channels: int, height: int) -> Tensor:
    if x.shape[1] != height:
        return factorized_reduction(layers, x, channels)
    return x if x.shape[-1] == channels else layers.norm(layers.convolution(x, channels, 1))


DARTS = Convention(darts_inputs, relu_factorized_reduction, "symmetric")
ENAS = Convention(enas_inputs, factorized_reduction)
# As in `keras.applications`: pools that stride see zeros beyond the border.
NASNET = Convention(nasnet_inputs, strided_projection, "zeros", momentum=0.9997, epsilon=1e-3)
PNASNET = replace(NASNET, padding="same")
