"""TextSupernet: the shared weights of all cells of a space, learning from a text.

Training carries the state over from window to window, whatever the cell. A score is the
reward of one validation window, read from a zero state.

Source: Pham et al., ICML 2018, section 3.1.
"""

import logging
import math
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.task import Fold, Task
from rnncell.data.text import windows
from rnncell.recipes import ENAS_REWARD, Network, Reward, SupernetRecipe
from rnncell.space.enas_space import ENASCellSpace
from rnncell.supernet.shared_cell import Path, SharedCell
from rnncell.supernet.shared_model import SharedLanguageModel

log = logging.getLogger(__name__)


class TextSupernet:
    """See `mlpnas.core.supernet.Supernet`.

    Args:
        space: of the cells.
        task: a text.
        network: what surrounds the cell.
        recipe: how to train.
        reward: of a perplexity.
        seed: of initial weights and dropout.

    Attributes:
        steps: windows in the training text.
        model: the weights.
    """

    space: SearchSpace

    def __init__(
        self,
        space: ENASCellSpace,
        task: Task,
        network: Network,
        recipe: SupernetRecipe,
        reward: Reward = ENAS_REWARD,
        seed: int = 0,
    ):
        self.space, self._recipe, self._reward, self._seed = space, recipe, reward, seed
        self._training, self._validation = self._cut(task.train), self._cut(task.valid)
        self.steps, self._step = len(self._training), 0
        cell = SharedCell(space, network.units, network.average, recipe.per_activation, seed)
        self.model = SharedLanguageModel(
            cell, len(task.classes), recipe.batch, network.regularization, recipe.clip, seed
        )

    def _cut(self, fold: Fold) -> list[tuple[np.ndarray, ...]]:
        return list(zip(*windows(fold, self._recipe.batch, self._recipe.steps), strict=True))

    def train(self, architectures: Sequence[Architecture]) -> float:
        losses = np.array([float(self._train(self._path(a))) for a in architectures])
        finite = losses[np.isfinite(losses)]
        if len(finite) < len(losses):
            lost = len(losses) - len(finite)
            log.warning("%d of %d steps of the shared weights overflowed", lost, len(losses))
        return float(finite.mean()) if len(finite) else math.nan

    def _train(self, path: Path) -> tf.Tensor:
        passes, place = divmod(self._step, self.steps)
        if place == 0:
            self.model.carried.assign(tf.zeros_like(self.model.carried))
        decays = max(0, passes + 1 - self._recipe.decay_from)
        rate = tf.constant(self._recipe.learning_rate * self._recipe.decay**decays)
        number = tf.constant(self._step)
        self._step += 1
        return self.model.train_step(path, *self._training[place], rate, number)

    def score(self, architectures: Sequence[Architecture], batch: int) -> list[float]:
        again, place = divmod(batch, len(self._validation))
        order = np.random.default_rng([self._seed, 2, again]).permutation(len(self._validation))
        window = self._validation[order[place]]
        return [self._reward(self._perplexity(a, [window])) for a in architectures]

    def validate(self, architectures: Sequence[Architecture]) -> list[float]:
        first = self._validation[: self._recipe.slice]
        return [self._reward(self._perplexity(a, first)) for a in architectures]

    def _perplexity(
        self, architecture: Architecture, parts: Sequence[tuple[np.ndarray, ...]]
    ) -> float:
        """On windows that are read one after another, from a zero state."""
        path, state = self._path(architecture), tf.zeros_like(self.model.carried)
        nats = []
        for window in parts:
            mean, state = self.model.evaluate(path, *window, state)
            nats.append(mean.numpy())
        tokens = [window[2].sum() for window in parts]
        return math.exp(min(float(np.average(nats, weights=tokens)), 700.0))

    def parameters(self, architecture: Architecture) -> int:
        matrices = [bank.shape[1:] for bank in self.model.cell.banks]
        return sum(math.prod(shape) for shape in (*matrices, self.model.words.shape))

    def state(self) -> dict[str, np.ndarray]:
        arrays = {v.name: v.numpy() for v in self.model.variables()}
        return {**arrays, "step": np.array(self._step)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        for variable in self.model.variables():
            variable.assign(state[variable.name])
        self._step = int(state["step"])

    def _path(self, architecture: Architecture) -> Path:
        return Path(*map(tf.constant, self.model.cell.path(architecture)))
