"""The benchmark of strategies, in small: it runs, and what it prints is right."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import trials_of

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.nasbench.macro import NASBenchMacroSpace

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "strategies.py"


@pytest.fixture(autouse=True)
def beside_the_script(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)


def benchmark(*arguments):
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_two_small_runs(tmp_path):
    pytest.importorskip("matplotlib")
    figure = tmp_path / "curves.png"
    options = ("--runs", 2, "--trials", 50, "--only", "random", "progressive")
    done = benchmark("--bench", "mlp-digits", *options, "--figure", figure)
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found["steered_by"] == found["metric"] == "trained validation accuracy"
    assert found["random_exact"]["to_best_mean"] == (999 + 1) / 2
    assert set(found["strategies"]) == {"random", "progressive"}
    for figures in found["strategies"].values():
        assert 0 <= figures["regret_mean"]["50"] <= figures["regret_mean"]["10"] < 0.1
        assert len(figures["regret_by_seconds"]["mean"]) == 8
    # Trials and seconds side by side: 12 by 4.5 inches of 120 points.
    header = figure.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    assert struct.unpack(">II", header[16:]) == (1440, 540)


@pytest.mark.slow
def test_overhead_in_small():
    done = benchmark("--overhead", 20, 40, "--only", "random", "q-learning")
    times = json.loads(done.stdout)["overhead_ms_per_trial"]
    assert times["random"]["space"] == "nasbench201[all cells]"
    assert times["q-learning"]["space"] == "mlp"
    assert all(times[name][n]["mean"] > 0 for name in times for n in ("20", "40"))


def test_regret_against_seconds_by_hand():
    import regret

    rest = {"to_best": 3.0, "to_top": np.inf, "reported": 0.5, "ms_per_trial": 1.0}
    curves = {
        "one": [{"regret": np.array([3.0, 1, 0]), "seconds": np.array([10.0, 20, 40]), **rest}],
        "two": [{"regret": np.array([5.0, 2, 1]), "seconds": np.array([5.0, 25, 80]), **rest}],
    }
    # From the later of the first trials, 10 s, to the earlier of the last, 40 s.
    times = regret.times_of(curves, 3)
    np.testing.assert_allclose(times, [10, 20, 40])
    np.testing.assert_array_equal(regret.until(curves["one"][0], times), [3, 1, 0])
    np.testing.assert_array_equal(regret.until(curves["two"][0], times), [5, 5, 2])
    figures = regret.summary(curves["one"] + curves["two"], [1, 3], times)
    assert figures["regret_mean"] == {"1": 4.0, "3": 0.5}
    assert figures["regret_by_seconds"]["mean"] == {"10": 4.0, "20": 3.0, "40": 1.0}
    assert figures["regret_by_seconds"]["quartile_3"] == {"10": 4.5, "20": 4.0, "40": 1.5}
    assert figures["to_best"] == {"reached": 1.0, "mean_at_least": 3.0, "quartiles": [3.0] * 3}
    assert figures["to_top"] == {"reached": 0, "mean_at_least": 4, "quartiles": [None] * 3}


def test_an_incumbent_is_judged_by_another_score():
    import regret

    space = NASBenchMacroSpace()
    chains = [space.architecture([i] * 8) for i in (0, 1, 2)]
    truth = (0.7, 0.9, 0.8)
    entries = {a.tokens: Entry(t, 0.0) for a, t in zip(chains, truth, strict=True)}
    judge = Table("truth", space, entries, "", "")
    # Failed; looks good, is worst; looks worse; looks best and is in the middle.
    looks = dict(zip(chains, (0.5, 0.4, 0.6), strict=True))
    trials = trials_of([chains[1]], lambda a: None) + trials_of(chains, looks.get, 1)
    assert regret.incumbents(trials, judge).tolist() == [0.7, 0.7, 0.7, 0.8]


def test_a_cheaper_score_steers_and_the_trained_one_judges():
    import problems

    steering, judge = problems.load("mlp-wine-early", Path("nowhere"))
    assert steering(0).metric == "early validation accuracy"
    assert judge.metric == "trained validation accuracy"
    assert steering(0).entries.keys() == judge.entries.keys()


@pytest.mark.parametrize(
    ("name", "count"), [("nasbench-nlp", 291), ("ecnas", 91), ("nasbench-macro", 6561)]
)
def test_tables_have_names(shared_data, name, count):
    import problems

    data = shared_data("bench/nasbench_macro.csv.gz").parent
    steering, judge = problems.load(name, data)
    assert steering(0) is steering(1) is judge
    assert judge.name == name
    assert len(judge.entries) == count


@pytest.mark.parametrize("name", ["nasbench-nothing", "mlp-digits-late", "ecnas-energy"])
def test_an_unknown_table_is_named(name):
    import problems

    expected = f"there is no benchmark '{name}'; expected nasbench201"
    with pytest.raises(InputError, match=expected):
        problems.load(name, Path("nowhere"))
