"""Settings that were written once are compared with settings of today."""

from dataclasses import asdict, dataclass

from mlpnas.core.run.settings import differences


@dataclass(frozen=True)
class Today:
    data: str
    trials: int = 100
    drop: tuple[str, ...] = ()
    scoring: str | None = None  # yesterday's runs did not know it
    scaling: str = "standard"
    date: tuple[str, ...] = ()


def test_a_run_may_move_and_be_extended_but_not_be_another():
    now = Today("here.csv", 200, ("id",))
    then = {**asdict(now), "drop": ["id"]}  # JSON knows no tuples
    assert differences(now, {**then, "data": "there.csv", "trials": 100}) == []
    assert differences(now, {**then, "drop": []}) == ["drop: [], now ['id']"]


def test_what_a_record_does_not_know_has_its_default():
    then = {"data": "here.csv", "trials": 100, "drop": []}
    assert differences(Today("here.csv"), then) == []
    changed = Today("here.csv", scaling="quantile")
    assert differences(changed, then) == ["scaling: 'standard', now 'quantile'"]
