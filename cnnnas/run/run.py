"""How a search on images trains, and the run that it makes of its settings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from cnnnas.data.images import Images
from cnnnas.run.settings import Settings
from cnnnas.trainer.cycle import make_cycle_trainer
from cnnnas.trainer.recipe import Cycle
from cnnnas.trainer.training import make_trainer
from mlpnas.core.evaluator.evaluator import Reward
from mlpnas.core.executor.executors import TrainerFactory
from mlpnas.core.generator import Generator
from mlpnas.core.run.folder import Folder
from mlpnas.core.run.run import Run
from mlpnas.core.run.workers import Hire, Workers, make_executor
from mlpnas.core.task import Task
from mlpnas.core.trainer.base import Recipe, Trainer

# Of children: those of a search without shared weights, and the random ones beside one with.
CHILD = Recipe(patience=None, batch_size=64, learning_rate=0.05)


# Of trainers, by the kind of their recipe.
MAKERS: dict[type, Callable[..., Trainer]] = {Recipe: make_trainer, Cycle: make_cycle_trainer}


@dataclass(frozen=True)
class ImageTraining:
    """See `core.run.run.Training`; the score of children is Zoph and Le's."""

    settings: Settings
    task: Task  # without its test fold
    score: Reward = "cubed"

    def recipe(self, epochs: int) -> Recipe:
        """See `Training`."""
        return replace(CHILD, epochs=epochs)

    def trainer(self, generator: Generator, recipe: Recipe | Cycle) -> TrainerFactory:
        """See `Training`."""
        s, make = self.settings, MAKERS[type(recipe)]
        return partial(make, self.task, generator, recipe, s.augment, s.mixed_precision)


def make_run(
    settings: Settings,
    images: Images,
    folder: Folder,
    workers: Workers,
    hire: Hire = make_executor,
) -> Run[Images]:
    """The run of these settings."""
    training = ImageTraining(settings, images.task.without_test())
    return Run(settings, settings.kit, images, folder, training, workers, hire)
