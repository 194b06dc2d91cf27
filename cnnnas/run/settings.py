"""Settings: what decides which trials a run makes. Light to import, checked when made."""

import math
from dataclasses import dataclass

from cnnnas.names import SPACES, RuleName, VariantName, Variation
from cnnnas.run.presets import WARM_UP, earliest
from mlpnas.core.data.measure import Measure
from mlpnas.core.errors import InputError
from mlpnas.core.run.search_settings import SearchSettings
from mlpnas.core.run.settings import at_least, unread_by_gradient

# What shared weights score by, and children (Zoph and Le, 2017).
SHARED, ALONE = Measure("accuracy"), Measure("accuracy", "accuracy cubed", math.cbrt)


@dataclass(frozen=True)
class Settings(SearchSettings):
    """What decides which trials a run makes, and their scores.

    Attributes:
        data: a path, or the name of a data set that Keras downloads.
        augment: how training images are varied; `"auto"` mirrors coloured ones only, since a
            mirrored digit or letter is another one.
        train_rows: a sample of the training rows; None takes all.
        image_size: pixels of the longer side of a folder's pictures; None takes the commonest
            size, see `pictures`.
        variant, stop: of a differentiable search: how its choice is relaxed, and what ends it
            early.
        warm_up: its first epochs, in which the weights alone learn.
        operations: what macro networks, cells and mixtures are made of besides the published
            operations: names of `cnnnas.operations`, or `package.module:NAME`.
        layer_types, strides: of the space zoph, see `ZophSpace`.
        mixed_precision: whether networks are trained in bfloat16, see `precision`; shared
            weights too, but for the mixtures of a differentiable search.

    The others are those of `SearchSettings`.

    Raises:
        InputError: for values that cannot be.
    """

    program = "cnnnas"
    spaces = SPACES

    space: str = "macro"
    augment: Variation = "auto"
    train_rows: int | None = None
    image_size: int | None = None
    variant: VariantName = "plain"
    stop: RuleName = "never"
    warm_up: int = 0
    operations: tuple[str, ...] = ()
    layer_types: tuple[str, ...] = ("conv",)
    strides: tuple[int, ...] = (1,)
    mixed_precision: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 0, "warm_up")
        if self.image_size is not None:
            at_least(self, 1, "image_size")
        if self.variant == "snas" and self.order == 2:
            raise InputError(
                "--order is 2, but --variant snas learns weights and alphas together, with no "
                "step to look ahead; expected --order 1"
            )

    def measure(self, classes: int) -> Measure:
        """See `SearchSettings`."""
        return SHARED if self.one_shot else ALONE

    def unread(self) -> dict[str, str]:
        """See `SearchSettings`."""
        gradients = unread_by_gradient(self, "variant", "stop", "warm_up")
        return super().unread() | gradients


def resting(variant: VariantName, asked: int | None, epochs: int) -> int:
    """Epochs in which the weights alone learn: what was asked for, else as published.

    Raises:
        InputError: if alphas would never move.
    """
    chosen = round(WARM_UP.get(variant, 0) * epochs) if asked is None else asked
    if chosen and chosen >= epochs:
        raise InputError(
            f"--warm-up is {chosen} of {epochs} epochs; expected fewer: in the others "
            "architectures are chosen"
        )
    return chosen


def check_stop(stop: RuleName, warm_up: int, epochs: int) -> None:
    """Raise InputError if a search is too short for what shall end it early."""
    if epochs < (first := earliest(stop, warm_up)):
        raise InputError(
            f"--stop {stop} can end a search after {first} epochs, and this one has {epochs}; "
            f"expected --trials {first} or more, or leave --stop out"
        )
