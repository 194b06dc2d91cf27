"""One training step of a chain of dense layers whose shapes and activations are data.

The layers here are traced once and serve any network with as many hidden layers or fewer:

* Shapes come from the arrays: the variables have unknown shape.
* A shorter chain leaves the lowest layers empty (arrays of no units, which cost about a
  microsecond per operation), and its rows enter further up.
* `Switch` and `Merge`, the executor's own branching, choose a layer's activation, bit by bit
  of its place among those of the graph, and whether it has dropout. They cost a fraction of a
  microsecond, a `tf.switch_case` several.

Forward and backward pass are written out with raw operations, about a dozen per layer, less
than half of what a gradient tape records. A bias is the last row of its kernel, and every
input ends with a column of ones: one product and one optimizer step for both.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from mlpnas.trainer.activations import STEPS, Activation

R = tf.raw_ops
Tensor = Any  # symbolic or eager: TensorFlow has no one type for both

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Adam's, as Keras has them


class Layer(NamedTuple):
    """Variables of one layer, all `(fan_in + 1, units)` with the bias as last row.

    Attributes:
        kernel: what is trained.
        m, v: Adam's first and second moment.
        best: the kernel of the best epoch so far.
    """

    kernel: tf.Variable
    m: tf.Variable
    v: tf.Variable
    best: tf.Variable

    @classmethod
    def empty(cls) -> "Layer":
        """Room for a layer of any shape, at first without units."""
        any_shape = tf.TensorShape(None)
        return cls(*(tf.Variable(tf.zeros([1, 0]), shape=any_shape) for _ in range(4)))

    def start(self, kernel: Tensor) -> None:
        """Begin to train `kernel`; also with empty arrays, to free memory."""
        for variable in (self.kernel, self.best):
            variable.assign(kernel, read_value=False)
        for variable in (self.m, self.v):
            variable.assign(tf.zeros_like(kernel), read_value=False)

    def keep(self) -> None:
        """The kernel as it is now is the best so far."""
        self.best.assign(read(self.kernel), read_value=False)


class Kind(NamedTuple):
    """How one hidden layer behaves; scalars except the key. None leaves operations out.

    Attributes:
        bits: of the activation's place in `Chain.activations`, the highest first (bool).
        first: do the rows enter here (bool)? None if they never do.
        drops: is there dropout after it (bool)? None if no layer of the graph has dropout.
        keep: the chance that a unit stays (float32).
        key: of the random numbers of its masks (uint64, `(1,)`).
    """

    bits: Sequence[Tensor]
    first: Tensor | None = None
    drops: Tensor | None = None
    keep: Tensor | None = None
    key: Tensor | None = None


class Constants(NamedTuple):
    """Numbers that operations take as inputs, for one graph.

    A constant that is written inside a loop is an operation of every turn; made outside, it
    is there once. At nine layers that is a third of all operations of a step.
    """

    beta_1: Tensor
    beta_2: Tensor
    epsilon: Tensor
    axis: Tensor
    first: Tensor
    last: Tensor
    stride: Tensor
    origin: Tensor
    no_columns: Tensor

    @classmethod
    def make(cls) -> "Constants":
        """To be called outside the loops."""
        return cls(
            beta_1=tf.constant(BETA_1),
            beta_2=tf.constant(BETA_2),
            epsilon=tf.constant(EPSILON),
            axis=tf.constant(1),
            first=tf.constant([0]),
            last=tf.constant([-1]),
            stride=tf.constant([1]),
            origin=tf.constant([0, 0]),
            no_columns=tf.constant([-1, 0]),
        )


class Trace(NamedTuple):
    """What the backward pass reads of a layer's forward pass; the head has no activation."""

    x: Tensor
    kernel: Tensor
    ways: tuple[Tensor, ...] | None = None
    mask: Tensor | None = None


def read(variable: tf.Variable) -> Tensor:
    """The variable's value, without the bookkeeping of `variable.value()`."""
    return R.ReadVariableOp(resource=variable.handle, dtype=tf.float32)


