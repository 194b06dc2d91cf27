"""How a search on a text or on sequences trains, and the run that it makes of its settings."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mlpnas.core.evaluator.evaluator import Reward as Score
from mlpnas.core.executor.executors import TrainerFactory
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.run import Run
from mlpnas.core.run.workers import Hire, Workers, make_executor
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Recipe, Trainer
from mlpnas.core.trainer.keras_trainer import KerasTrainer
from rnncell.data.text import Text
from rnncell.generator.networks import CellGenerator
from rnncell.recipes import Reward, TextRecipe
from rnncell.run.settings import Settings
from rnncell.trainer.text_trainer import TextTrainer


@dataclass(frozen=True)
class TextTraining:
    """See `core.run.run.Training`; texts score by their reward."""

    settings: Settings
    task: Task  # without its test fold
    score: Score = "weighted"

    def recipe(self, epochs: int) -> TextRecipe:
        """See `Training`."""
        return replace(self.settings.sizes.final, epochs=epochs)

    def trainer(self, generator: Any, recipe: TextRecipe) -> TrainerFactory:
        """See `Training`; the generator is a `CellGenerator`."""
        reward = self.settings.reward(len(self.task.classes))
        return partial(make_trainer, self.task, generator, recipe, reward)


def make_run(
    settings: Settings,
    text: Text,
    folder: Folder,
    workers: Workers,
    hire: Hire = make_executor,
) -> Run[Text]:
    """The run of these settings."""
    training = TextTraining(settings, text.task.without_test())
    return Run(settings, settings.kit, text, folder, training, workers, hire)


def make_trainer(
    task: Task, generator: CellGenerator, recipe: TextRecipe, reward: Reward
) -> Trainer:
    """Trains language models, or classifiers of sequences."""
    if not task.input_shape:
        return TextTrainer(task, generator, recipe, reward)
    plain = Recipe(recipe.epochs, None, recipe.batch, recipe.learning_rate)
    return KerasTrainer(task, generator, plain)
