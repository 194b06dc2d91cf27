"""Settings: what decides which trials a run makes. Light to import, checked when made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlpnas.core.data.measure import Measure, of_curve
from mlpnas.core.errors import InputError
from mlpnas.core.run.search_settings import SearchSettings
from mlpnas.core.run.settings import at_least
from rnncell.data.text import Unit
from rnncell.names import SPACES
from rnncell.recipes import Reward
from rnncell.run.presets import SEQUENCES, Preset


@dataclass(frozen=True)
class Settings(SearchSettings):
    """What decides which trials a run makes, and their scores.

    Attributes:
        data: a text file, a folder of three, or an `.npz` file of sequences.
        unit: what a text consists of.
        vocabulary: different tokens to keep; None for the preset's.
        tokens: training tokens to use; None for the preset's.
        exponent: of the perplexity in the reward; None for the preset's.
        base: leaves of the space zoph's trees; None for the preset's.

    The others are those of `SearchSettings`.

    Raises:
        InputError: for values that cannot be.
    """

    program = "rnncell"
    spaces = SPACES
    where_shared = " on a text"

    space: str = "enas"
    unit: Unit = "words"
    vocabulary: int | None = None
    tokens: int | None = None
    exponent: float | None = None
    base: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokens is not None:
            at_least(self, 2, "tokens")
        if self.exponent is not None and not self.exponent > 0:
            raise InputError(f"--exponent is {self.exponent}; expected more than 0")

    @property
    def is_text(self) -> bool:
        """Whether the data is a text, not sequences of numbers."""
        return is_text(self.data)

    @property
    def shareable(self) -> bool:
        """See `SearchSettings`; weights are shared on texts alone."""
        return self.kit.shares and self.is_text

    @property
    def presets(self) -> Mapping[str, Preset]:
        """See `SearchSettings`; those of sequences are the same for all spaces."""
        return self.kit.presets if self.is_text else SEQUENCES

    def reward(self, tokens: int) -> Reward:
        """Of the perplexity of texts with so many different tokens."""
        exponent = self.sizes.exponent if self.exponent is None else self.exponent
        return Reward.of(tokens, exponent)

    def measure(self, classes: int) -> Measure:
        """See `SearchSettings`."""
        return self.reward(classes).measure if self.is_text else of_curve("accuracy")

    def unread(self) -> dict[str, str]:
        """See `SearchSettings`."""
        of_texts = () if self.is_text else ("unit", "vocabulary", "tokens", "exponent")
        return super().unread() | dict.fromkeys(of_texts, "texts")


def is_text(data: str) -> bool:
    """Whether the data is a text, not sequences of numbers."""
    return Path(data).suffix.lower() not in (".npz", ".npy")
