"""One training step of a chain of dense layers whose shapes and activations are data.

The layers here are traced once and serve any network with as many hidden layers or fewer:

* Shapes come from the arrays: the variables have unknown shape.
* A shorter chain leaves the lowest layers empty (arrays of no units, which cost about a
  microsecond per operation), and its rows enter further up.
* `Switch` and `Merge`, the executor's own branching, choose a layer's activation and whether
  it has dropout. They cost a fraction of a microsecond, a `tf.switch_case` several.

Forward and backward pass are written out with raw operations, about a dozen per layer, less
than half of what a gradient tape records. A bias is the last row of its kernel, and every
input ends with a column of ones: one product and one optimizer step for both.
"""

from typing import Any, NamedTuple

import tensorflow as tf

R = tf.raw_ops
Tensor = Any  # symbolic or eager: TensorFlow has no one type for both

ACTIVATIONS = ("sigmoid", "tanh", "relu", "elu")  # in the order of `activate`
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
    """How one hidden layer behaves; scalars except the key.

    Attributes:
        first: do the rows enter here (bool)?
        high, odd: the two bits of the activation's place in `ACTIVATIONS` (bool).
        drops: is there dropout after it (bool)?
        keep: the chance that a unit stays (float32).
        key: of the random numbers of its masks (uint64, `(1,)`).
    """

    first: Tensor
    high: Tensor
    odd: Tensor
    drops: Tensor
    keep: Tensor
    key: Tensor


class Trace(NamedTuple):
    """What the backward pass reads of a layer's forward pass; the head has no activation."""

    x: Tensor
    kernel: Tensor
    ways: tuple[Tensor, ...] | None = None
    mask: Tensor | None = None


def read(variable: tf.Variable) -> Tensor:
    """The variable's value, without the bookkeeping of `variable.value()`."""
    return R.ReadVariableOp(resource=variable.handle, dtype=tf.float32)


def forward(
    rows: Tensor, layers: list[Layer], kinds: list[Kind], step: Tensor | None = None
) -> tuple[Tensor, list[Trace]]:
    """Outputs of the head before its activation, `(batch, units)`, and the traces.

    Args:
        rows: `(batch, features + 1)`, the last column ones.
        layers: hidden layers from the lowest, then the head.
        kinds: one per hidden layer.
        step: number of the training step, which fixes the dropout masks; None for
            validation, which drops nothing.
    """
    traces = []
    ones = x = R.Slice(input=rows, begin=[0, tf.shape(rows)[1] - 1], size=[-1, 1])
    for layer, kind in zip(layers[:-1], kinds, strict=True):
        x, kernel, mask = _enter(rows, x, kind), read(layer.kernel), None
        a, ways = activate(R.MatMul(a=x, b=kernel), kind)
        if step is not None:
            a, mask = drop(a, kind, step)
        traces.append(Trace(x, kernel, ways, mask))
        x = R.ConcatV2(values=[a, ones], axis=1)
    kernel = read(layers[-1].kernel)
    return R.MatMul(a=x, b=kernel), [*traces, Trace(x, kernel)]


def backward(
    dz: Tensor,
    layers: list[Layer],
    kinds: list[Kind],
    traces: list[Trace],
    rate: Tensor,
    t: Tensor,
) -> None:
    """From the gradient of the logits down the chain, with one step of Adam at each layer.

    Args:
        dz: gradient of the loss with respect to the head's outputs, `(batch, units)`.
        rate: learning rate.
        t: number of this step, from 1, float32.
    """
    powers = tf.pow(BETA_1, t), tf.pow(BETA_2, t)
    dx = _update(layers[-1], traces[-1], None, dz, rate, powers)
    for layer, kind, trace in zip(layers[-2::-1], kinds[::-1], traces[-2::-1], strict=True):
        dz = _activate_backward(_drop_backward(dx, trace, kind), trace)
        dx = _update(layer, trace, kind, dz, rate, powers)


