"""What the settings of every search over kits have, and how a preset fills them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from mlpnas.core.data.measure import Measure
from mlpnas.core.errors import InputError
from mlpnas.core.run import budget
from mlpnas.core.run.kit import Kit, find_kit, foreign_options
from mlpnas.core.run.settings import at_least, unread_by_gradient
from mlpnas.core.strategies.names import GRADIENT, check_chooser


@dataclass(frozen=True)
class SearchSettings(ABC):
    """What decides which trials a run makes, and their scores; a package adds its own.

    Attributes:
        data: what to learn from.
        trials: how many architectures to score.
        per_round: how many the strategy chooses at a time.
        epochs: passes over the training data: of the shared weights, in as many rounds as
            were planned at first, or of each child.
        rounds_per_pass: rounds of scores between two passes of the shared weights.
        space: what to search: a name of `spaces`, or `package.module:NAME` of a kit.
        strategy: who chooses; `"gradient"` in a differentiable search.
        preset: sizes of the networks and length of the last training, see `Kit.presets`.
        one_shot: whether all architectures share their weights.
        order: of a differentiable search's gradient: 2 looks a step ahead.
        seed: of everything.

    Raises:
        InputError: for values that cannot be.
    """

    spaces: ClassVar[Mapping[str, str]]  # the package's own kits, see `kit.find_kit`

    data: str
    trials: int
    per_round: int
    epochs: int
    rounds_per_pass: int = 1
    space: str = ""
    strategy: str = "reinforce"
    preset: str = "small"
    one_shot: bool = True
    order: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        at_least(self, 1, "trials", "per_round", "epochs", "rounds_per_pass")
        at_least(self, 0, "seed")
        check_chooser(self)
        if self.one_shot and not self.shareable:
            sharing = [name for name in self.spaces if find_kit(self.spaces, name).shares]
            raise InputError(
                f"--space {self.space} on {self.data} has no shared weights; expected one of "
                f"{', '.join(sharing)}{self.where_shared}, or --no-one-shot"
            )
        _ = self.sizes  # raises where the preset says nothing
        self.kit.space(self)  # raises where its parameters describe none

    program: ClassVar[str] = ""  # whose settings they are
    where_shared: ClassVar[str] = ""  # on which data, if not on all

    @property
    def kit(self) -> Kit:
        """What belongs to the space."""
        return find_kit(self.spaces, self.space)

    @property
    def shareable(self) -> bool:
        """Whether architectures of the space can share weights on such data."""
        return self.kit.shares

    @property
    def differentiable(self) -> bool:
        """Whether architectures are chosen by a gradient."""
        return self.one_shot and self.kit.gradient is not None

    @property
    def presets(self) -> Mapping[str, Any]:
        """Sizes and durations of this space on such data, by name."""
        return self.kit.presets

    @property
    def sizes(self) -> Any:
        """What the preset says of this space.

        Raises:
            InputError: if it says nothing.
        """
        if self.preset not in self.presets:
            raise InputError(
                f"--preset {self.preset} is not for --space {self.space} on {self.data}; "
                f"expected one of {', '.join(self.presets)}"
            )
        return self.presets[self.preset]

    @abstractmethod
    def measure(self, classes: int) -> Measure:
        """What search scores are shown in.

        Args:
            classes: how many the data has.
        """

    def alone(self) -> Self:
        """The same search of children that are trained one by one."""
        return replace(self, one_shot=False, strategy="random")

    def unread(self) -> dict[str, str]:
        """The options that this search does not read, and what each of them is for."""
        return unread_by_gradient(self, "order") | foreign_options(self.spaces, self.kit)

    def planned(self, trials: int | None, per_round: int | None, epochs: int | None) -> Self:
        """The same with as many as were asked for, else as the preset says."""
        chosen = self.sizes.together if self.one_shot else self.sizes.alone
        lengths: dict[str, Any] = budget.plan(
            chosen, trials, epochs, per_round, by_epoch=self.differentiable
        )
        return replace(self, **lengths)


def draft(
    kind: type[SearchSettings], data: str, one_shot: bool | None, strategy: str, **more: Any
) -> Any:
    """Settings of that kind, still to be planned.

    Args:
        one_shot: whether to share weights; None shares them where that can be.
        strategy: who chooses, where it is not a gradient.
        more: the other settings.
    """
    alone = kind(data, 1, 1, 1, one_shot=False, strategy="random", **more)
    shared = alone.shareable if one_shot is None else one_shot
    by_gradient = shared and alone.kit.gradient is not None
    return replace(alone, one_shot=shared, strategy=GRADIENT if by_gradient else strategy)
