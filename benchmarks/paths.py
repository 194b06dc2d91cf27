"""Paths of a supernet as Keras models: what a step costs without sharing, and what is shared.

The parts are those of the supernet, built of `KerasLayers`; they stand here in the order that
an architecture says, where the supernet chooses at run time.
"""

from collections.abc import Sequence

import keras

from cnnnas.generator.keras_layers import KerasLayers
from cnnnas.generator.stem import small_stem
from cnnnas.operations.layers import Tensor
from cnnnas.operations.vocabulary import (
    factorized_reduction,
    relu_factorized_reduction,
    with_channels,
)
from cnnnas.space.cell import INPUTS, Cell
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import MacroSpace
from cnnnas.supernet import macro_network, micro_network
from mlpnas.core.space.search_space import Architecture


def macro_path(
    space: MacroSpace, architecture: Architecture, shape: Sequence[int], channels: int,
    classes: int,
) -> keras.Model:  # fmt: skip
    """From images to logits, as `MacroNetwork` with that many channels."""
    layers, images = KerasLayers(), keras.Input(shape, name="images")
    outputs = [small_stem(layers.at("stem"), images, channels)]
    for i, (operation, skips) in enumerate(space.wiring(architecture)):
        here = layers.at(f"layer{i}")
        x = macro_network.inner(here.at("inner"), outputs[-1])
        x = macro_network.outer(operation, here.at(operation), x)
        if i:
            added = [x, *(outputs[j] for j in skips)]
            x = here.at("sum").norm(layers.add(added) if skips else x)
        outputs.append(x)
        if i in space.reductions:
            outputs = [
                factorized_reduction(layers.at(f"reduction{i}-{j}"), output, channels)
                for j, output in enumerate(outputs)
            ]
    return _classified(layers, images, outputs[-1], classes)


def micro_path(
    space: CellSpace, architecture: Architecture, shape: Sequence[int], number: int,
    channels: int, classes: int,
) -> keras.Model:  # fmt: skip
    """From images to logits, as `MicroNetwork` with those sizes."""
    cells, reductions = space.cells(architecture), (number // 3, 2 * (number // 3) + 1)
    layers, images = KerasLayers(), keras.Input(shape, name="images")
    x = y = small_stem(layers.at("stem"), images, 3 * channels)
    for i in range(number + 2):
        here, fit, kind = layers.at(f"cell{i}"), with_channels, "normal"
        if i in reductions:
            channels, fit, kind = 2 * channels, relu_factorized_reduction, "reduce"
            x, y = y, factorized_reduction(here.at("shrink"), y, channels)
        inputs = [
            fit(here.at("input0"), x, channels),
            with_channels(here.at("input1"), y, channels),
        ]
        x, y = y, _cell(here, cells[kind], inputs)
    return _classified(layers, images, layers.relu(y), classes)


def _cell(layers: KerasLayers, cell: Cell, states: list[Tensor]) -> Tensor:
    channels = states[0].shape[-1]
    for node, halves in enumerate(cell.nodes, INPUTS):
        parts = [
            micro_network.operate(name, layers.at(f"node{node}-{side}-{name}"), states[state])
            for side, (name, state) in zip(micro_network.SIDES, halves, strict=True)
        ]
        states.append(layers.add(parts))
    deep = layers.relu(layers.concatenate([states[state] for state in cell.concat]))
    projected = layers.at("output").convolution(deep, channels, 1)
    return layers.at("output-norm").norm(projected)


def _classified(layers: KerasLayers, images: Tensor, x: Tensor, classes: int) -> keras.Model:
    features = keras.layers.GlobalAveragePooling2D()(x)
    logits = layers.at("head").dense(features, (classes, "linear"), bias=False)
    return keras.Model(images, logits)