def _update(
    layer: Layer, trace: Trace, kind: Kind | None, dz: Tensor, rate: Tensor, powers: tuple
) -> Tensor:
    """Adam's step on one layer (Kingma and Ba, 2015); gives the gradient of its input."""
    grad = R.MatMul(a=trace.x, b=dz, transpose_a=True)
    dx = _input_gradient(dz, trace.kernel[:-1], kind)
    # In place only once nobody reads the old kernel; else the update would copy it first.
    with tf.control_dependencies([dx]):
        R.ResourceApplyAdam(
            var=layer.kernel.handle, m=layer.m.handle, v=layer.v.handle, grad=grad, lr=rate,
            beta1_power=powers[0], beta2_power=powers[1],
            beta1=BETA_1, beta2=BETA_2, epsilon=EPSILON,
        )  # fmt: skip
    return dx


def _enter(rows: Tensor, below: Tensor, kind: Kind) -> Tensor:
    """The layer's input: the rows if they enter here, else what the layer below gives."""
    _, here = R.Switch(data=rows, pred=kind.first)
    passed, _ = R.Switch(data=below, pred=kind.first)
    return R.Merge(inputs=[passed, here]).output


def _input_gradient(dz: Tensor, kernel: Tensor, kind: Kind | None) -> Tensor:
    """Gradient for the layer below; where the rows enter, one of no columns."""
    if kind is None:
        return R.MatMul(a=dz, b=kernel, transpose_b=True)
    passed, ended = R.Switch(data=dz, pred=kind.first)
    nothing = R.Slice(input=ended, begin=[0, 0], size=[-1, 0])
    return R.Merge(inputs=[R.MatMul(a=passed, b=kernel, transpose_b=True), nothing]).output


def activate(z: Tensor, kind: Kind) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The activation of `z`, and the outputs of all four branches, of which one is live."""
    low, high = R.Switch(data=z, pred=kind.high)
    first, second = R.Switch(data=low, pred=kind.odd)
    third, fourth = R.Switch(data=high, pred=kind.odd)
    first, second = R.Sigmoid(x=first), R.Tanh(x=second)
    third, fourth = R.Relu(features=third), R.Elu(features=fourth)
    ways = (first, second, third, fourth)
    return R.Merge(inputs=ways).output, ways


def _activate_backward(dy: Tensor, trace: Trace) -> Tensor:
    """Gradient before the activation, from the outputs alone; dead branches stay dead."""
    sigmoid, tanh, relu, elu = trace.ways or ()
    ways = [
        R.SigmoidGrad(y=sigmoid, dy=dy),
        R.TanhGrad(y=tanh, dy=dy),
        R.ReluGrad(gradients=dy, features=relu),
        R.EluGrad(gradients=dy, outputs=elu),
    ]
    return R.Merge(inputs=ways).output


def drop(a: Tensor, kind: Kind, step: Tensor) -> tuple[Tensor, Tensor]:
    """Inverted dropout where the layer has it, and the mask, which is dead where not."""
    kept, dropped = R.Switch(data=a, pred=kind.drops)
    # The low half of the counter runs within a mask, so the step goes into the high half.
    counter = R.Pack(values=[tf.constant(0, tf.uint64), tf.cast(step, tf.uint64)])
    noise = R.StatelessRandomUniformV2(
        shape=R.Shape(input=dropped), key=kind.key, counter=counter, alg=1, dtype=tf.float32
    )
    mask = tf.floor(noise + kind.keep) / kind.keep  # 1 / keep with chance keep, else 0
    return R.Merge(inputs=[kept, dropped * mask]).output, mask


def _drop_backward(dy: Tensor, trace: Trace, kind: Kind) -> Tensor:
    kept, _ = R.Switch(data=dy, pred=kind.drops)
    return R.Merge(inputs=[kept, dy * trace.mask]).output
