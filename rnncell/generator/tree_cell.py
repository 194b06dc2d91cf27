"""TreeCell: the recurrent cells of Zoph and Le, and NASCell, as a Keras layer.

A cell is a complete binary tree. Leaf k combines U_k x and V_k h, an inner node its two
children; a combination is a sum or a product of elements, and an activation follows. Let
o_q be the output of node q, c the memory:

    o_q is replaced by inject(o_q, c)
    next memory: the value of node p before its activation
    next h, and the output: the output of the root

The matrices of all leaves lie side by side in two kernels, for x and for h; inner nodes have
none. With a bias it is added to the recurrent side, as in NASCell.

Sources: Zoph and Le, ICLR 2017, section 3.4 and appendix A; the released NASCell.
"""

from typing import Any

import keras
from keras import ops

from rnncell.generator.recurrent_cell import RecurrentCell, function
from rnncell.space.tree import Step, children, read_tree


@keras.saving.register_keras_serializable("rnncell")
class TreeCell(RecurrentCell):
    """A tree; its states are output and memory, and the recurrent mask is on the output.

    Args:
        units: size of output and memory, at least 1.
        cell: such as `"add tanh, mult relu, mult sigmoid; inject add relu at 0; memory 1"`,
            see `tree`.
        use_bias: whether each leaf has a bias.
        options: see `RecurrentCell`.

    Raises:
        InputError: if the cell cannot be read.
    """

    def __init__(self, units: int, cell: str, use_bias: bool = True, **options: Any):
        super().__init__(units, cell, **options)
        self.state_size = [units, units]
        self.use_bias = use_bias
        self._tree = read_tree(cell)
        self._leaves = (len(self._tree.nodes) + 1) // 2

    def build(self, input_shape: tuple) -> None:
        """Two kernels, `(inputs, leaves * units)` and `(units, leaves * units)`."""
        width = self._leaves * self.units
        self.kernel = self.kernel_weight("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self.kernel_weight("recurrent_kernel", (self.units, width))
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")

    def call(self, inputs: Any, states: list, training: bool = False) -> tuple[Any, list]:
        state, memory = states
        read = ops.matmul(self.masked_input(inputs, training), self.kernel)
        recurrent = ops.matmul(self.masked_state(state, training), self.recurrent_kernel)
        if self.bias is not None:
            recurrent = recurrent + self.bias
        sides = [ops.split(side, self._leaves, axis=-1) for side in (read, recurrent)]
        output, memory = self._walk(list(zip(*sides, strict=True)), memory)
        return output, [output, memory]

    def _walk(self, leaves: list[tuple], memory: Any) -> tuple[Any, Any]:
        """Output of the root and next memory, from what each leaf combines."""
        tree = self._tree
        outputs: list = []
        values: list = []
        for i, step in enumerate(tree.nodes):
            below = children(self._leaves, i)
            pair = [outputs[k] for k in below] if below else leaves[i]
            value = combine(step, *pair)
            output = function(step.activation)(value)
            if i == tree.injected:
                output = function(tree.inject.activation)(combine(tree.inject, output, memory))
            values.append(value)
            outputs.append(output)
        return outputs[-1], values[tree.memory]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "use_bias": self.use_bias}


def combine(step: Step, left: Any, right: Any) -> Any:
    """The sum, or the product of elements."""
    return left + right if step.combination == "add" else left * right
