"""KerasTrainer: fits any generator's model with plain `compile` and `fit`.

The reference against which faster trainers are tested, and what packages without a trainer
of their own use.
"""

import math
import time

import keras
import numpy as np

from mlpnas.core.evaluator import Generator, Job, Outcome, Recipe
from mlpnas.core.shared_weights import Weights
from mlpnas.core.task import Fold, Task


class KerasTrainer:
    """See `evaluator.Trainer`.

    Args:
        task: the data.
        generator: builds the models.
        recipe: how long and how to train.
    """

    def __init__(self, task: Task, generator: Generator, recipe: Recipe):
        self._task, self._generator, self._recipe = task, generator, recipe

    def train(self, job: Job) -> Outcome:
        start = time.perf_counter()
        model = self._generator.build(job.architecture, self._task, seed=job.seed)
        set_weights(model, job.weights)
        curve: list[float] = []
        losses = self._fit(model, job.seed, curve)
        finite = all(math.isfinite(value) for pair in losses for value in pair)
        return Outcome(
            curve=tuple(curve),
            losses=tuple(losses),
            weights=get_weights(model),
            parameters=sum(int(np.prod(v.shape)) for v in model.trainable_weights),
            seconds=time.perf_counter() - start,
            reason=None if finite else f"diverged: loss not finite in epoch {len(losses)}",
        )

    def _fit(self, model: keras.Model, seed: int, curve: list[float]) -> list:
        task, recipe = self._task, self._recipe

        def follow(epoch: int, logs: dict) -> None:
            outputs = model.predict(task.valid.x, batch_size=4096, verbose=0)
            curve.append(task.score(task.valid.y, outputs))

        callbacks = [
            keras.callbacks.LambdaCallback(on_epoch_end=follow),
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.EarlyStopping(
                "val_loss",
                patience=recipe.epochs if recipe.patience is None else recipe.patience,
                restore_best_weights=True,
            ),
        ]
        model.compile(keras.optimizers.Adam(recipe.learning_rate), loss=task.loss)
        log = model.fit(
            _Batches(task.train, recipe.batch_size, seed),
            validation_data=(task.valid.x, task.valid.y),
            epochs=recipe.epochs, callbacks=callbacks, shuffle=False, verbose=0,
        ).history  # fmt: skip
        return list(zip(log["loss"], log.get("val_loss", log["loss"]), strict=False))


class _Batches(keras.utils.PyDataset):
    """Training rows in batches, in a new order every epoch, from a generator of its own.

    `fit` shuffles arrays, and tf.data its elements, by TensorFlow's global seed, which is the
    user's.
    """

    def __init__(self, fold: Fold, batch_size: int, seed: int):
        super().__init__()
        self._parts = [part for part in (fold.x, fold.y, fold.weight) if part is not None]
        self._rows, self._batch_size = len(fold), batch_size
        self._rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(self._rows / self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        start = index * self._batch_size
        rows = self._order[start : start + self._batch_size]
        return tuple(part[rows] for part in self._parts)

    def on_epoch_end(self) -> None:
        self._order = self._rng.permutation(self._rows)


def set_weights(model: keras.Model, weights: Weights) -> None:
    """Put arrays into the layers that their keys name."""
    for key, arrays in weights.items():
        model.get_layer(key).set_weights(list(arrays))


def get_weights(model: keras.Model) -> Weights:
    """The arrays of every layer that has weights, by layer name, which is the weight key."""
    return {layer.name: tuple(layer.get_weights()) for layer in model.layers if layer.weights}
