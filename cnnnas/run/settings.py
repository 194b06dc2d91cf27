"""Settings: what decides which trials a run makes. Light to import, checked when made."""

import math
from dataclasses import dataclass

from cnnnas.names import PresetName, RuleName, SpaceName, VariantName, Variation  # fmt: skip
from cnnnas.run.presets import PRESETS, WARM_UP, Preset, earliest  # fmt: skip
from cnnnas.space.zoph_space import CONVOLUTION, ZophSpace
from mlpnas.core.data.measure import Measure
from mlpnas.core.errors import InputError
from mlpnas.core.run import budget
from mlpnas.core.run.settings import at_least, unread_by_gradient
from mlpnas.core.strategies.names import check_chooser

# What shared weights score by, and children (Zoph and Le, 2017).
SHARED, ALONE = Measure("accuracy"), Measure("accuracy", "accuracy cubed", math.cbrt)


@dataclass(frozen=True)
class Settings:
    """What decides which trials a run makes, and their scores.

    Attributes:
        data: a path, or the name of a data set that Keras downloads.
        trials: how many architectures to score.
        per_round: how many the strategy chooses at a time.
        epochs: passes over the training rows: of the shared weights, in as many rounds as
            were planned at first, or of each child.
        rounds_per_pass: rounds of scores between two passes of the shared weights.
        space: what to search.
        strategy: who chooses; `"gradient"` in a differentiable search.
        preset: sizes of the networks and length of the last training, see `presets`.
        one_shot: whether all architectures share their weights.
        augment: how training images are varied; `"auto"` mirrors coloured ones only, since a
            mirrored digit or letter is another one.
        train_rows: a sample of the training rows; None takes all.
        image_size: pixels of the longer side of a folder's pictures; None takes the commonest
            size, see `pictures`.
        order, variant, stop: of a differentiable search: whether its gradient looks a step
            ahead (2), how its choice is relaxed, and what ends it early.
        warm_up: its first epochs, in which the weights alone learn.
        layer_types, strides: of the space zoph, see `ZophSpace`.
        mixed_precision: whether networks are trained in bfloat16, see `precision`; shared
            weights too, but for the mixtures of a differentiable search.
        seed: of everything.

    Raises:
        InputError: for values that cannot be.
    """

    data: str
    trials: int
    per_round: int
    epochs: int
    rounds_per_pass: int = 1
    space: SpaceName = "macro"
    strategy: str = "reinforce"
    preset: PresetName = "small"
    one_shot: bool = True
    augment: Variation = "auto"
    train_rows: int | None = None
    image_size: int | None = None
    order: int = 1
    variant: VariantName = "plain"
    stop: RuleName = "never"
    warm_up: int = 0
    layer_types: tuple[str, ...] = (CONVOLUTION,)
    strides: tuple[int, ...] = (1,)
    mixed_precision: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        at_least(self, 1, "trials", "per_round", "epochs", "rounds_per_pass")
        at_least(self, 0, "seed", "warm_up")
        if self.image_size is not None:
            at_least(self, 1, "image_size")
        check_chooser(self)
        if self.variant == "snas" and self.order == 2:
            raise InputError(
                "--order is 2, but --variant snas learns weights and alphas together, with no "
                "step to look ahead; expected --order 1"
            )
        if self.one_shot and self.space == "zoph":
            raise InputError(
                "--space zoph has no shared weights; expected macro or micro, or "
                "--no-one-shot, which is zoph's default"
            )
        ZophSpace(types=self.layer_types, strides=self.strides)  # raises where there is none

    @property
    def differentiable(self) -> bool:
        """Whether architectures are chosen by a gradient."""
        return self.space == "darts" and self.one_shot

    @property
    def sizes(self) -> Preset:
        """What the preset says of this space."""
        return PRESETS[self.preset][self.space]

    @property
    def measure(self) -> Measure:
        """What search scores are shown in."""
        return SHARED if self.one_shot else ALONE

    def unread(self) -> dict[str, str]:
        """The options that this search does not read, and what each of them is for."""
        idle = unread_by_gradient(self, "order", "variant", "stop", "warm_up")
        if self.space != "zoph":
            idle |= dict.fromkeys(("layer_types", "strides"), "--space zoph")
        return idle


def resting(variant: VariantName, asked: int | None, epochs: int, differentiable: bool) -> int:
    """Epochs in which the weights alone learn: what was asked for, else as published; none
    where there are no alphas that could rest.

    Raises:
        InputError: if alphas would never move.
    """
    if not differentiable:
        return 0
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


def plan(
    preset: PresetName, space: SpaceName, one_shot: bool, trials: int | None, epochs: int | None
) -> dict[str, int]:
    """How long a search is, as settings: what was asked for, else what the preset says."""
    sizes = PRESETS[preset][space]
    chosen = sizes.shared if one_shot else sizes.alone
    return budget.plan(chosen, trials, epochs, by_epoch=space == "darts" and one_shot)
