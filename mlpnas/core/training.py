"""KerasTrainer: fits any generator's model with plain `compile` and `fit`.

The reference against which faster trainers are tested, and what packages without a trainer
of their own use.
"""

import math
import time

import keras
import numpy as np
import tensorflow as tf

from mlpnas.core.evaluator import Generator, Job, Outcome, Recipe
from mlpnas.core.shared_weights import Weights
from mlpnas.core.task import Task


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
            self._batches(seed), validation_data=(task.valid.x, task.valid.y),
            epochs=recipe.epochs, callbacks=callbacks, shuffle=False, verbose=0,
        ).history  # fmt: skip
        return list(zip(log["loss"], log.get("val_loss", log["loss"]), strict=False))

    def _batches(self, seed: int) -> tf.data.Dataset:
        """The training rows in batches, in a new order every epoch.

        `fit` would shuffle arrays by TensorFlow's global seed, which is the user's.
        """
        train = self._task.train
        parts = [part for part in (train.x, train.y, train.weight) if part is not None]
        rows = tf.data.Dataset.from_tensor_slices(tuple(parts))
        return rows.shuffle(len(train), seed=seed).batch(self._recipe.batch_size)


def set_weights(model: keras.Model, weights: Weights) -> None:
    """Put arrays into the layers that their keys name."""
    for key, arrays in weights.items():
        model.get_layer(key).set_weights(list(arrays))


def get_weights(model: keras.Model) -> Weights:
    """The arrays of every layer that has weights, by layer name, which is the weight key."""
    return {layer.name: tuple(layer.get_weights()) for layer in model.layers if layer.weights}
