"""Cycle: how a network is trained at length, as data. Light to import.

One cycle of the learning rate while the images grow. A network that sees small images first
makes several times the passes in the same time, and loses little by it: what it learns of
small images holds for large ones. The rate rises to its peak and falls to zero once, over all
sizes.

Sources: Smith and Topin, "Super-convergence", arXiv 1708.07120 (one cycle); Tan and Le,
"EfficientNetV2", ICML 2021, section 4 (images that grow); Szegedy et al., "Rethinking the
Inception architecture", CVPR 2016 (label smoothing).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

Side = tuple[int, int]  # height and width in pixels

SMALLEST = 12  # pixels; less is no picture any more


@dataclass(frozen=True)
class Cycle:
    """How a network is trained at length.

    Attributes:
        passes: what training costs, in passes over the training images at full size. Each
            scale gets an equal share, and so the more passes, the smaller it is.
        batch_size: images per step, where there are many; see `for_rows`.
        learning_rate: the highest; of stochastic gradient descent with Nesterov momentum .9.
        least_steps: in a pass.
        rise: share of the training in which the rate rises to it, from 0.
        smoothing: share of each label that is spread over all classes.
        decay: weight decay of kernels; biases and what normalises have none.
        scales: sides of the images in turn, as shares of the full side.
    """

    passes: int
    batch_size: int = 128
    learning_rate: float = 0.2
    least_steps: int = 20
    rise: float = 0.2
    smoothing: float = 0.1
    decay: float = 5e-4
    scales: tuple[float, ...] = (0.5, 0.75, 1.0)

    def for_rows(self, rows: int) -> "Cycle":
        """The same for so many images: of few, smaller batches and, in proportion, steps (Goyal
        et al., "Accurate, large minibatch SGD", arXiv 1706.02677)."""
        batch = min(self.batch_size, max(1, rows // self.least_steps))
        rate = self.learning_rate * batch / self.batch_size
        return replace(self, batch_size=batch, learning_rate=rate)

    def sides(self, full: Side) -> list[Side]:
        """The sizes in turn; those of less than `SMALLEST` pixels are left out."""
        sides = [(round(full[0] * s), round(full[1] * s)) for s in self.scales]
        return [side for side in sides if min(side) >= SMALLEST or side == full] or [full]

    def epochs(self, full: Side, sides: Sequence[Side]) -> list[int]:
        """Passes over the images of each of these sizes, at least one."""
        share = self.passes / len(sides) * full[0] * full[1]
        return [max(1, round(share / (height * width))) for height, width in sides]
