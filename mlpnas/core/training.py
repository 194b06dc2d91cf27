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
        # `fit` shuffles with NumPy's global generator; an explicit order keeps that untouched.
        order = np.random.default_rng(seed).permutation(len(task.train))
        x, y, weight = (None if part is None else part[order] for part in task.train)
        log = model.fit(
            x,
            y,
            sample_weight=weight,
            batch_size=recipe.batch_size,
            epochs=recipe.epochs,
            validation_data=(task.valid.x, task.valid.y),
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        ).history
        return list(zip(log["loss"], log.get("val_loss", log["loss"]), strict=False))


def set_weights(model: keras.Model, weights: Weights) -> None:
    """Put arrays into the layers that their keys name."""
    for key, arrays in weights.items():
        model.get_layer(key).set_weights(list(arrays))


def get_weights(model: keras.Model) -> Weights:
    """The arrays of every layer that has weights, by layer name, which is the weight key."""
    return {layer.name: tuple(layer.get_weights()) for layer in model.layers if layer.weights}
