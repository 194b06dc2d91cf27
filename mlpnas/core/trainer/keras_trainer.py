"""KerasTrainer: fits any generator's model with plain `compile` and `fit`.

The reference against which faster trainers are tested, and what packages without a trainer
of their own use.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mlpnas.core.generator import Generator
from mlpnas.core.shared_weights import Weights
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Outcome, Recipe

# From a batch of inputs and a seed of two int32 to varied inputs of the same shape.
Vary = Callable[[Any, Any], Any]
# From a recipe and a number of steps to what takes them.
MakeOptimizer = Callable[[Recipe, int], keras.optimizers.Optimizer]


def adam(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    """Adam with a constant learning rate."""
    return keras.optimizers.Adam(recipe.learning_rate)


class KerasTrainer:
    """Fits networks with `compile` and `fit`; a `trainer.base.Trainer`.

    Args:
        task: the data.
        generator: builds the models.
        recipe: how long and how to train.
        optimizer: made for each network.
        vary: augmentation of the training rows, if any.
        l2: weight of the sum of squared weights in the training loss. Unlike an optimizer's
            own `weight_decay`, which Keras applies beside momentum, it is part of the gradient.
        decayed: which trainable weights that sum is of.
        loss: of targets and outputs, to learn by; None for the task's.

    Examples:
        >>> from mlpnas import Job, KerasTrainer, MLPGenerator, MLPSpace, Recipe
        >>> from mlpnas.testing.fakes import tiny_task
        >>> space, task = MLPSpace((3, "softmax")), tiny_task("multiclass")
        >>> trainer = KerasTrainer(task, MLPGenerator(space), Recipe(epochs=2))
        >>> outcome = trainer.train(Job(space.parse("(8, 'relu'), (3, 'softmax')"), seed=0))
        >>> len(outcome.curve), outcome.parameters, outcome.reason
        (2, 67, None)
    """

    def __init__(
        self,
        task: Task,
        generator: Generator,
        recipe: Recipe,
        optimizer: MakeOptimizer = adam,
        vary: Vary | None = None,
        l2: float = 0.0,
        decayed: Callable[[keras.Variable], bool] = lambda weight: True,
        loss: Callable[[Any, Any], Any] | None = None,
    ):
        self._task, self._generator, self._recipe = task, generator, recipe
        self._optimizer, self._vary, self._loss = optimizer, vary, loss
        self._l2, self._decayed = l2, decayed

    def train(self, job: Job) -> Outcome:
        start = time.perf_counter()
        recipe, task = job.recipe_or(self._recipe), job.folds(self._task)
        model = self._generator.build(job.architecture, task, seed=job.seed)
        set_weights(model, job.weights)
        validation = _Validation(task, recipe)
        losses = self._fit(model, task, recipe, job.seed, validation)
        finite = all(math.isfinite(value) for pair in losses for value in pair)
        return Outcome(
            curve=tuple(validation.curve),
            losses=tuple(losses),
            weights=get_weights(model),
            parameters=sum(int(np.prod(v.shape)) for v in model.trainable_weights),
            seconds=time.perf_counter() - start,
            reason=None if finite else f"diverged: loss not finite in epoch {len(losses)}",
        )

    def _fit(
        self,
        model: keras.Model,
        task: Task,
        recipe: Recipe,
        seed: int,
        validation: "_Validation",
    ) -> list:
        if self._l2:
            for weight in filter(self._decayed, model.trainable_weights):
                weight.regularizer = keras.regularizers.L2(self._l2)
        batches = _Batches(task.train, recipe.batch_size, seed, self._vary)
        callbacks = [
            validation,
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.EarlyStopping(
                "best_epoch",
                mode="max",  # of a number that rises whenever an epoch is the best so far
                patience=recipe.epochs if recipe.patience is None else recipe.patience,
                restore_best_weights=True,
            ),
        ]
        optimizer = self._optimizer(recipe, recipe.epochs * len(batches))
        model.compile(optimizer, loss=self._loss or task.loss)
        losses = model.fit(
            batches, epochs=recipe.epochs, callbacks=callbacks, shuffle=False, verbose=0
        ).history["loss"]
        return list(zip(losses, validation.losses or losses, strict=False))


class _Validation(keras.callbacks.Callback):
    """Follows a network on the validation fold, in one pass for loss and metric.

    Args:
        task: has the fold.
        recipe: says which epoch is the best.

    Attributes:
        curve, losses: metric and loss after each epoch.
    """

    def __init__(self, task: Task, recipe: Recipe):
        super().__init__()
        self._task, self._recipe, self._loss = task, recipe, keras.losses.get(task.loss)
        self.curve: list[float] = []
        self.losses: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        x, y = self._task.valid.x, self._task.valid.y
        outputs = self.model.predict(x, batch_size=512, verbose=0)
        self.curve.append(self._task.score(y, outputs))
        target = y[:, None] if y.ndim == 1 else y
        self.losses.append(float(np.mean(self._loss(target, outputs))))
        if logs is not None:
            # Early stopping, which comes next, looks there.
            logs["best_epoch"] = self._recipe.best_epoch(self.curve, self.losses)


class _Batches(keras.utils.PyDataset):
    """Training rows in batches, in a new order every epoch, from a generator of its own.

    `fit` shuffles arrays, and tf.data its elements, by TensorFlow's global seed, which is the
    user's.
    """

    def __init__(self, fold: Fold, batch_size: int, seed: int, vary: Vary | None = None):
        super().__init__()
        self._parts = [part for part in (fold.x, fold.y, fold.weight) if part is not None]
        self._rows, self._batch_size = len(fold), batch_size
        self._rng, self._vary = np.random.default_rng(seed), vary
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(self._rows / self._batch_size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        start = index * self._batch_size
        rows = self._order[start : start + self._batch_size]
        x, *others = (part[rows] for part in self._parts)
        if self._vary is not None:
            x = self._vary(x, tf.constant([self._epoch_seed, index])).numpy()
        return (x, *others)

    def on_epoch_end(self) -> None:
        self._order = self._rng.permutation(self._rows)
        if self._vary is not None:
            self._epoch_seed = int(self._rng.integers(2**31 - 1))


def set_weights(model: keras.Model, weights: Weights) -> None:
    """Put arrays into the layers that their keys name."""
    for key, arrays in weights.items():
        model.get_layer(key).set_weights(list(arrays))


def get_weights(model: keras.Model) -> Weights:
    """The arrays of every layer that learns, by layer name, which is the weight key."""
    learning = [layer for layer in model.layers if layer.weights and layer.trainable]
    return {layer.name: tuple(layer.get_weights()) for layer in learning}
