"""The quality benchmark: its arithmetic, what it takes from its file, and what it survives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "quality.py"


def benchmark(out: Path, *arguments: object) -> tuple[list[str], dict]:
    """What it prints: the lines, and the record in the last one."""
    command = [sys.executable, SCRIPT, "--out", out, *arguments]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    return lines, json.loads(last)


def told(table: str, seed: int, ours: float, theirs: float, trials: int) -> str:
    found = {"table": table, "seed": seed, "trials": trials, "most": 10_000, "rows": 150}
    found |= {"drawn": False, "measure": "accuracy", "ours": ours, "theirs": theirs}
    return json.dumps(found) + "\n"


@pytest.mark.slow
def test_what_is_in_the_file_is_not_run_again_and_what_fails_ends_nothing(tmp_path):
    """No search can have 0 trials: whatever is not in the file fails at once.

    iris: differences -.05, -.05, -.11: mean -.07, s = .0346, standard error .02: below.
    wine: differences +.05, -.10, +.02: mean -.01, s = .0794, standard error .0458: not below.
    """
    out = tmp_path / "quality.jsonl"
    iris = [(0.90, 0.95), (0.80, 0.85), (0.70, 0.81)]
    wine = [(0.95, 0.90), (0.80, 0.90), (0.92, 0.90)]
    for table, scores in (("iris", iris), ("wine", wine)):
        with out.open("a") as file:
            file.writelines(told(table, seed, *pair, 0) for seed, pair in enumerate(scores))
    lines, record = benchmark(out, "--files", "iris", "digits", "wine", "--trials", 0)
    assert "-0.0700 ± 0.0200  below" in lines[1]
    assert "-0.0100 ± 0.0458" in lines[2]
    assert "failed: InputError: --trials is 0" in lines[3]
    assert (record["flagged"], record["failed"]) == (["iris"], ["digits"])
    assert record["results"][0]["standard_error"] == pytest.approx(0.02)


@pytest.mark.slow
def test_a_small_run(tmp_path):
    out = tmp_path / "quality.jsonl"
    options = ("--files", "iris", "--seeds", 2, "--trials", 2, "--rows", 60, "--jobs", 1)
    lines, record = benchmark(out, *options)
    assert "   60*" in lines[1]
    assert record["results"][0]["rows"] == 60
    assert benchmark(out, *options)[1] == record
