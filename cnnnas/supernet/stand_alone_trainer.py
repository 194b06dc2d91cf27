"""StandAloneTrainer: one architecture alone, trained in the compiled step of a supernet.

What a score with shared weights claims to foretell is how good a path gets when its weights
are its own. Here it gets them: the supernet starts afresh, and every step is taken on the same
architecture. So no child has to be built and traced, which takes longer than a short training.
All children begin with the same values and see the same batches, whatever the seeds of their
jobs: what differs between them is the architecture.
"""

import math
import time

from cnnnas.supernet.image_supernet import ImageSupernet
from mlpnas.core.trainer.base import Job, Outcome


class StandAloneTrainer:
    """See `trainer.base.Trainer`.

    Args:
        supernet: untrained; it is used up.
        epochs: of each training.
    """

    def __init__(self, supernet: ImageSupernet, epochs: int):
        self._supernet, self._epochs, self._fresh = supernet, epochs, supernet.state()

    def train(self, job: Job) -> Outcome:
        """The curve has the accuracy on the slice of validation rows after each epoch.

        Raises:
            InputError: if the job has a recipe, weights or a part.
        """
        job.refuse("a path is trained as its supernet is", "recipe", "weights", "part")
        start, supernet = time.perf_counter(), self._supernet
        supernet.restore(self._fresh)
        curve: list[float] = []
        losses: list[float] = []
        for _ in range(self._epochs):
            losses.append(supernet.train([job.architecture] * supernet.steps))
            curve += supernet.validate([job.architecture])
        finite = math.isfinite(sum(losses))
        return Outcome(
            curve=tuple(curve),
            parameters=supernet.parameters(job.architecture),
            seconds=time.perf_counter() - start,
            reason=None if finite else f"diverged: losses {losses}",
        )
