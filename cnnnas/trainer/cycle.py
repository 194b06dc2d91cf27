"""CycleTrainer: one cycle of the learning rate while the images grow, see `recipe`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnnas.generator.precision import MixedPrecision
from cnnnas.names import Variation
from cnnnas.trainer.recipe import Cycle, Side
from cnnnas.trainer.training import augmentation
from mlpnas.core.errors import InputError
from mlpnas.core.generator import Generator
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Job, Outcome, Recipe
from mlpnas.core.trainer.keras_trainer import KerasTrainer, get_weights, set_weights

SETTLING = 2400  # images from which means and variances are taken anew
FIRST = np.arange(1)  # row; as good as all where shapes are asked for


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """A part of the cycle: linearly up from 0, then down to 0 along half a cosine.

    Args:
        high: the highest rate.
        rise: share of the cycle in which the rate rises.
        steps: of this part.
        start, end: where the part lies in the cycle, in [0, 1].
    """

    def __init__(self, high: float, rise: float, steps: int, start: float, end: float):
        self._high, self._rise, self._steps = high, rise, steps
        self._start, self._end = start, end

    def __call__(self, step: Any) -> Any:
        done = tf.cast(step, "float32") / self._steps
        at = self._start + (self._end - self._start) * done
        down = 0.5 * (1 + tf.cos(math.pi * (at - self._rise) / (1 - self._rise)))
        return self._high * tf.where(at < self._rise, at / self._rise, down)

    def get_config(self) -> dict[str, float]:
        return {
            "high": self._high, "rise": self._rise, "steps": self._steps,
            "start": self._start, "end": self._end,
        }  # fmt: skip


class CycleTrainer:
    """See `trainer.base.Trainer`.

    Args:
        task: images in folds.
        generator: builds the networks. Where the weights of one depend on the size of its
            images, it is trained at full size only.
        recipe: how long and how to train.
        variation: how training images are varied.
    """

    def __init__(self, task: Task, generator: Generator, recipe: Cycle, variation: Variation):
        self._task, self._generator = task, generator
        self._recipe, self._variation = recipe, variation

    def train(self, job: Job) -> Outcome:
        task = job.folds(self._task)
        recipe = job.recipe_or(self._recipe).for_rows(len(task.train))
        height, width, _ = task.input_shape
        full = (height, width)
        sides = [s for s in recipe.sides(full) if s == full or self._fits(job, task, s)]
        plan = list(zip(sides, recipe.epochs(full, sides), strict=True))
        outcomes: list[Outcome] = []
        for number, (side, epochs) in enumerate(plan):
            span = (number / len(plan), (number + 1) / len(plan))
            trainer = self._trainer(resized(task, side), recipe, epochs, span)
            weights = outcomes[-1].weights if outcomes else job.weights
            # Another order of the images at each size.
            outcomes.append(trainer.train(Job(job.architecture, job.seed + number, weights)))
            if outcomes[-1].reason:
                break
        return self._settled(job, task, recipe, _joined(outcomes))

    def _settled(self, job: Job, task: Task, recipe: Cycle, outcome: Outcome) -> Outcome:
        """The same network with means and variances of images of full size, which those that it
        has followed while it learned are not."""
        if outcome.reason:
            return outcome
        model = self._generator.build(job.architecture, task, seed=job.seed)
        set_weights(model, outcome.weights)
        settle(model, task.train.x[:SETTLING], recipe.batch_size)
        return replace(outcome, weights=get_weights(model))

    def _fits(self, job: Job, task: Task, side: Side) -> bool:
        """Whether the network of smaller images has the same weights."""
        one = task.train.take(FIRST)
        smaller = resized(replace(task, train=one, valid=one), side)
        shapes = self._generator.weight_shapes
        try:
            return shapes(job.architecture, smaller) == shapes(job.architecture, task)
        except InputError:  # too small for its strides
            return False

    def _trainer(
        self, task: Task, recipe: Cycle, epochs: int, span: tuple[float, float]
    ) -> KerasTrainer:
        def optimizer(plan: Recipe, steps: int) -> keras.optimizers.Optimizer:
            rate = OneCycle(plan.learning_rate, recipe.rise, steps, *span)
            return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, global_clipnorm=5.0)

        plain = Recipe(epochs, None, recipe.batch_size, recipe.learning_rate, best="last")
        vary = augmentation(self._variation, task, mirrored=True)
        return KerasTrainer(
            task, self._generator, plain, optimizer, vary,
            l2=recipe.decay / 2, decayed=is_kernel, loss=smoothed(task, recipe.smoothing),
        )  # fmt: skip


def resized(task: Task, side: Side) -> Task:
    """The task with training and validation images of that height and width."""
    if side == task.input_shape[:2]:
        return task
    train, valid = (
        replace(fold, x=tf.image.resize(fold.x, side, antialias=True).numpy())
        for fold in (task.train, task.valid)
    )
    return replace(task, train=train, valid=valid)


def settle(model: keras.Model, images: np.ndarray, batch_size: int) -> None:
    """Set what batch normalisation knows of images to the mean over these, batch by batch."""
    norms = [one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)]
    usual = [norm.momentum for norm in norms]
    for number, start in enumerate(range(0, len(images), batch_size)):
        for norm in norms:
            norm.momentum = number / (number + 1)  # the mean of all up to now
        model(images[start : start + batch_size], training=True)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum


def is_kernel(weight: keras.Variable) -> bool:
    """Whether it multiplies pixels or features: not a bias, nor of a normalisation."""
    return len(weight.shape) > 1


def smoothed(task: Task, share: float) -> Callable[[Any, Any], Any]:
    """The task's cross-entropy, with that share of each label spread over all classes."""
    if task.kind == "binary":
        return keras.losses.BinaryCrossentropy(label_smoothing=share)
    classes = len(task.classes)

    def loss(y: Any, outputs: Any) -> Any:
        y = keras.ops.one_hot(keras.ops.reshape(y, (-1,)), classes)
        return keras.losses.categorical_crossentropy(y, outputs, label_smoothing=share)

    return loss


def _joined(outcomes: Sequence[Outcome]) -> Outcome:
    """One training of those that went on from one another."""
    return replace(
        outcomes[-1],
        curve=tuple(value for outcome in outcomes for value in outcome.curve),
        losses=tuple(pair for outcome in outcomes for pair in outcome.losses),
        seconds=sum(outcome.seconds for outcome in outcomes),
    )


def make_cycle_trainer(
    task: Task,
    generator: Generator,
    recipe: Cycle,
    variation: Variation,
    mixed_precision: bool = False,
) -> CycleTrainer:
    """Trains networks of the generator's at length; can be made in a worker."""
    if mixed_precision:
        generator = MixedPrecision(generator)
    return CycleTrainer(task, generator, recipe, variation)
