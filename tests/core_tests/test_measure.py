"""Measures: what a search score is in the unit that people know, in every package."""

import math

import pytest

from cnnnas.run.settings import Settings as ImageSettings
from mlpnas.core.data.measure import Measure, inverse_power, of_curve
from mlpnas.scoring import measure_in, measure_of, to_unit_interval
from rnncell.recipes import Reward
from rnncell.run.settings import Settings as TextSettings


def test_a_score_in_its_own_unit_is_told_once_and_another_with_its_measure():
    assert Measure("roc_auc").told(0.75) == "roc_auc 0.7500"
    assert Measure("accuracy", "accuracy cubed", math.cbrt).told(0.027) == (
        "accuracy 0.3000 (score 0.0270)"
    )


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0, 3.0])
def test_a_reward_is_turned_back_into_its_perplexity(exponent):
    reward = Reward(80.0, exponent)
    for perplexity in (1.01, 57.3, 80.0, 9999.0):
        assert reward.measure.value(reward(perplexity)) == pytest.approx(perplexity)
    assert reward.measure.value(0.0) == math.inf
    assert not reward.measure.rising


def test_rewards_say_what_they_are():
    assert Reward(24.0).measure.score_name == "search score (24 / perplexity)"
    assert Reward(8.944, 2.0).measure.score_name == "search score ((8.944 / perplexity) ** 2)"
    assert inverse_power(80.0, 1.0)(0.8) == pytest.approx(100.0)


def image(**settings) -> Measure:
    return ImageSettings("images", 1, 1, 1, **settings).measure(10)


def text(**settings) -> Measure:
    return TextSettings(trials=1, per_round=1, epochs=1, **settings).measure(10_000)


def table(**settings) -> Measure:
    classes = [] if settings.pop("task", "") == "regression" else ["a", "b"]
    return measure_in({"settings": settings, "data": {"classes": classes}})


@pytest.mark.parametrize(
    ("measure", "name", "score"),
    [
        (image(), "accuracy", "search score (accuracy)"),
        (image(space="darts", strategy="gradient"), "accuracy", "search score (accuracy)"),
        (image(space="zoph", one_shot=False), "accuracy", "search score (accuracy cubed)"),
        (text(data="a.txt"), "perplexity", "search score (80 / perplexity)"),
        (
            text(data="a.txt", space="zoph", one_shot=False, exponent=2.0),
            "perplexity",
            "search score ((80 / perplexity) ** 2)",
        ),
        (
            text(data="a.npz", one_shot=False),
            "accuracy",
            "search score (accuracy, later epochs weighing more)",
        ),
        (table(), "accuracy", "search score (accuracy, later epochs weighing more)"),
        (table(task="regression"), "R²", "search score (R², later epochs weighing more)"),
        (table(reward="best"), "accuracy", "search score (best accuracy of an epoch)"),
        (table(reward="last"), "accuracy", "search score (last accuracy)"),
        (table(scoring="roc_auc"), "roc_auc", "search score (roc_auc)"),
        (
            table(scoring="neg_log_loss"),
            "neg_log_loss",
            "search score (1 / (1 + log_loss))",
        ),
    ],
)
def test_every_search_names_its_measure_and_its_score(measure, name, score):
    assert (measure.name, measure.score_name) == (name, score)


def test_a_loss_of_scikit_learns_is_turned_back():
    measure = measure_of("R²", "neg_mean_absolute_error", "weighted")
    assert measure.value(to_unit_interval(-3.5, "neg_mean_absolute_error")) == pytest.approx(
        -3.5
    )


def test_a_weighted_curve_is_in_the_unit_of_the_curve():
    assert of_curve("R²").told(0.5) == "R² 0.5000"
