"""How networks are regularised, trained and rewarded, as data; light to import."""

from dataclasses import dataclass
from typing import Literal

from mlpnas.core.data.measure import Measure, inverse_power
from rnncell.space.enas_space import Average


@dataclass(frozen=True)
class Regularization:
    """What keeps a network from learning its text by heart; all 0 for nothing.

    The dropout rates but `word` take away the same units at every step of a sequence.

    Attributes:
        word: rate of whole tokens.
        embedding: of units of a token's vector.
        input: of units of what enters the cell.
        state: of units of the cell's states, before every matrix.
        output: of units of what leaves the cell.
        l2: factor on the sum of squares of all matrices.
        slowness: factor on the mean square by which outputs differ from one step to the next.
    """

    word: float = 0.0
    embedding: float = 0.0
    input: float = 0.0
    state: float = 0.0
    output: float = 0.0
    l2: float = 0.0
    slowness: float = 0.0


UNREGULARIZED = Regularization()


@dataclass(frozen=True)
class Network:
    """What surrounds the cell.

    Attributes:
        units: of the cell; for texts also of the token vectors.
        regularization: of cell and network.
        average: of highway cells, see `HighwayCell`.
    """

    units: int
    regularization: Regularization = UNREGULARIZED
    average: Average = "loose"


@dataclass(frozen=True)
class TextRecipe:
    """How a language model is trained.

    Attributes:
        epochs: passes over the training text.
        batch: sequences side by side.
        steps: tokens per sequence and gradient step.
        optimizer: Adam, or plain gradient descent.
        learning_rate: at the beginning; it falls to a twentieth along half a cosine.
        clip: greatest norm of the whole gradient.
    """

    epochs: int = 10
    batch: int = 32
    steps: int = 35
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float = 3e-3
    clip: float = 0.25


@dataclass(frozen=True)
class Reward:
    """(c / perplexity) ** exponent, which exceeds 1 below a perplexity of c.

    ENAS (2018) has exactly 80 / ppl, which is 1.4 for its best cells. Zoph and Le (2017) have
    80 / ppl ** 2, which is c = 8.94 and exponent 2; a policy gradient does not mind a constant
    factor.
    """

    c: float = 80.0
    exponent: float = 1.0

    def __call__(self, perplexity: float) -> float:
        """Above 0, without a bound; NaN of a NaN."""
        return (self.c / perplexity) ** self.exponent

    @property
    def measure(self) -> Measure:
        """The perplexity that a reward stands for."""
        power = "" if self.exponent == 1 else f" ** {self.exponent:g}"
        score = f"({self.c:.4g} / perplexity){power}" if power else f"{self.c:.4g} / perplexity"
        inverse = inverse_power(self.c, self.exponent)
        return Measure("perplexity", score, inverse, rising=False, digits=2)

    @staticmethod
    def of(vocabulary: int, exponent: float = 1.0) -> "Reward":
        """The published 80 is for 10,000 words; fewer tokens are foretold better, so that the
        same c would reward all cells with many times as much."""
        return Reward(80.0 * vocabulary / 10_000, exponent)


ENAS_REWARD = Reward()


@dataclass(frozen=True)
class SupernetRecipe:
    """How shared weights are trained, by plain gradient descent.

    Attributes:
        batch, steps: of a window, see `text.windows`.
        learning_rate: per gradient step.
        decay, decay_from: factor on the rate after every pass, from that pass on.
        clip: greatest norm of the whole gradient.
        per_activation: see `SharedCell`.
        slice: validation windows that `validate` reads.
    """

    batch: int = 32
    steps: int = 35
    learning_rate: float = 20.0
    decay: float = 0.96
    decay_from: int = 15
    clip: float = 0.25
    per_activation: bool = False
    slice: int = 10


@dataclass(frozen=True)
class MixedRecipe:
    """How a mixed cell is trained; the defaults are those of DARTS.

    Attributes:
        batch, steps: of a window, see `text.windows`.
        learning_rate: of the weights, by plain gradient descent.
        alpha_rate: of the architecture parameters, by Adam.
        clip: greatest norm of the whole gradient.
        slice: validation windows by which the mixture and what is cut out of it are scored.
    """

    batch: int = 256
    steps: int = 35
    learning_rate: float = 20.0
    alpha_rate: float = 3e-3
    clip: float = 0.25
    slice: int = 10
