"""The benchmark of strategies, in small: it runs, and what it prints is right."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "strategies.py"


def benchmark(*arguments):
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_two_small_runs(shared_data, tmp_path):
    pytest.importorskip("matplotlib")
    data, figure = shared_data("bench/nasbench_macro.csv.gz").parent, tmp_path / "curves.png"
    options = ("--runs", 2, "--trials", 50, "--only", "random", "lanas", "--figure", figure)
    done = benchmark("--bench", "nasbench-macro", "--data", data, *options)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found["random_exact"]["regret_mean"]["50"] == pytest.approx(0.00353, abs=1e-5)
    assert found["random_exact"]["to_best_mean"] == 3281
    assert set(found["strategies"]) == {"random", "lanas"}
    assert 0 <= found["strategies"]["lanas"]["regret_mean"]["50"] < 0.02
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_an_unknown_table_is_named():
    done = benchmark("--bench", "nasbench-nothing")
    assert done.returncode == 1
    assert "there is no benchmark 'nasbench-nothing'; expected nasbench201" in done.stderr
    assert "Traceback" not in done.stderr
