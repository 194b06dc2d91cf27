"""Settings: what decides which trials a run makes. Light to import, checked when made."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mlpnas.core.errors import InputError

StrategyName = Literal[
    "reinforce", "random", "evolution", "local-search", "bayesian", "lanas", "mcts", "tpe"
]


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
        loss: what training minimises where the target is a number, `"mse"` or `"mae"`.
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
    strategy: StrategyName = "reinforce"
    one_shot: bool = True
    predictor: bool = True
    loss: Literal["mse", "mae"] = "mse"
    reward: Literal["weighted", "best", "last"] = "weighted"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("trials", "per_round", "epochs"):
            if getattr(self, name) < 1:
                option = "--" + name.replace("_", "-")
                raise InputError(f"{option} is {getattr(self, name)}; expected 1 or more")
        if self.seed < 0:
            raise InputError(f"--seed is {self.seed}; expected 0 or more")

    @staticmethod
    def from_record(record: Mapping[str, Any]) -> "Settings":
        """Inverse of `asdict`, for what was read from a file.

        Raises:
            InputError: naming the setting that is unknown or has no usable value.
        """
        types = get_type_hints(Settings)
        for name, value in record.items():
            if name not in types:
                raise InputError(f"the setting {name!r} is unknown; expected {list(types)}")
            if not _fits(value, types[name]):
                raise InputError(f"the setting {name!r} is {value!r}; expected {types[name]}")
        if "data" not in record:
            raise InputError("the setting 'data' is missing; expected the path of a table")
        return Settings(**{**record, "drop": tuple(record.get("drop", ()))})

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """Where a record of settings says otherwise; a run may move and may be extended, so
        `data` and `trials` may differ."""
        mine = {**asdict(self), "drop": list(self.drop)}
        names = sorted((mine.keys() | other.keys()) - {"data", "trials"})
        pairs = [(name, other.get(name), mine.get(name)) for name in names]
        return [f"{name}: {then!r}, now {now!r}" for name, then, now in pairs if then != now]


def _fits(value: Any, kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is tuple:
        return isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
    # A bool is an int to isinstance, but True is no number of trials.
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))


@dataclass(frozen=True)
class Workers:
    """Where children are trained. Unlike the settings, this changes no result.

    Attributes:
        jobs: processes that train, at least 1.
        trial_timeout: seconds after which a child is given up; None waits for ever.
        executor: `"local"` for processes on this machine, `"ray"` for a Ray cluster,
            `"here"` for no other process than this one.
        address: of the Ray cluster; None starts Ray on this machine.
        gpus: per process on Ray; a fraction shares one.
    """

    jobs: int = 1
    trial_timeout: float | None = None
    executor: Literal["local", "ray", "here"] = "local"
    address: str | None = None
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise InputError(f"--jobs is {self.jobs}; expected 1 or more")
        if not self.gpus >= 0:
            raise InputError(f"--gpus-per-job is {self.gpus}; expected 0 or more")
        if self.executor != "ray" and (self.address or self.gpus):
            raise InputError("--address and --gpus-per-job are for --executor ray; add it")
