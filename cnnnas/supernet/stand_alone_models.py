"""One architecture's path through a supernet, apart: an ordinary Keras model.

It computes what the supernet computes for that architecture, and no more; so it says what a
step costs without sharing, and it can go on training from shared weights. The networks that
are trained at length are other ones, see `macro_generator` and `cell_generator`.
"""

import re
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers as kl

from cnnnas.generator.layers import Tensor, shifted
from cnnnas.space.cell import INPUTS, Cell
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import Layer, MacroSpace
from cnnnas.supernet.image_supernet import Network
from cnnnas.supernet.micro_network import SIDES
from cnnnas.supernet.weight_bank import EPSILON
from mlpnas.core.space.search_space import Architecture


def macro_child(
    space: MacroSpace, architecture: Architecture, shape: Sequence[int], channels: int,
    classes: int,
) -> keras.Model:  # fmt: skip
    """From images to logits, as `macro_network.MacroNetwork` with that many channels."""
    images = keras.Input(shape, name="images")
    outputs = [_convolve_norm("stem", images, channels, 3)]
    for i, layer in enumerate(space.wiring(architecture)):
        out = _macro_layer(f"layer_{i}", layer, outputs[-1])
        if i:
            added = [outputs[j] for j in layer.skips]
            out = _norm(f"layer_{i}/sum", kl.Add()([out, *added]) if added else out)
        outputs.append(out)
        if i in space.reductions:
            outputs = [_halve(f"reduction_{i}/{j}", x, channels) for j, x in enumerate(outputs)]
    features = kl.GlobalAveragePooling2D()(outputs[-1])
    return keras.Model(images, kl.Dense(classes, use_bias=False, name="head")(features))


def _macro_layer(name: str, layer: Layer, x: Tensor) -> Tensor:
    channels, operation = x.shape[-1], layer.operation
    x = kl.ReLU()(_norm(f"{name}/inner", _convolve(f"{name}/inner", x, channels, 1)))
    if "pool" in operation:
        return _pool(operation, x)
    place, size = f"{name}/{operation}", int(operation[-1])
    if operation.startswith("sep"):
        filtered = _separable(place, x, size)
    else:
        filtered = _convolve(f"{place}/kernel", x, channels, size)
    return kl.ReLU()(_norm(place, filtered))


def micro_child(
    space: CellSpace, architecture: Architecture, shape: Sequence[int], layers: int,
    channels: int, classes: int,
) -> keras.Model:  # fmt: skip
    """From images to logits, as `micro_network.MicroNetwork` with those sizes."""
    cells, reductions = space.cells(architecture), (layers // 3, 2 * (layers // 3) + 1)
    images = keras.Input(shape, name="images")
    x = y = _convolve_norm("stem", images, 3 * channels, 3)
    for i in range(layers + 2):
        name, reduce = f"cell_{i}", i in reductions
        if reduce:
            channels *= 2
            x, y = y, _halve(f"{name}/shrink", y, channels)
        older = _halve(f"{name}/input_0", kl.ReLU()(x), channels) if reduce else x
        inputs = [
            z if z.shape[-1] == channels else _pointwise(f"{name}/input_{side}", z, channels)
            for side, z in enumerate((older, y))
        ]
        x, y = y, _cell(name, cells["reduce" if reduce else "normal"], inputs)
    features = kl.GlobalAveragePooling2D()(kl.ReLU()(y))
    return keras.Model(images, kl.Dense(classes, use_bias=False, name="head")(features))


def _cell(name: str, cell: Cell, states: list[Tensor]) -> Tensor:
    for node, halves in enumerate(cell.nodes, INPUTS):
        parts = [
            _edge(f"{name}/node_{node}/{side}/{operation}", operation, states[state])
            for side, (operation, state) in zip(SIDES, halves, strict=True)
        ]
        states.append(kl.Add()(parts))
    loose = [states[state] for state in cell.concat]
    deep = kl.Concatenate()(loose) if len(loose) > 1 else loose[0]
    return _pointwise(f"{name}/output", deep, states[0].shape[-1])


def _edge(name: str, operation: str, x: Tensor) -> Tensor:
    if "pool" in operation:
        return _pool(operation, x)
    if operation == "skip_connect":
        return x
    for stack in range(2):
        place = f"{name}/{stack}"
        x = _norm(place, _separable(place, kl.ReLU()(x), int(operation[-1])))
    return x


def _pointwise(name: str, x: Tensor, channels: int) -> Tensor:
    return _norm(name, _convolve(f"{name}/kernel", kl.ReLU()(x), channels, 1))


def _convolve_norm(name: str, x: Tensor, channels: int, size: int) -> Tensor:
    return _norm(name, _convolve(name, x, channels, size))


def _convolve(name: str, x: Tensor, channels: int, size: int, stride: int = 1) -> Tensor:
    name = name.replace("/", "-")
    return kl.Conv2D(channels, size, stride, "same", use_bias=False, name=name)(x)


def _separable(name: str, x: Tensor, size: int) -> Tensor:
    name = name.replace("/", "-")
    x = kl.DepthwiseConv2D(size, padding="same", use_bias=False, name=f"{name}-depthwise")(x)
    return _convolve(f"{name}/pointwise", x, x.shape[-1], 1)


def _norm(name: str, x: Tensor) -> Tensor:
    name = f"{name}/norm".replace("/", "-")
    return kl.BatchNormalization(momentum=0.9, epsilon=EPSILON, name=name)(x)


def _pool(operation: str, x: Tensor) -> Tensor:
    pooling = kl.AveragePooling2D if operation.startswith("avg") else kl.MaxPooling2D
    return pooling(3, 1, "same")(x)


def _halve(name: str, x: Tensor, channels: int) -> Tensor:
    halves = [
        _convolve(f"{name}/{path}", part, channels // 2, 1, stride=2)
        for path, part in (("even", x), ("odd", shifted(x)))
    ]
    return _norm(name, kl.Concatenate()(halves))


def inherit(child: keras.Model, network: Network, architecture: Architecture) -> None:
    """Give a child the shared weights on its architecture's path."""
    arrays: dict[str, np.ndarray] = {}
    for name, index in network.path(architecture).items():
        arrays |= _placed(name, network.bank.variables[name].numpy()[index])
    for layer in child.layers:
        if isinstance(layer, kl.BatchNormalization):
            scale, offset = (arrays[f"{layer.name}-{part}"] for part in ("scale", "offset"))
            layer.gamma.assign(scale)
            layer.beta.assign(offset)
        elif layer.weights:
            kernel = layer.weights[0]
            kernel.assign(arrays[layer.name].reshape(kernel.shape))


def _placed(name: str, array: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of a child's layers in an array of the bank, by name."""
    name = name.replace("/", "-")
    if "-node_" not in name:
        return {name: array}
    # Of an edge's two stacks, the first axis, each is a layer of the child.
    return {
        re.sub(r"(-sep_conv_\dx\d)", rf"\1-{stack}", name): own
        for stack, own in enumerate(array)
    }