class Chain(NamedTuple):
    """A network with a head, inside one graph.

    Attributes:
        layers: the hidden layers from the lowest, then the head.
        kinds: how each hidden layer behaves.
        activations: names of those that a layer may have.
        fixed: the graph's constants.
    """

    layers: list[Layer]
    kinds: list[Kind]
    activations: tuple[str, ...]
    fixed: Constants

    @property
    def _steps(self) -> list[Activation]:
        return [STEPS[name] for name in self.activations]

    def forward(self, rows: Tensor, step: Tensor | None = None) -> tuple[Tensor, list[Trace]]:
        """Outputs of the head before its activation, `(batch, units)`, and the traces.

        Args:
            rows: `(batch, features + 1)`, the last column ones.
            step: number of the training step, which fixes the dropout masks; None for
                validation, which drops nothing.
        """
        traces = []
        ones = x = rows[:, -1:]
        for layer, kind in zip(self.layers[:-1], self.kinds, strict=True):
            x, kernel, mask = enter(rows, x, kind), read(layer.kernel), None
            a, ways = activate(R.MatMul(a=x, b=kernel), kind.bits, self._steps)
            if step is not None and kind.drops is not None:
                a, mask = drop(a, kind, step)
            traces.append(Trace(x, kernel, ways, mask))
            x = R.ConcatV2(values=[a, ones], axis=self.fixed.axis)
        kernel = read(self.layers[-1].kernel)
        return R.MatMul(a=x, b=kernel), [*traces, Trace(x, kernel)]

    def backward(self, dz: Tensor, traces: list[Trace], rate: Tensor, t: Tensor) -> None:
        """From the logits' gradient down the chain, with a step of Adam at each layer.

        Args:
            dz: gradient of the loss with respect to the head's outputs, `(batch, units)`.
            rate: learning rate.
            t: number of this step, from 1, float32.
        """
        powers = tf.pow(self.fixed.beta_1, t), tf.pow(self.fixed.beta_2, t)
        for layer, kind, trace in zip(
            self.layers[::-1], [None, *self.kinds[::-1]], traces[::-1], strict=True
        ):
            if kind is not None:
                dz = activate_backward(drop_backward(dz, trace, kind), trace, self._steps)
            grad = R.MatMul(a=trace.x, b=dz, transpose_a=True)
            dz = input_gradient(dz, self._without_bias(trace.kernel), kind, self.fixed)
            # In place only once nobody reads the old kernel; else Adam would copy it first.
            with tf.control_dependencies([dz]):
                self._adam(layer, grad, rate, powers)

    def _without_bias(self, kernel: Tensor) -> Tensor:
        """All rows but the last, as a view."""
        fixed = self.fixed
        return R.StridedSlice(
            input=kernel, begin=fixed.first, end=fixed.last, strides=fixed.stride
        )

    def _adam(self, layer: Layer, grad: Tensor, rate: Tensor, powers: tuple) -> None:
        """Kingma and Ba (2015), in place, as Keras has it."""
        R.ResourceApplyAdam(
            var=layer.kernel.handle, m=layer.m.handle, v=layer.v.handle, grad=grad, lr=rate,
            beta1_power=powers[0], beta2_power=powers[1],
            beta1=self.fixed.beta_1, beta2=self.fixed.beta_2, epsilon=self.fixed.epsilon,
        )  # fmt: skip


def enter(rows: Tensor, below: Tensor, kind: Kind) -> Tensor:
    """The layer's input: the rows if they enter here, else what the layer below gives."""
    if kind.first is None:
        return below
    _, here = R.Switch(data=rows, pred=kind.first)
    passed, _ = R.Switch(data=below, pred=kind.first)
    return R.Merge(inputs=[passed, here]).output


def input_gradient(dz: Tensor, kernel: Tensor, kind: Kind | None, fixed: Constants) -> Tensor:
    """Gradient for the layer below; where the rows enter, one of no columns."""
    if kind is None or kind.first is None:
        return R.MatMul(a=dz, b=kernel, transpose_b=True)
    passed, ended = R.Switch(data=dz, pred=kind.first)
    nothing = R.Slice(input=ended, begin=fixed.origin, size=fixed.no_columns)
    return R.Merge(inputs=[R.MatMul(a=passed, b=kernel, transpose_b=True), nothing]).output


def activate(
    z: Tensor, bits: Sequence[Tensor], steps: Sequence[Activation]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The activation of `z`, and what each branch keeps; of them one is live."""
    branches = zip(_switch(z, bits), steps, strict=False)
    outputs, kept = zip(*(step.forward(branch) for branch, step in branches), strict=True)
    return R.Merge(inputs=outputs).output, kept


def _switch(z: Tensor, bits: Sequence[Tensor]) -> list[Tensor]:
    """Branches of which only that of the number in `bits`, highest first, is live."""
    if not bits:
        return [z]
    low, high = R.Switch(data=z, pred=bits[0])
    return [*_switch(low, bits[1:]), *_switch(high, bits[1:])]


def activate_backward(dy: Tensor, trace: Trace, steps: Sequence[Activation]) -> Tensor:
    """Gradient before the activation, from what was kept alone; dead branches stay dead."""
    branches = zip(trace.ways or (), steps, strict=True)
    return R.Merge(inputs=[step.backward(dy, kept) for kept, step in branches]).output


def drop(a: Tensor, kind: Kind, step: Tensor) -> tuple[Tensor, Tensor]:
    """Inverted dropout where the layer has it, and the mask, which is dead where not.

    The step, a uint64, fixes the mask.
    """
    kept, dropped = R.Switch(data=a, pred=kind.drops)
    # The low half of the counter runs within a mask, so the step goes into the high half.
    counter = R.Pack(values=[tf.zeros_like(step), step])
    noise = R.StatelessRandomUniformV2(
        shape=R.Shape(input=dropped), key=kind.key, counter=counter, alg=1, dtype=tf.float32
    )
    mask = tf.floor(noise + kind.keep) / kind.keep  # 1 / keep with chance keep, else 0
    return R.Merge(inputs=[kept, dropped * mask]).output, mask


def drop_backward(dy: Tensor, trace: Trace, kind: Kind) -> Tensor:
    if kind.drops is None:
        return dy
    kept, _ = R.Switch(data=dy, pred=kind.drops)
    return R.Merge(inputs=[kept, dy * trace.mask]).output
