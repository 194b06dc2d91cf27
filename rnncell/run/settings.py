"""Settings: what decides which trials a run makes. Light to import, checked when made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlpnas.core.data.measure import Measure, of_curve
from mlpnas.core.errors import InputError
from mlpnas.core.run import budget
from mlpnas.core.run.settings import at_least, unread_by_gradient
from mlpnas.core.strategies.names import check_chooser
from rnncell.data.text import Unit
from rnncell.recipes import Reward
from rnncell.run.presets import DARTS, SEQUENCES, TEXT, Preset, PresetName
from rnncell.space.tree_space import TreeCellSpace

SpaceName = Literal["enas", "zoph", "darts"]


@dataclass(frozen=True)
class Settings:
    """What decides which trials a run makes, and their scores.

    Attributes:
        data: a text file, a folder of three, or an `.npz` file of sequences.
        trials: how many cells to score.
        per_round: how many the strategy chooses at a time.
        epochs: passes over the training data: of the shared weights, in as many rounds as
            were planned at first, or of each child.
        rounds_per_pass: rounds of scores between two passes of the shared weights.
        space: ENAS cells, Zoph and Le's trees, or DARTS's cells.
        strategy: who chooses; `"gradient"` in a differentiable search.
        preset: sizes of the networks and length of the last training, see `presets`.
        one_shot: whether all cells share their weights.
        unit: what a text consists of.
        vocabulary: different tokens to keep; None for the preset's.
        tokens: training tokens to use; None for the preset's.
        exponent: of the perplexity in the reward.
        base: leaves of the space zoph's trees; None for the preset's.
        order: of a differentiable search's gradient: 2 looks a step ahead.
        seed: of everything.

    Raises:
        InputError: for values that cannot be.
    """

    data: str
    trials: int
    per_round: int
    epochs: int
    rounds_per_pass: int = 1
    space: SpaceName = "enas"
    strategy: str = "reinforce"
    preset: PresetName = "small"
    one_shot: bool = True
    unit: Unit = "words"
    vocabulary: int | None = None
    tokens: int | None = None
    exponent: float = 1.0
    base: int | None = None
    order: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        at_least(self, 1, "trials", "per_round", "epochs", "rounds_per_pass")
        at_least(self, 0, "seed")
        if self.tokens is not None:
            at_least(self, 2, "tokens")
        if not self.exponent > 0:
            raise InputError(f"--exponent is {self.exponent}; expected more than 0")
        check_chooser(self)
        if self.one_shot and not shareable(self.data, self.space):
            raise InputError(
                f"--space {self.space} on {self.data} has no shared weights; expected --space "
                "enas or darts on a text, or add --no-one-shot"
            )
        if self.base is not None:
            TreeCellSpace(self.base)  # raises where there is none

    @property
    def differentiable(self) -> bool:
        """Whether cells are chosen by a gradient."""
        return self.space == "darts" and self.one_shot

    @property
    def sizes(self) -> Preset:
        """What the preset says."""
        return sizes_of(self.preset, self.data, self.space)

    def measure(self, tokens: int) -> Measure:
        """What search scores are shown in, of texts with so many different tokens."""
        if not is_text(self.data):
            return of_curve("accuracy")
        return Reward.of(tokens, self.exponent).measure

    def unread(self) -> dict[str, str]:
        """The options that this search does not read, and what each of them is for."""
        idle = unread_by_gradient(self, "order")
        if not is_text(self.data):
            idle |= dict.fromkeys(("unit", "vocabulary", "tokens", "exponent"), "texts")
        if self.space != "zoph":
            idle["base"] = "--space zoph"
        return idle


def sizes_of(preset: PresetName, data: str, space: SpaceName) -> Preset:
    """What a preset says for such data and cells.

    Raises:
        InputError: if it says nothing.
    """
    presets = SEQUENCES if not is_text(data) else DARTS if space == "darts" else TEXT
    if preset not in presets:
        raise InputError(
            f"--preset {preset} is not for --space {space} on {data}; expected one of "
            f"{list(presets)}"
        )
    return presets[preset]


def shareable(data: str, space: SpaceName) -> bool:
    """Whether cells can share weights: those of ENAS and DARTS on a text."""
    return space != "zoph" and is_text(data)


def is_text(data: str) -> bool:
    """Whether the data is a text, not sequences of numbers."""
    return Path(data).suffix.lower() not in (".npz", ".npy")


def plan(
    preset: PresetName, data: str, space: SpaceName, one_shot: bool,
    trials: int | None, epochs: int | None,
) -> dict[str, int]:  # fmt: skip
    """How long a search is, as settings: what was asked for, else what the preset says."""
    sizes = sizes_of(preset, data, space)
    chosen = sizes.together if one_shot else sizes.alone
    return budget.plan(chosen, trials, epochs, by_epoch=space == "darts" and one_shot)
