"""Settings: what decides which trials a run makes. Light to import, checked when made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlpnas.core.configuration import StrategyName, at_least
from mlpnas.core.errors import InputError
from rnncell.presets import SEQUENCES, TEXT, Preset, PresetName
from rnncell.text import Unit

SpaceName = Literal["enas", "zoph"]
ON_POLICY = ("reinforce", "random")


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
        space: ENAS cells, or Zoph and Le's trees.
        strategy: who chooses.
        preset: sizes of the networks and length of the last training, see `presets`.
        one_shot: whether all cells share their weights.
        unit: what a text consists of.
        vocabulary: different tokens to keep; None for the preset's.
        tokens: training tokens to use; None for the preset's.
        exponent: of the perplexity in the reward.
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
    strategy: StrategyName = "reinforce"
    preset: PresetName = "small"
    one_shot: bool = True
    unit: Unit = "words"
    vocabulary: int | None = None
    tokens: int | None = None
    exponent: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        at_least(self, 1, "trials", "per_round", "epochs", "rounds_per_pass")
        at_least(self, 0, "seed")
        if self.tokens is not None:
            at_least(self, 2, "tokens")
        if not self.exponent > 0:
            raise InputError(f"--exponent is {self.exponent}; expected more than 0")
        if self.one_shot and self.strategy not in ON_POLICY:
            raise InputError(
                f"--strategy is {self.strategy}, which learns from scores that last; those of "
                f"shared weights change with the weights: expected {' or '.join(ON_POLICY)}, "
                "or add --no-one-shot"
            )
        if self.one_shot and not shareable(self.data, self.space):
            raise InputError(
                f"--space {self.space} on {self.data} has no shared weights; expected --space "
                "enas on a text, or add --no-one-shot"
            )

    @property
    def sizes(self) -> Preset:
        """What the preset says."""
        return sizes_of(self.preset, self.data)


def sizes_of(preset: PresetName, data: str) -> Preset:
    """What a preset says for such data.

    Raises:
        InputError: if it says nothing.
    """
    presets = TEXT if is_text(data) else SEQUENCES
    if preset not in presets:
        raise InputError(
            f"--preset {preset} is for texts, and {data} is none; expected {list(presets)}"
        )
    return presets[preset]


def shareable(data: str, space: SpaceName) -> bool:
    """Whether cells can share weights: ENAS cells on a text."""
    return space == "enas" and is_text(data)


def is_text(data: str) -> bool:
    """Whether the data is a text, not sequences of numbers."""
    return Path(data).suffix != ".npz"


def plan(
    preset: PresetName, data: str, one_shot: bool, trials: int | None, epochs: int | None
) -> dict[str, int]:
    """How long a search is, as settings: what was asked for, else what the preset says."""
    sizes = sizes_of(preset, data)
    budget = sizes.together if one_shot else sizes.alone
    planned = budget.trials if trials is None else trials
    passes = budget.epochs if epochs is None else epochs
    return {
        "trials": planned,
        "per_round": budget.per_round,
        "epochs": passes,
        "rounds_per_pass": max(1, planned // (budget.per_round * max(1, passes))),
    }
