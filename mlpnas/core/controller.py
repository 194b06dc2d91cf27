"""Controller: an LSTM that writes architectures token by token and foresees their score.

One LSTM step per decision (consecutive bits of a node share one). The head follows the
decision's kind: a softmax over options for a choice, attention over the anchors of earlier
nodes for a pointer, a two-way logit by the same attention for a bit. What was decided is fed
into the next step. Illegal options are masked before the softmax. Sampling and teacher
forcing run the same step function, so they agree on every log-probability.

After the last token the LSTM's state summarises the architecture; the accuracy head, a small
ensemble of logistic units, reads the expected score from it.

Sources: Zoph and Le, ICLR 2017 (the controller); Pham et al., "Efficient neural architecture
search via parameter sharing", ICML 2018 (attention over anchors); Minutoli and Ciranni's
MLPNAS project (the accuracy head).
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from mlpnas.core import policy_gradient as pg
from mlpnas.core.search_space import Decision, SearchSpace, Tokens


class Walks(NamedTuple):
    """A batch of N walks through a space of T decisions.

    Attributes:
        tokens: int32 `(N, T)`, zeros after the end of a walk.
        lengths: int32 `(N,)`.
        log_probs: float32 `(N,)`, natural logarithm of each walk's probability.
        entropies: float32 `(N,)`, nats, summed over the decisions of each walk.
        summary: float32 `(N, units)`, the LSTM's state after the last token.
    """

    tokens: tf.Tensor
    lengths: tf.Tensor
    log_probs: tf.Tensor
    entropies: tf.Tensor
    summary: tf.Tensor


class Attention(keras.layers.Layer):
    """v · tanh(W1 anchor + W2 h): how well an earlier node suits the present one."""

    def __init__(self, units: int, init: Callable):
        super().__init__()
        self._of_anchor, self._of_state, self._score = (
            keras.layers.Dense(n, use_bias=False, kernel_initializer=init())
            for n in (units, units, 1)
        )
        for layer in (self._of_anchor, self._of_state, self._score):
            layer.build((None, units))
        self.built = True

    def call(self, anchor: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        """`(N, units)` twice to `(N, 1)`."""
        return self._score(tf.tanh(self._of_anchor(anchor) + self._of_state(h)))


class Controller(keras.layers.Layer):
    """The policy network of one search space.

    Legality must depend on the position alone, as `Decision.legal` and `Decision.stop` say:
    then the masks are constants of the compiled graph.

    Args:
        space: what to write.
        units: size of LSTM, embeddings and attention.
        members: accuracy heads in the ensemble.
        seed: of the initial weights.
    """

    def __init__(self, space: SearchSpace, units: int = 128, members: int = 1, seed: int = 0):
        super().__init__(name="controller")
        self.decisions = space.decisions
        # One LSTM step per decision; the bits that ask about one node share a step.
        self._steps = tuple(
            tuple(group)
            for _, group in groupby(
                enumerate(self.decisions),
                key=lambda item: (item[1].node, "bit") if item[1].kind == "bit" else item[0],
            )
        )
        seeds = iter(range(seed * 1000, seed * 1000 + 1000))
        glorot = keras.initializers.GlorotUniform
        self._make_weights(units, members, lambda: glorot(next(seeds)))

    def _make_weights(self, units: int, members: int, init: Callable) -> None:
        dense = keras.layers.Dense
        self.cell = keras.layers.LSTMCell(
            units, kernel_initializer=init(), recurrent_initializer=init()
        )
        self.cell.build((None, units))
        groups = {d.group: len(d.options) for d in self.decisions if d.kind == "choice"}
        self.embeddings = {g: self._weight((n, units), init(), g) for g, n in groups.items()}
        self.heads = {g: dense(n, kernel_initializer=init()) for g, n in groups.items()}
        kinds = sorted({d.kind for d in self.decisions} - {"choice"})
        self.attention = {kind: Attention(units, init) for kind in kinds}
        self.accuracy = dense(members, "sigmoid", kernel_initializer=init())
        for layer in [*self.heads.values(), self.accuracy]:
            layer.build((None, units))
        self.start = self._weight((1, units), init(), "start")
        # Nodes that no decision describes (a cell's inputs) have trained anchors.
        described = {d.node for d in self.decisions}
        pointed = {o for d in self.decisions if d.kind == "pointer" for o in d.options}
        pointed |= {d.about for d in self.decisions if d.about is not None}
        self.given_anchors = {
            str(node): self._weight((1, units), init(), f"anchor_{node}")
            for node in sorted(pointed - described)
        }
        self.built = True

    def _weight(self, shape: tuple[int, ...], init: Callable, name: str) -> keras.Variable:
        return self.add_weight(shape=shape, initializer=init, name=f"{name or 'choice'}_vector")

    def policy_head_variables(self) -> list:
        """What turns the LSTM's state into decisions."""
        layers = [*self.heads.values(), *self.attention.values()]
        return [v for layer in layers for v in layer.trainable_variables]

    def accuracy_head_variables(self) -> list:
        """What turns the LSTM's state into an expected score."""
        return self.accuracy.trainable_variables

    def trunk_variables(self) -> list:
        """What both heads stand on: LSTM, embeddings, start and given anchors."""
        heads = {id(v) for v in self.policy_head_variables() + self.accuracy_head_variables()}
        return [v for v in self.trainable_variables if id(v) not in heads]

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32), tf.TensorSpec([2], tf.int32)])
    def sample(self, n: tf.Tensor, seed: tf.Tensor) -> Walks:
        """Draw n architectures in one compiled call; equal seeds give equal draws.

        Args:
            n: how many, an int32 scalar tensor.
            seed: two int32 numbers.
        """

        def draw(position: int, log_probs: tf.Tensor) -> tf.Tensor:
            # Gumbel-max: the argmax of log p + Gumbel noise has distribution p. The open
            # interval keeps both logarithms finite; illegal options lie 1e9 lower.
            uniform = tf.random.stateless_uniform(
                tf.shape(log_probs), [seed[0], seed[1] + position * 7919], minval=1e-12
            )
            noisy = log_probs - tf.math.log(-tf.math.log(uniform))
            return tf.argmax(noisy, axis=-1, output_type=tf.int32)

        return self._unroll(n, draw)

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def expect(self, tokens: tf.Tensor) -> tf.Tensor:
        """The score that each accuracy head expects of given walks, `(N, members)`."""
        return self.accuracy(self.teacher_force(tokens).summary)

    def teacher_force(self, tokens: tf.Tensor) -> Walks:
        """Log-probabilities, entropies and summaries of given walks, int32 `(N, T)`."""
        return self._unroll(tf.shape(tokens)[0], lambda position, _: tokens[:, position])

    def _unroll(self, n: tf.Tensor, choose: Callable) -> Walks:
        """Walk the decisions; `choose(position, log_probs)` gives the tokens `(n,)`."""
        units = self.cell.units
        inputs = tf.tile(tf.convert_to_tensor(self.start), [n, 1])
        state = (tf.zeros([n, units]), tf.zeros([n, units]))
        anchors = {
            int(k): tf.tile(tf.convert_to_tensor(v), [n, 1])
            for k, v in self.given_anchors.items()
        }
        going = fed = tf.ones([n], tf.bool)  # is there a decision now; was there one before
        log_probs = entropies = tf.zeros([n])
        tokens: list[tf.Tensor] = []
        for step in self._steps:
            state = self._advance(inputs, state, fed)
            fed, chosen = going, []
            for position, decision in step:
                options = pg.masked_log_softmax(
                    self._logits(decision, state[0], anchors), _mask(decision)
                )
                token = tf.where(going, choose(position, options), 0)
                taken = tf.gather(options, token, batch_dims=1)
                log_probs += tf.where(going, taken, 0.0)
                entropies += tf.where(going, pg.entropy(options), 0.0)
                tokens.append(token)
                chosen.append(token)
                if decision.stop is not None:
                    going = going & (token != decision.stop)
            inputs = self._feed([decision for _, decision in step], chosen, anchors)
            anchors[step[-1][1].node] = state[0]
        state = self._advance(inputs, state, fed)
        stacked = tf.stack(tokens, axis=1)
        return Walks(stacked, self._lengths(stacked), log_probs, entropies, state[0])

    def _advance(self, inputs: tf.Tensor, state: tuple, fed: tf.Tensor) -> tuple:
        """One LSTM step; walks that had ended before keep their state."""
        _, new = self.cell(inputs, list(state))
        return tuple(tf.where(fed[:, None], a, b) for a, b in zip(new, state, strict=True))

    def _logits(self, decision: Decision, h: tf.Tensor, anchors: dict) -> tf.Tensor:
        if decision.kind == "choice":
            return self.heads[decision.group](h)
        asked = decision.options if decision.kind == "pointer" else (decision.about,)
        q = [self.attention[decision.kind](anchors[node], h) for node in asked]
        return tf.concat(q if decision.kind == "pointer" else [-q[0], q[0]], axis=1)

    def _feed(self, decisions: list[Decision], tokens: list, anchors: dict) -> tf.Tensor:
        """What the next step reads: the embedding of a choice, the anchor pointed at, or
        the mean of the connected anchors, with the unconnected start counted as one."""
        first = decisions[0]
        if first.kind == "choice":
            return tf.gather(tf.convert_to_tensor(self.embeddings[first.group]), tokens[0])
        if first.kind == "pointer":
            stacked = tf.stack([anchors[node] for node in first.options], axis=1)
            return tf.gather(stacked, tokens[0], batch_dims=1)
        bits = [tf.cast(token, tf.float32)[:, None] for token in tokens]
        total = sum(bit * anchors[d.about] for bit, d in zip(bits, decisions, strict=True))
        return total / (1.0 + sum(bits))

    def _lengths(self, tokens: tf.Tensor) -> tf.Tensor:
        """Tokens up to and with the first stop."""
        stops = tf.constant([-1 if d.stop is None else d.stop for d in self.decisions])
        stops_before = tf.cumsum(tf.cast(tokens == stops, tf.int32), axis=1, exclusive=True)
        return tf.reduce_sum(tf.cast(stops_before == 0, tf.int32), axis=1)


def _mask(decision: Decision) -> np.ndarray:
    mask = np.zeros(len(decision.options), bool)
    mask[list(decision.open_ids())] = True
    return mask


def padded(walks: Sequence[Tokens], length: int) -> np.ndarray:
    """int32 `(len(walks), length)`, zeros after the end of each walk."""
    table = np.zeros((len(walks), length), np.int32)
    for row, walk in zip(table, walks, strict=True):
        row[: len(walk)] = walk
    return table
