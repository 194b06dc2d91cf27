"""The comparison: its arithmetic, its sentence, and one run of it all."""

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from mlpnas import MLPNASRegressor
from mlpnas.__main__ import main
from mlpnas.baselines.compare import TUNED
from mlpnas.baselines.verdict import (
    RANDOM,
    SEARCH,
    UNFINISHED,
    WITHOUT,
    Findings,
    Score,
    differences,
    verdict,
)
from mlpnas.commands.compare import Extent, go_on
from mlpnas.core.errors import InputError
from mlpnas.core.run.folder import Folder, describe_data
from mlpnas.data.table import read_table
from mlpnas.run.settings import Settings
from mlpnas.testing.fakes import tiny_task

DATA = Path(__file__).parents[2] / "data"


def scores(ours: list[float], theirs: list[float], name: str = "other") -> list[Score]:
    return [
        Score(method, seed, 0.0, value, 1.0)
        for method, values in ((SEARCH, ours), (name, theirs))
        for seed, value in enumerate(values)
    ]


def test_differences_are_paired_and_their_variance_corrected():
    (gap,) = differences(scores([0.8, 0.9, 0.7], [0.7, 0.9, 0.5]), share=0.25)
    assert gap.mean == pytest.approx(0.1)
    # t(2, 0.975) = 4.3027; the differences 0.1, 0, 0.2 have variance 0.01.
    half = 4.302652729911275 * math.sqrt((1 / 3 + 0.25) * 0.01)
    assert (gap.low, gap.high) == pytest.approx((0.1 - half, 0.1 + half))


@pytest.mark.parametrize(
    ("ours", "theirs", "beginning"),
    [
        ([0.9, 0.91, 0.9], [0.7, 0.71, 0.7], "Our search won: 0.2000 accuracy"),
        ([0.7, 0.71, 0.7], [0.9, 0.91, 0.9], "other won: our search lies 0.2000"),
        ([0.7, 0.9, 0.8], [0.8, 0.8, 0.81], "No winner can be told: our search lies"),
        ([0.7, 0.9], [0.7, 0.9], "No winner can be told: our search and other, the strongest"),
        ([0.7], [0.8], "One seed tells nothing of luck: our search lies 0.1000"),
    ],
)
def test_the_sentence_says_who_won_also_when_it_is_not_us(ours, theirs, beginning):
    assert verdict(differences(scores(ours, theirs), 0.25), "accuracy").startswith(beginning)


def test_a_variant_of_ours_is_no_rival():
    found = differences(
        [*scores([0.8, 0.8], [0.7, 0.7]), *scores([], [0.9, 0.9], WITHOUT)], 0.25
    )
    assert "Our search won" in verdict(found, "accuracy")


def test_a_proxy_is_judged_by_rank_correlation():
    def tau(*pairs):
        return Score(SEARCH, 0, 0.0, 0.0, 1.0, pairs=pairs).tau

    assert tau((0.1, 0.5), (0.2, 0.6), (0.3, 0.55)) == pytest.approx(1 / 3)
    assert tau((0.1, 0.5), (0.2, 0.5)) is None


def test_findings_of_the_same_comparison_are_kept_and_a_torn_line_is_not(tmp_path):
    path, asked = (
        tmp_path / UNFINISHED,
        {"settings": {"drop": ("a",)}, "extent": {"rows": None}},
    )
    first = Score(SEARCH, 0, 0.5, 0.25, 3.0, (0.1, None), ((0.1, 0.2), (0.3, 0.4)))
    Findings(path, asked).add(first)
    with path.open("a") as file:
        file.write('{"method": "our random search", "se')
    again = Findings(path, asked)
    assert (again.find(SEARCH, 0).test, again.find(SEARCH, 0).tau) == (0.25, 1)
    assert again.find(RANDOM, 0) is again.find(SEARCH, 1) is None
    again.add(Score(RANDOM, 0, 0.5, 0.5, 1.0))  # the torn end does not swallow this line
    assert len(Findings(path, asked).scores) == 2
    assert Findings(path, asked | {"extent": {"rows": 10}}).scores == []


def test_a_large_table_is_sampled_by_the_seed_and_keeps_its_order():
    def rows(seed, most):
        task = read_table(DATA / "iris.csv", "species", seed=seed, rows=most).task
        return sum(map(len, (task.train, task.valid, task.test))), task.fingerprint()

    assert rows(0, 100)[0] == 100
    assert rows(0, 100) == rows(0, 100) != rows(1, 100)
    assert rows(0, 500) == rows(0, None)
    with pytest.raises(InputError, match="--rows is 0"):
        rows(0, 0)


@pytest.fixture
def begun(tmp_path) -> Path:
    """A run on iris, and a comparison of two splits of 60 rows of which all scores but one
    are there."""
    run = tmp_path / "run"
    settings = Settings(str(DATA / "iris.csv"), "species", trials=2, epochs=1)
    with Folder.create(run) as folder:
        folder.write(settings, describe_data(tiny_task("multiclass")), space="")
    asked = {"settings": asdict(settings), "extent": Extent(2, None, 60)._asdict()}
    findings = Findings(run / UNFINISHED, asked)
    names = [SEARCH, RANDOM, WITHOUT, "MLPClassifier", "MLPClassifier(alpha=0.01)", TUNED]
    for seed in (0, 1):
        for i, name in enumerate(names):
            findings.add(
                Score(name, seed, 0.5, 0.9 - 0.1 * i, 1.0, (0.5, 0.6), ((0.1, 0.2), (0, 0)))
            )
        if seed == 0:
            findings.add(Score("HistGradientBoosting", 0, 0.5, 0.2, 1.0))
    return run


def test_a_comparison_that_was_interrupted_runs_only_what_is_missing(begun, capsys):
    console = Console(width=120)
    go_on(begun, 1, console)
    printed = capsys.readouterr().out
    assert "Compared on 60 rows, drawn from the table anew for each split" in printed
    assert "Our search" in printed
    told = json.loads((begun / "compare.json").read_text())
    assert len(told["scores"]) == 14
    assert told["searches"] == {SEARCH: [[0.5, 0.6]] * 2, RANDOM: [[0.5, 0.6]] * 2}
    assert not (begun / UNFINISHED).exists()
    go_on(begun, 1, console)  # nothing is under way
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_what_is_no_run_is_refused(tmp_path, capsys):
    x = np.random.default_rng(0).normal(size=(30, 2))
    MLPNASRegressor(
        max_trials=1,
        epochs=1,
        refit_epochs=1,
        strategy="random",
        ensemble=0,
        run_dir=tmp_path / "run",
    ).fit(x, x[:, 0])
    for folder, message in ((tmp_path, "is no folder of a run"), (tmp_path / "run", "samples")):
        with pytest.raises(SystemExit) as exit_:
            main(["compare", str(folder)])
        assert exit_.value.code == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_whole_comparison(tmp_path, capsys):
    arguments = ["search", DATA / "iris.csv", "--target", "species", "--run", tmp_path / "r"]
    arguments += ["--trials", "12", "--epochs", "2", "--compare"]
    with pytest.raises(SystemExit) as exit_:
        main([str(a) for a in arguments])
    assert not exit_.value.code
    assert "Kendall tau" in capsys.readouterr().out
    told = json.loads((tmp_path / "r" / "compare.json").read_text())
    assert len({score["method"] for score in told["scores"]}) == 7
    with_pairs = [score for score in told["scores"] if score["pairs"]]
    assert {score["seed"] for score in with_pairs} == {0}
    assert len(with_pairs) == 3
    assert all(len(score["pairs"]) >= 10 for score in with_pairs)
