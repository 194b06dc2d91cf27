"""Settings: what decides which trials a run makes. Light to import, checked when made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlpnas.core.errors import InputError
from mlpnas.core.run.settings import at_least
from mlpnas.core.strategies.names import CONTROLLERS, check_strategy
from mlpnas.data.dialect import DateOption, DecimalOption, Dialect
from mlpnas.space import MLPSpace

# Settings that say how columns are read.
_OF_COLUMNS = (
    "target", "drop", "categorical", "numeric", "date",
    "separator", "decimal", "dates", "missing", "encoding",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What decides which trials a run makes, and their scores.

    Attributes:
        data: path of the table.
        target: the column to predict; None for `.npz`.
        task: `"auto"`, `"classification"` or `"regression"`.
        drop: columns left out.
        categorical, numeric, date: columns to read as such, whatever they look like.
        trials: how many architectures to try, at least 1.
        per_round: how many the strategy chooses at a time.
        epochs: of training per trial.
        strategy: who chooses.
        one_shot: whether children inherit weights.
        predictor: whether a controller (reinforce, ppo) has its accuracy head.
        controller_decay: of reinforce's learning rate, rate / (1 + decay * steps); by default
            the reference's, see `learner.decayed`.
        loss: what training minimises where the target is a number, `"mse"` or `"mae"`.
        reward: how a learning curve becomes a score.
        seed: of everything.
        scoring: what to choose by, a measure of scikit-learn's; None for accuracy or R².
        class_weight: `"balanced"` lets every class count as much as any other.
        scaling: of columns of numbers; `"auto"` compares both ways before the search.
        ensemble: how many networks of the winner's architecture to average in the end, each
            trained on a fold, see `ensemble`; 0 for the single winner.
        widths, activations, max_layers, layers, encodings: of the search space, see
            `MLPSpace`; `layers` are its `layer_types`.
        separator, decimal, dates, missing, encoding: how the CSV is written, see
            `tables.dialect.Dialect`; new rows are read so too.
        asynchronous: whether the strategy is told results as they come, see
            `core.asynchronous`; such a run cannot be repeated to the bit.
    """

    data: str
    target: str | None = None
    task: Literal["auto", "classification", "regression"] = "auto"
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    trials: int = 100
    per_round: int = 10
    epochs: int = 10
    strategy: str = "bayesian"
    one_shot: bool = True
    predictor: bool = True
    loss: Literal["mse", "mae"] = "mse"
    reward: Literal["weighted", "best", "last"] = "weighted"
    seed: int = 0
    scoring: str | None = None
    class_weight: Literal["none", "balanced"] = "none"
    scaling: Literal["standard", "quantile", "auto"] = "standard"
    ensemble: int = 5
    asynchronous: bool = False
    widths: tuple[int, ...] = MLPSpace.widths
    activations: tuple[str, ...] = MLPSpace.activations
    max_layers: int = MLPSpace.max_layers
    layers: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ()
    controller_decay: float = 0.1
    separator: str | None = None
    decimal: DecimalOption = "auto"
    dates: DateOption = "auto"
    missing: str | None = None
    encoding: str | None = None

    @property
    def dialect(self) -> Dialect:
        """How the CSV is written."""
        return Dialect(self.separator, self.decimal, self.dates, self.missing, self.encoding)

    def __post_init__(self) -> None:
        at_least(self, 1, "trials", "per_round", "epochs")
        at_least(self, 0, "seed", "ensemble", "controller_decay")
        if self.ensemble == 1:
            raise InputError("--ensemble is 1; expected 0 for none, or 2 or more to average")
        check_strategy(self.strategy)
        self.space((1, "linear"))  # raises where its parameters describe none
        _ = self.dialect  # likewise

    def space(self, head: tuple[int, str]) -> MLPSpace:
        """What is searched, for a task whose final layer is `head`."""
        return MLPSpace(
            head, self.widths, self.activations, self.max_layers,
            layer_types=self.layers, encodings=self.encodings,
        )  # fmt: skip

    def unread(self) -> dict[str, str]:
        """The options that this search does not read, and what each of them is for."""
        idle = {}
        if self.strategy not in CONTROLLERS:
            idle["predictor"] = f"--strategy {' and '.join(CONTROLLERS)}"
        if self.strategy != "reinforce":
            idle["controller_decay"] = "--strategy reinforce"
        if self.scoring is not None:
            idle["reward"] = "learning curves, and --scoring judges trained networks"
        if Path(self.data).suffix == ".npz":
            idle |= dict.fromkeys(_OF_COLUMNS, "tables with named columns")
        return idle
