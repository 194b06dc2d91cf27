"""SharedLanguageModel: token vectors around a `SharedCell`, with its compiled steps.

The vectors serve as output matrix too. A training step changes the token vectors and the
matrices on one cell's path, and nothing else. It is compiled once for all cells.

Source: Pham et al., ICML 2018, sections 2.1 and 3.1, and the authors' code.
"""

import numpy as np
import tensorflow as tf

from rnncell.recipes import Regularization
from rnncell.supernet.language import masks, mean_nats, temporal_change, vectors
from rnncell.supernet.shared_cell import Path, SharedCell

_COUNT, _RATE = tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float32)
_TOKENS = tf.TensorSpec([None, None], tf.int32)
_TABLE = tf.TensorSpec([None, None], tf.float32)
_ROWS, _SHARES = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.float32)
_PATH = Path(_ROWS, _ROWS, tf.TensorSpec([None, 5], tf.float32), _SHARES)


class SharedLanguageModel:
    """All cells of a space as language models.

    Args:
        cell: the shared cells.
        tokens: size of the vocabulary.
        batch: sequences side by side.
        regularization: dropout, L2 on the matrices in use, slowness.
        clip: greatest norm of the whole gradient.
        seed: of initial vectors and dropout masks.

    Attributes:
        words: the token vectors, `(tokens, units)`.
        carried: the state after the last training step, `(batch, units)`.
        traces: how often the training step was traced; 1 however many cells there were.
    """

    def __init__(
        self,
        cell: SharedCell,
        tokens: int,
        batch: int,
        regularization: Regularization,
        clip: float,
        seed: int = 0,
    ):
        self.cell, self._regular, self._clip, self._seed = cell, regularization, clip, seed
        rng = np.random.default_rng([seed, 1])
        start = rng.uniform(-0.1, 0.1, (tokens, cell.units)).astype(np.float32)
        self.words = tf.Variable(start, name="words")
        self.carried = tf.Variable(tf.zeros([batch, cell.units]), name="carried")
        self.traces = 0

    def variables(self) -> list[tf.Variable]:
        """All of them, each with a name of its own."""
        return [self.words, self.carried, *self.cell.banks]

    @tf.function(
        autograph=False, input_signature=[_PATH, _TOKENS, _TOKENS, _TABLE, _RATE, _COUNT]
    )
    def train_step(
        self,
        path: Path,
        x: tf.Tensor,
        y: tf.Tensor,
        weight: tf.Tensor,
        rate: tf.Tensor,
        number: tf.Tensor,
    ) -> tf.Tensor:
        """One step of gradient descent; returns the nats per token before it.

        Args:
            path: of a cell.
            x, y: token ids `(batch, steps)` and those that follow.
            weight: of each token in the loss.
            rate: learning rate.
            number: of the step; another number, other dropout masks.
        """
        words = tf.convert_to_tensor(self.words)
        weights = [words, *self.cell.kernels(path.rows)]
        nats, state, changes = self._descent(
            weights, path, (x, y, weight), self.carried.value(), number
        )
        self._apply([rate * change for change in changes], path)
        self.carried.assign(state)
        return nats

    @tf.function(autograph=False, jit_compile=True)
    def _descent(
        self,
        weights: list[tf.Tensor],
        path: Path,
        window: tuple[tf.Tensor, ...],
        state: tf.Tensor,
        number: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """Nats per token, the state at the end, and the clipped gradient.

        Cells without a squashing activation can let their state grow beyond bounds. Such a
        step changes nothing, and the next one starts from a zero state.
        """
        self.traces += 1
        x, y, weight = window
        with tf.GradientTape() as tape:
            tape.watch(weights)
            keep = masks(self._regular, self.cell.units, tf.shape(x), self._seed, number)
            outputs = self._outputs(weights, path, x, state, keep)
            nats = mean_nats(outputs * keep.get("output", 1.0), weights[0], y, weight)
            loss = nats + self._regular.slowness * temporal_change(outputs)
        gradients = map(tf.convert_to_tensor, tape.gradient(loss, weights))
        pairs = zip(gradients, weights, strict=True)
        decayed = [g + 2.0 * self._regular.l2 * w for g, w in pairs]
        clipped, norm = tf.clip_by_global_norm(decayed, self._clip)
        sound = tf.math.is_finite(norm) & tf.reduce_all(tf.math.is_finite(outputs[-1]))
        kept = [tf.where(sound, part, 0.0) for part in (outputs[-1], *clipped)]
        return nats, kept[0], kept[1:]

    @tf.function(
        autograph=False,
        jit_compile=True,
        input_signature=[_PATH, _TOKENS, _TOKENS, _TABLE, tf.TensorSpec([None, None])],
    )
    def evaluate(
        self, path: Path, x: tf.Tensor, y: tf.Tensor, weight: tf.Tensor, state: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Nats per token without dropout, and the state `(batch, units)` at the end."""
        words = tf.convert_to_tensor(self.words)
        weights = [words, *self.cell.kernels(path.rows)]
        outputs = self._outputs(weights, path, x, state, {})
        return mean_nats(outputs, words, y, weight), outputs[-1]

    def _outputs(
        self, weights: list, path: Path, x: tf.Tensor, state: tf.Tensor, keep: dict
    ) -> tf.Tensor:
        """What the cell puts out, `(steps, batch, units)`."""
        entering = vectors(weights[0], x, keep)
        return self.cell.unroll(entering, state, weights[1:], path, keep.get("state", 1.0))

    def _apply(self, changes: list[tf.Tensor], path: Path) -> None:
        self.words.assign_sub(changes[0])
        for i, (bank, change) in enumerate(zip(self.cell.banks, changes[1:], strict=True)):
            bank.scatter_sub(tf.IndexedSlices(change[None], path.rows[i : i + 1]))
