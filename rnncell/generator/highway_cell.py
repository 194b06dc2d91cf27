"""HighwayCell: the recurrent cells of ENAS and DARTS as a Keras layer.

A cell is a tree of nodes. With x the input, h the state, sigma the logistic function and .
the product of elements:

    node 0:           c, z = [x, h] W_0      s_0 = h   + sigma(c) . (f_0(z) - h)
    node i, reads j:  c, z = s_j W_i         s_i = s_j + sigma(c) . (f_i(z) - s_j)

The gate c decides how much of a node's predecessor passes by (a highway). Output and next
state are the mean of the loose ends, the nodes that no other node reads (ENAS), or of all
nodes but node 0 (the enas_lm release, and DARTS). No biases.

Sources: Pham et al., ICML 2018; Liu et al., "DARTS: differentiable architecture search",
ICLR 2019; both authors' code.
"""

from typing import Any

import keras
from keras import ops

from rnncell.generator.recurrent_cell import RecurrentCell, function
from rnncell.space.enas_space import Average, averaged, read_nodes


@keras.saving.register_keras_serializable("rnncell")
class HighwayCell(RecurrentCell):
    """A cell of nodes; the recurrent mask is on every state before its matrix.

    Args:
        units: size of state and output, at least 1.
        cell: its nodes, such as `"tanh, relu(0), tanh(1)"`, see `enas_space`.
        average: what the output is the mean of: `"loose"` ends or all `"nodes"` but node 0.
        options: see `RecurrentCell`.

    Raises:
        InputError: if the cell cannot be read.

    Examples:
        >>> layer = keras.layers.RNN(HighwayCell(32, "tanh, relu(0), tanh(1)"))
        >>> layer(keras.ops.ones((2, 7, 5))).shape
        TensorShape([2, 32])
    """

    def __init__(self, units: int, cell: str, average: Average = "loose", **options: Any):
        super().__init__(units, cell, **options)
        self.state_size = units
        self.average = average
        nodes = read_nodes(cell)
        self._predecessors = [node.predecessor for node in nodes]
        self._functions = [function(node.activation) for node in nodes]
        self._averaged = averaged(nodes, average)

    def build(self, input_shape: tuple) -> None:
        """One matrix for gate and value together per node, `(inputs, 2 * units)`."""
        rows = [input_shape[-1] + self.units] + [self.units] * (len(self._predecessors) - 1)
        self.kernels = [
            self.kernel_weight(f"kernel_{i}", (inputs, 2 * self.units))
            for i, inputs in enumerate(rows)
        ]

    def call(self, inputs: Any, states: list, training: bool = False) -> tuple[Any, list]:
        inputs = self.masked_input(inputs, training)
        outputs: list = []
        for predecessor, activation, kernel in zip(
            self._predecessors, self._functions, self.kernels, strict=True
        ):
            before = states[0] if predecessor is None else outputs[predecessor]
            read = self.masked_state(before, training)
            if predecessor is None:
                read = ops.concatenate([inputs, read], axis=-1)
            outputs.append(highway(before, ops.matmul(read, kernel), activation))
        output = sum(outputs[i] for i in self._averaged) / len(self._averaged)
        return output, [output]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "average": self.average}


def highway(before: Any, gate_and_value: Any, activation: Any) -> Any:
    """s + sigma(c) . (f(z) - s), for s `(batch, units)` and `[c, z]` `(batch, 2 * units)`."""
    gate, value = ops.split(gate_and_value, 2, axis=-1)
    return before + ops.sigmoid(gate) * (activation(value) - before)
