"""Settings: what decides which trials a run makes. Light to import, checked when made."""

from dataclasses import dataclass
from typing import Literal

from mlpnas.core.errors import InputError


@dataclass(frozen=True)
class Settings:
    """What decides which trials a run makes, and their scores.

    Attributes:
        data: path of the table.
        target: the column to predict; None for `.npz`.
        task: `"auto"`, `"classification"` or `"regression"`.
        drop: columns left out.
        trials: how many architectures to try, at least 1.
        per_round: how many the strategy chooses at a time.
        epochs: of training per trial.
        strategy: who chooses.
        one_shot: whether children inherit weights.
        predictor: whether the controller has its accuracy head.
        reward: how a learning curve becomes a score.
        seed: of everything.
    """

    data: str
    target: str | None = None
    task: Literal["auto", "classification", "regression"] = "auto"
    drop: tuple[str, ...] = ()
    trials: int = 100
    per_round: int = 10
    epochs: int = 10
    strategy: Literal["reinforce", "random"] = "reinforce"
    one_shot: bool = True
    predictor: bool = True
    reward: Literal["weighted", "best", "last"] = "weighted"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("trials", "per_round", "epochs"):
            if getattr(self, name) < 1:
                option = "--" + name.replace("_", "-")
                raise InputError(f"{option} is {getattr(self, name)}; expected 1 or more")
        if self.seed < 0:
            raise InputError(f"--seed is {self.seed}; expected 0 or more")
