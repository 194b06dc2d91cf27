"""Trials as values, the journal on disk, the order of the leaderboard."""

import json
import os

import pytest
from spaces import SMALL_MLP

from mlpnas.core.trial import History, Trial

FIRST, SECOND, *_ = SMALL_MLP


def trial(i: int, score: float | None, **fields) -> Trial:
    status = "failed" if score is None else "ok"
    return Trial(id=i, round=0, architecture=FIRST, status=status, score=score, **fields)


FULL = Trial(
    id=0,
    round=3,
    architecture=SECOND,
    status="ok",
    score=0.1 + 0.2,
    curve=(0.25, 1 / 3),
    parameters=123,
    seconds=1.5,
    predicted=0.0,
    inherited=0.5,
)
FAILED = Trial(1, 3, FIRST, "failed", reason="diverged: “nan” in epoch 2\nsecond line")


def test_a_trial_survives_json_to_the_last_bit():
    for original in (FULL, FAILED):
        line = json.dumps(original.to_json(), allow_nan=False)
        again = Trial.from_json(json.loads(line), SMALL_MLP.name)
        assert again == original
        assert str(again.architecture) == str(original.architecture)


def test_the_fields_of_a_record_are_always_the_same():
    # A predicted score of exactly 0 is a prediction; a failed trial has all fields too.
    assert FULL.to_json().keys() == FAILED.to_json().keys()
    assert FULL.to_json()["predicted"] == 0.0
    assert FAILED.to_json()["score"] is None


def test_a_record_reads_without_the_program():
    assert FULL.to_json()["architecture"] == {
        "tokens": list(SECOND.tokens),
        "text": "(8, 'relu'), (8, 'tanh'), (3, 'softmax')",
    }


def test_every_line_is_on_disk_when_record_returns(tmp_path, monkeypatch):
    # Read back through another handle while the journal is open, line by line; and the
    # bytes must have been forced to the device, which a crash of the machine would show.
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    path = tmp_path / "trials.jsonl"
    history = History(path)
    for i, t in enumerate([FULL, FAILED]):
        history.record(t)
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["id"] for line in lines] == list(range(i + 1))
        assert len(synced) == i + 1
    history.close()
    assert path.read_bytes().endswith(b"\n")


def test_a_journal_is_appended_to_never_rewritten(tmp_path):
    path = tmp_path / "trials.jsonl"
    for _ in range(2):
        history = History(path)
        history.record(FULL)
        history.close()
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_that_is_not_json_is_refused_and_leaves_no_half_line(tmp_path, bad):
    history = History(tmp_path / "trials.jsonl")
    with pytest.raises(ValueError, match="JSON"):
        history.record(trial(0, bad))
    history.record(FULL)
    history.close()
    assert len(history) == 1
    assert len((tmp_path / "trials.jsonl").read_text().splitlines()) == 1


def test_trials_are_numbered_without_gaps():
    history = History()
    history.record(FULL)
    with pytest.raises(ValueError, match="trial 0 recorded as number 1"):
        history.record(FULL)
    assert len(history) == 1


def test_a_history_without_a_path_keeps_trials_in_memory():
    history = History()
    history.record(FULL)
    history.close()
    assert history.trials == [FULL]


def test_the_leaderboard_has_the_best_first_equals_in_trial_order_and_no_failures():
    history = History()
    for i, score in enumerate([0.5, None, 0.9, 0.5, -0.1, 0.9, 0.0]):
        history.record(trial(i, score))
    assert [t.id for t in history.leaderboard(None)] == [2, 5, 0, 3, 6, 4]
    assert [t.id for t in history.leaderboard(3)] == [2, 5, 0]
    assert history.best().id == 2


def test_without_a_success_there_is_no_best():
    history = History()
    assert history.best() is None
    history.record(trial(0, None))
    assert history.best() is None
    assert history.leaderboard() == []
