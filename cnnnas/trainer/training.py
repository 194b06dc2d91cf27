"""How children and finalists are trained: Nesterov momentum down a cosine, images varied."""

import keras

from cnnnas.generator.precision import MixedPrecision
from cnnnas.names import Variation
from cnnnas.supernet.image_supernet import SharedTraining
from cnnnas.trainer.augmentation import Augmentation
from mlpnas.core.generator import Generator
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Recipe
from mlpnas.core.trainer.keras_trainer import KerasTrainer

L2 = SharedTraining.l2  # the loss of shared weights has it too


def nesterov(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    """Stochastic gradient descent as in ENAS, over one cosine that ends at 0. Gradients are
    clipped, which ENAS's are not."""
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)
    return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, clipnorm=5.0)


def augmentation(kind: Variation, task: Task, mirrored: bool = False) -> Augmentation | None:
    """The augmentation of that name for images of this size; None for none."""
    height, _, channels = task.input_shape
    if kind == "none":
        return None
    flip = channels == 3 if kind == "auto" else "flip" in kind
    # An eighth, as the usual 4 of 32 pixels; the digits of MNIST fill their frame more.
    pad = max(1, height // (8 if channels == 3 else 14))
    return Augmentation(pad, flip, height // 2 if "cutout" in kind else 0, mirrored)


def make_trainer(
    task: Task,
    generator: Generator,
    recipe: Recipe,
    variation: Variation,
    mixed_precision: bool = False,
) -> KerasTrainer:
    """Trains networks of the generator's on the task's images; can be made in a worker."""
    if mixed_precision:
        generator = MixedPrecision(generator)
    vary = augmentation(variation, task)
    return KerasTrainer(task, generator, recipe, nesterov, vary, L2)
