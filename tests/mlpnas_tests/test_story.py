"""The winner's story is told from run.json, the same at the end of a search and in reports."""

from dataclasses import asdict

import numpy as np
import pytest

from mlpnas.core.report.quality.classes import judge_classes
from mlpnas.final.story import story

TRUTH = np.arange(40) % 2
LEAK = "Warning: column 'grade' alone gives away target 'passed'. If it will not be known, ..."


def record(**changes) -> dict:
    evaluation = judge_classes(TRUTH, np.eye(2)[TRUTH], ["no", "yes"], "test rows")
    return {
        "settings": {"scoring": None},
        "data": {"notes": ["Dropped column 'name'.", LEAK]},
        "winner": {"trial": 4, "architecture": "(16, 'relu')", "parameters": 1234},
        "retrained_validation": {"3": 0.84, "4": 0.83, "-1": 0.8},
        "cross_validated": True,
        "results": [{"name": "searched", "valid": 0.8, "test": 0.79}],
        "evaluation": asdict(evaluation),
    } | changes


def test_who_won_and_why_and_what_to_beware_of(tmp_path):
    (tmp_path / "best.keras").touch()
    lines = story(tmp_path, record())
    assert lines[:3] == [
        "winner: trial 4: (16, 'relu'), 1,234 parameters",
        "chosen: the smallest of 3 within a standard error of the best in a cross-validation, "
        "0.8300 to 0.8400 (the mean over the parts left out)",
        "shown:  accuracy 1.0000 on 40 test rows, 95% interval 1.0000 to 1.0000; always saying "
        "'no' would give 0.5000, which is less.",
    ]
    assert "look for a column that gives the answer away" in lines[3]
    assert lines[4].startswith("beware: column 'grade' alone gives away target 'passed'.")
    assert lines[5] == (
        f'use:    mlpnas.load("{tmp_path}").predict(new), or mlpnas predict {tmp_path} NEW'
    )
    assert lines[6].startswith(f"judge:  mlpnas evaluate {tmp_path}")


def test_what_is_shown_of_an_average_says_so(tmp_path):
    (tmp_path / "single.keras").touch()
    shown = story(tmp_path, record())[2]
    assert shown.startswith("shown:  of the average in best.keras: accuracy 1.0000 on 40")


def test_the_best_says_so(tmp_path):
    told = story(tmp_path, record(cross_validated=False, winner={
        "trial": 3, "architecture": "(8, 'tanh')"}))  # fmt: skip
    assert told[0] == "winner: trial 3: (8, 'tanh')"
    assert told[1] == (
        "chosen: the best of 3 on the validation rows, 0.8400 (one training, judged on these "
        "rows)"
    )


@pytest.mark.parametrize("missing", ["winner", "results"])
def test_a_run_that_is_not_finished_has_no_story(missing, tmp_path):
    assert story(tmp_path, record(**{missing: None})) == []


def test_runs_of_before_are_told_as_far_as_they_go(tmp_path):
    told = story(tmp_path, record(evaluation=None, retrained_validation={}))
    assert told == ["winner: trial 4: (16, 'relu'), 1,234 parameters", told[1]]
    assert told[1].startswith("beware:")
