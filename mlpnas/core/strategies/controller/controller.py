"""Controller: an LSTM that writes architectures token by token and foresees their score.

One LSTM step per decision (consecutive bits of a node share one). The head follows the
decision's kind: a softmax over options for a choice, attention over the anchors of earlier
nodes for a pointer, a two-way logit by the same attention for a bit. What was decided is fed
into the next step. Illegal options are masked before the softmax, by tables that the tokens
so far drive (`masks`). Sampling and teacher forcing run the same step function, so they agree
on every log-probability.

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

from mlpnas.core.space.masks import masks
from mlpnas.core.space.search_space import Decision, SearchSpace, Tokens
from mlpnas.core.strategies.controller import policy_gradient as pg
from mlpnas.core.strategies.controller.options import PLAIN, ControllerOptions

_SCALAR, _PAIR = tf.TensorSpec([], tf.int32), tf.TensorSpec([2], tf.int32)
_TABLE = tf.TensorSpec([None, None], tf.int32)


class Walks(NamedTuple):
    """A batch of N walks through a space of T decisions.

    Attributes:
        tokens: int32 `(N, T)`, zeros after the end of a walk.
        lengths: int32 `(N,)`.
        log_probs: float32 `(N,)`, natural logarithm of each walk's probability.
        entropies: float32 `(N,)`, nats, summed over the decisions of each walk.
        summary: float32 `(N, units)`, the LSTM's state after the last token.
        bits: float32 `(N, bits)`, log-odds that each bit of the walk is 1; 0 after its end.
    """

    tokens: tf.Tensor
    lengths: tf.Tensor
    log_probs: tf.Tensor
    entropies: tf.Tensor
    summary: tf.Tensor
    bits: tf.Tensor


class Anchor(NamedTuple):
    """What is remembered of a node, both `(N, units)`: what attention compares with, and
    what the step after a pointer to it reads."""

    key: tf.Tensor
    fed: tf.Tensor


class Controller(keras.layers.Layer):
    """The policy network of one search space.

    Args:
        space: what to write.
        units: size of LSTM, embeddings and attention.
        members: accuracy heads in the ensemble.
        seed: of the initial weights.
        options: its form, where it is to follow a publication.
    """

    def __init__(
        self,
        space: SearchSpace,
        units: int = 128,
        members: int = 1,
        seed: int = 0,
        options: ControllerOptions = PLAIN,
    ):
        super().__init__(name="controller")
        self.decisions, self.units, self.options = space.decisions, units, options
        self._masks = masks(space)
        # One LSTM step per decision; the bits that ask about one node share a step.
        self._steps = tuple(
            tuple(group)
            for _, group in groupby(
                enumerate(self.decisions),
                key=lambda item: (item[1].node, "bit") if item[1].kind == "bit" else item[0],
            )
        )
        self._seeds = iter(range(seed * 1000, seed * 1000 + 1000))
        self._make_trunk()
        self._make_heads(members)
        self.built = True

    def _make_trunk(self) -> None:
        units = self.units
        self._kernel = self._matrix("lstm_kernel", 2 * units, 4 * units)
        if self.options.biases is None:
            self._bias = self._vector("lstm_bias", 4 * units)
            # Gates in the order input, forget, cell, output; an open forget gate remembers.
            self._bias.assign(np.repeat([0.0, 1.0, 0.0, 0.0], units))
        self._start = self._matrix("start", 1, units)
        groups = self._groups()
        self._embeddings = {g: self._matrix(f"embed_{g}", n, units) for g, n in groups.items()}
        # Nodes that no decision describes (a cell's inputs) have trained anchors.
        trained = self._given() if self.options.given == "trained" else []
        self._trained_anchors = {str(n): self._matrix(f"anchor_{n}", 1, units) for n in trained}

    def _given(self) -> list[int]:
        """Nodes that are pointed at and that no decision describes."""
        pointed = {o for d in self.decisions if d.kind == "pointer" for o in d.options}
        pointed |= {d.about for d in self.decisions if d.about is not None}
        return sorted(pointed - {d.node for d in self.decisions})

    def _make_heads(self, members: int) -> None:
        units = self.units
        self._heads = (
            {}
            if self.options.tied
            else {
                g: (self._matrix(f"head_{g}", units, n), *self._head_bias(g, n))
                for g, n in self._groups().items()
            }
        )
        widths = {"w1": units, "w2": units, "v": 1}  # see _attend
        kinds: list[str] = sorted({d.kind for d in self.decisions} - {"choice"})
        self._attention = {
            kind: tuple(self._matrix(f"{kind}_{n}", units, c) for n, c in widths.items())
            for kind in kinds
        }
        self._accuracy = (
            self._matrix("accuracy", units, members),
            self._vector("accuracy_bias", members),
        )

    def _head_bias(self, group: str, size: int) -> list[keras.Variable]:
        biases = self.options.biases
        if biases is not None and group not in biases:
            return []
        bias = self._vector(f"head_{group}_bias", size)
        if biases is not None:
            bias.assign(biases[group])
        return [bias]

    def _groups(self) -> dict[str, int]:
        """Options per group of choices."""
        return {d.group: len(d.options) for d in self.decisions if d.kind == "choice"}

    def _matrix(self, name: str, rows: int, columns: int) -> keras.Variable:
        seed, bound = next(self._seeds), self.options.weights
        init = (
            keras.initializers.GlorotUniform(seed)
            if bound is None
            else keras.initializers.RandomUniform(-bound, bound, seed)
        )
        return self.add_weight(shape=(rows, columns), initializer=init, name=name)

    def _vector(self, name: str, size: int) -> keras.Variable:
        return self.add_weight(shape=(size,), initializer="zeros", name=name)

    def policy_head_variables(self) -> list:
        """What turns the LSTM's state into decisions."""
        parts = [*self._heads.values(), *self._attention.values()]
        return [variable for part in parts for variable in part]

    def accuracy_head_variables(self) -> list:
        """What turns the LSTM's state into an expected score."""
        return list(self._accuracy)

    def trunk_variables(self) -> list:
        """What both heads stand on: LSTM, embeddings, start and given anchors."""
        heads = {id(v) for v in self.policy_head_variables() + self.accuracy_head_variables()}
        return [v for v in self.trainable_variables if id(v) not in heads]

    @tf.function(autograph=False, input_signature=[_SCALAR, _PAIR])
    def sample(self, n: tf.Tensor, seed: tf.Tensor) -> tuple[Walks, tf.Tensor]:
        """Draw n architectures in one compiled call; equal seeds give equal draws.

        Args:
            n: how many, an int32 scalar tensor.
            seed: two int32 numbers.

        Returns:
            The walks, and the scores expected of them, see `accuracy`.
        """

        def draw(position: int, log_probs: tf.Tensor) -> tf.Tensor:
            # Gumbel-max: the argmax of log p + Gumbel noise has distribution p. The open
            # interval keeps both logarithms finite; illegal options lie 1e9 lower.
            uniform = tf.random.stateless_uniform(
                tf.shape(log_probs), [seed[0], seed[1] + position * 7919], minval=1e-12
            )
            noisy = log_probs - tf.math.log(-tf.math.log(uniform))
            return tf.argmax(noisy, axis=-1, output_type=tf.int32)

        walks = self._unroll(n, draw)
        return walks, self.accuracy(walks.summary)

    @tf.function(autograph=False, input_signature=[_TABLE])
    def expect(self, tokens: tf.Tensor) -> tf.Tensor:
        """The scores expected of given walks, see `accuracy`."""
        return self.accuracy(self.teacher_force(tokens).summary)

    def accuracy(self, summary: tf.Tensor) -> tf.Tensor:
        """The score that each accuracy head expects, `(N, members)` in (0, 1)."""
        kernel, bias = self._accuracy
        return tf.sigmoid(tf.matmul(summary, kernel) + bias)

    def teacher_force(self, tokens: tf.Tensor) -> Walks:
        """Log-probabilities, entropies and summaries of given walks, int32 `(N, T)`."""
        return self._unroll(tf.shape(tokens)[0], lambda position, _: tokens[:, position])

    def _unroll(self, n: tf.Tensor, choose: Callable) -> Walks:
        """Walk the decisions; `choose(position, log_probs)` gives the tokens `(n,)`.

        Walks that have ended go on with token 0, to no effect: their further decisions are
        not counted, and their summary is taken where they ended.
        """
        inputs = start = tf.tile(tf.convert_to_tensor(self._start), [n, 1])
        state = (tf.zeros([n, self.units]), tf.zeros([n, self.units]))
        anchors = self._first_anchors(n)
        going = tf.ones([n])  # 1 while a walk has decisions left, then 0
        place = tf.zeros([n], tf.int32)  # the walk's state in the masks
        counted, tokens, states, bits = [], [], [], [tf.zeros([n, 0])]
        for step, ends_node in zip(self._steps, self._node_ends(), strict=True):
            state = self._advance(inputs, self._meet(step[0][1], start, state, anchors))
            chosen = []
            for position, decision in step:
                logits, mask = self._logits(decision, state[0], anchors), self._masks[position]
                options = pg.masked_log_softmax(logits, _rows(mask.opened, place))
                token = choose(position, options) * tf.cast(going, tf.int32)
                one_hot = tf.one_hot(token, len(decision.options))
                taken = tf.reduce_sum(one_hot * options, axis=1)
                counted.append((going * taken, going * pg.entropy(options), going))
                tokens.append(token)
                chosen.append(one_hot)
                states.append(state[0])
                if decision.kind == "bit":
                    bits.append(going[:, None] * (logits[:, 1:] - logits[:, :1]))
                if mask.ends.any():  # nothing is computed that is the same for all walks
                    going *= 1.0 - _entry(mask.ends, place, one_hot)
                if mask.after.any():
                    place = tf.cast(_entry(mask.after, place, one_hot), tf.int32)
            inputs = self._feed([decision for _, decision in step], chosen, anchors)
            node = step[-1][1]
            if self.options.anchor_step and ends_node and node.kind != "bit":
                state, inputs = self._advance(inputs, state), start
            anchors[node.node] = Anchor(state[0], state[0])
        states.append(self._advance(inputs, state)[0])
        log_probs, entropies, lengths = map(tf.add_n, zip(*counted, strict=True))
        stacked, lengths = tf.stack(tokens, axis=1), tf.cast(lengths, tf.int32)
        # The state that has read the last token is the one in which the next is decided.
        summary = tf.gather(tf.stack(states, axis=1), lengths, batch_dims=1)
        return Walks(stacked, lengths, log_probs, entropies, summary, tf.concat(bits, axis=1))

    def _node_ends(self) -> list[bool]:
        """Of each step, whether the next one describes another node."""
        nodes = [step[0][1].node for step in self._steps]
        return [node != after for node, after in zip(nodes, [*nodes[1:], None], strict=True)]

    def _first_anchors(self, n: tf.Tensor) -> dict[int, Anchor]:
        """Anchors of the given nodes, as far as they are known before the first step."""
        if self.options.given == "zero":
            zeros = tf.zeros([n, self.units])
            return {node: Anchor(zeros, zeros) for node in self._given()}
        tiled = {
            int(node): tf.tile(tf.convert_to_tensor(anchor), [n, 1])
            for node, anchor in self._trained_anchors.items()
        }
        return {node: Anchor(anchor, anchor) for node, anchor in tiled.items()}

    def _meet(self, decision: Decision, start: tf.Tensor, state: tuple, anchors: dict) -> tuple:
        """The state after a step for each given node that is met here for the first time."""
        if decision.kind == "pointer":
            for node in decision.options:
                if node not in anchors:
                    state = self._advance(start, state)
                    anchors[node] = Anchor(state[0], tf.zeros_like(start))
        return state

    def _advance(self, inputs: tf.Tensor, state: tuple) -> tuple[tf.Tensor, tf.Tensor]:
        """One LSTM step on `(N, units)`; the state is (h, c)."""
        h, c = state
        gates = tf.matmul(tf.concat([inputs, h], axis=1), self._kernel)
        if self.options.biases is None:
            gates += self._bias
        i, f, g, o = tf.split(gates, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    def _logits(self, decision: Decision, h: tf.Tensor, anchors: dict) -> tf.Tensor:
        """The decision's logits in their final form, `(N, options)`."""
        logits, offset = self._raw_logits(decision, h, anchors), self.options.offset(decision)
        if decision.kind in self.options.tanh:
            constant = self.options.tanh[decision.kind]
            logits = constant * tf.tanh(logits / self.options.temperature)
        return logits if offset is None else logits + tf.constant(offset, tf.float32)

    def _raw_logits(self, decision: Decision, h: tf.Tensor, anchors: dict) -> tf.Tensor:
        """Choice: `(N, options)`. Pointer: a score per earlier node. Bit: (-q, q)."""
        if decision.kind == "choice" and self.options.tied:
            return tf.matmul(h, self._embeddings[decision.group], transpose_b=True)
        if decision.kind == "choice":
            kernel, *bias = self._heads[decision.group]
            return sum(bias, tf.matmul(h, kernel))
        asked = decision.options if decision.kind == "pointer" else (decision.about,)
        q = [self._attend(decision.kind, anchors[node].key, h) for node in asked]
        return tf.concat(q if decision.kind == "pointer" else [-q[0], q[0]], axis=1)

    def _attend(self, kind: str, anchor: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        """v · tanh(W1 anchor + W2 h), `(N, 1)`: how well an earlier node suits this one."""
        w1, w2, v = self._attention[kind]
        return tf.matmul(tf.tanh(tf.matmul(anchor, w1) + tf.matmul(h, w2)), v)

    def _feed(self, decisions: list[Decision], one_hots: list, anchors: dict) -> tf.Tensor:
        """What the next step reads: the embedding of a choice, the anchor pointed at, or
        the mean of the connected anchors, with the unconnected start counted as one."""
        first = decisions[0]
        if first.kind == "choice":
            return tf.matmul(one_hots[0], self._embeddings[first.group])
        if first.kind == "pointer":
            reach = self.options.reach(first)
            weights = one_hots[0] if reach is None else one_hots[0] * tf.constant(reach)
            columns = tf.unstack(weights, num=len(first.options), axis=1)
            pairs = zip(columns, first.options, strict=True)
            return tf.add_n([column[:, None] * anchors[node].fed for column, node in pairs])
        bits = [one_hot[:, 1:] for one_hot in one_hots]
        pairs = zip(bits, decisions, strict=True)
        connected = tf.add_n([bit * anchors[decision.about].fed for bit, decision in pairs])
        return connected / (1.0 + tf.add_n(bits))


def _rows(table: np.ndarray, place: tf.Tensor) -> tf.Tensor | np.ndarray:
    """The row of a mask's table for each walk, `(N, options)`; of one state, simply its own."""
    return table[0] if len(table) == 1 else tf.gather(table, place)


def _entry(table: np.ndarray, place: tf.Tensor, one_hot: tf.Tensor) -> tf.Tensor:
    """What a mask's table says of each walk's token, float32 `(N,)`."""
    return tf.reduce_sum(one_hot * _rows(table.astype(np.float32), place), axis=1)


def padded(walks: Sequence[Tokens], length: int) -> np.ndarray:
    """int32 `(len(walks), length)`, zeros after the end of each walk."""
    table = np.zeros((len(walks), length), np.int32)
    for row, walk in zip(table, walks, strict=True):
        row[: len(walk)] = walk
    return table
