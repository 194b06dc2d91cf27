"""The comparison: its arithmetic, its sentence, and one run of it all."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mlpnas import MLPNASRegressor
from mlpnas.__main__ import main
from mlpnas.compare import SEARCH, WITHOUT, Proxy, Score, differences, verdict

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
        ([0.7, 0.9, 0.8], [0.8, 0.8, 0.81], "No winner can be told"),
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
    assert Proxy("x", ((0.1, 0.5), (0.2, 0.6), (0.3, 0.55))).tau == pytest.approx(1 / 3)
    assert math.isnan(Proxy("x", ((0.1, 0.5), (0.2, 0.5))).tau)


def test_what_is_no_run_is_refused(tmp_path, capsys):
    x = np.random.default_rng(0).normal(size=(30, 2))
    MLPNASRegressor(
        max_trials=1, epochs=1, refit_epochs=1, strategy="random", run_dir=tmp_path / "run"
    ).fit(x, x[:, 0])
    for folder, message in ((tmp_path, "is no folder of a run"), (tmp_path / "run", "samples")):
        with pytest.raises(SystemExit) as exit_:
            main(["compare", str(folder)])
        assert exit_.value.code == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_whole_comparison(tmp_path, capsys):
    arguments = ["search", DATA / "iris.csv", "--target", "species", "--run", tmp_path / "r"]
    arguments += ["--trials", "12", "--epochs", "2"]
    for given in (arguments, ["compare", tmp_path / "r", "--seeds", "2"]):
        with pytest.raises(SystemExit) as exit_:
            main([str(a) for a in given])
        assert not exit_.value.code
    assert "Kendall tau" in capsys.readouterr().out
    told = json.loads((tmp_path / "r" / "compare.json").read_text())
    assert len({score["method"] for score in told["scores"]}) == 7
    assert all(len(proxy["pairs"]) >= 10 for proxy in told["proxies"])
