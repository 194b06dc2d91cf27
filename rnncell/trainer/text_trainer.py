"""TextTrainer: fits a language model by truncated back-propagation with carried states.

The sequences of a window continue those of the window before, so the network's states are
carried over and set to zero only where the text begins again. Validation reads the whole fold
the same way. Perplexity is exp of the mean cross-entropy per token, in nats.
"""

import math
import time
from typing import Any

import keras
import numpy as np

from mlpnas.core.shared_weights import Weights
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Outcome
from mlpnas.core.trainer.keras_trainer import get_weights, set_weights
from rnncell.data.text import windows
from rnncell.generator.networks import CellGenerator
from rnncell.recipes import ENAS_REWARD, Reward, TextRecipe


class TextTrainer:
    """See `trainer.base.Trainer`: the curve holds validation perplexities.

    Args:
        task: a text.
        generator: builds the language models; their batch is the recipe's.
        recipe: how to train.
        reward: of the best perplexity.
    """

    def __init__(
        self,
        task: Task,
        generator: CellGenerator,
        recipe: TextRecipe,
        reward: Reward = ENAS_REWARD,
    ):
        self._task, self._generator, self._recipe = task, generator, recipe
        self._reward = reward

    def train(self, job: Job) -> Outcome:
        """See `trainer.base.Trainer`.

        Raises:
            InputError: if the job has a part, or a recipe that is no `TextRecipe`.
        """
        job.refuse("a text is read from its beginning to its end", "part")
        start, recipe = time.perf_counter(), job.recipe_or(self._recipe)
        model = self._generator.with_batch(recipe.batch).build(
            job.architecture, self._task, seed=job.seed
        )
        set_weights(model, job.weights)
        follow = _Follow(model)
        train, valid = (Batches(fold, recipe) for fold in (self._task.train, self._task.valid))
        compile_model(model, recipe, recipe.epochs * len(train))
        log = model.fit(
            train, validation_data=valid, epochs=recipe.epochs, shuffle=False, verbose=0,
            callbacks=[follow, keras.callbacks.TerminateOnNaN()],
        ).history  # fmt: skip
        losses = tuple(zip(log["loss"], log.get("val_loss", log["loss"]), strict=False))
        finite = follow.curve and all(math.isfinite(value) for value in follow.curve)
        return Outcome(
            curve=tuple(follow.curve),
            losses=losses,
            weights=follow.best,
            parameters=sum(math.prod(w.shape) for w in model.trainable_weights),
            seconds=time.perf_counter() - start,
            reason=None if finite else f"diverged: loss not finite in epoch {len(losses)}",
            score=self._reward(min(follow.curve)) if finite else None,
        )


class Batches(keras.utils.PyDataset):
    """The windows of a fold, in order."""

    def __init__(self, fold: Fold, recipe: TextRecipe):
        super().__init__()
        self._windows = windows(fold, recipe.batch, recipe.steps)

    def __len__(self) -> int:
        return len(self._windows.x)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        return tuple(part[index] for part in self._windows)


class _Follow(keras.callbacks.Callback):
    """Starts every reading of a text from zero states; notes perplexities, keeps the best."""

    def __init__(self, model: keras.Model):
        super().__init__()
        self._network = model
        self.curve: list[float] = []
        self.best: Weights = {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._network.get_layer("rnn").reset_state()

    def on_test_begin(self, logs: Any = None) -> None:
        self._network.get_layer("rnn").reset_state()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.curve.append(math.exp(min(logs["val_nats"], 700.0)))
        if self.curve[-1] == min(self.curve):
            self.best = get_weights(self._network)


def compile_model(model: keras.Model, recipe: TextRecipe, steps: int) -> None:
    """Ready for `fit` over so many steps, and for `evaluate`."""
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps, alpha=0.05)
    kind = keras.optimizers.Adam if recipe.optimizer == "adam" else keras.optimizers.SGD
    model.compile(
        kind(rate, global_clipnorm=recipe.clip),
        keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="mean_with_sample_weight"
        ),
        weighted_metrics=[
            keras.metrics.SparseCategoricalCrossentropy("nats", from_logits=True)
        ],
    )


def perplexity(model: keras.Model, fold: Fold, recipe: TextRecipe) -> float:
    """Of a compiled stateful language model on a whole fold, read from zero states."""
    follow = _Follow(model)
    found = model.evaluate(
        Batches(fold, recipe), callbacks=[follow], verbose=0, return_dict=True
    )
    return math.exp(found["nats"])
