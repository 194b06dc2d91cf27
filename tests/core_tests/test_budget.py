"""How long searches are, with presets and without."""

import math

import pytest

from mlpnas.core.errors import InputError
from mlpnas.core.run.budget import Budget, plan

PRESET = Budget(trials=600, per_round=10, epochs=6)


@pytest.mark.parametrize("trials", [1, 9, 10, 11, 59, 60, 61, 110, 500, 600, 601, 659, 10_007])
@pytest.mark.parametrize("epochs", [1, 2, 6, 7, 12])
def test_shared_weights_are_never_trained_for_more_passes_than_asked_for(trials, epochs):
    planned = plan(PRESET, trials, epochs)
    rounds = math.ceil(trials / planned["per_round"])
    assert 1 <= math.ceil(rounds / planned["rounds_per_pass"]) <= epochs


def test_as_many_passes_as_the_rounds_allow():
    # 110 trials are 11 rounds: two of them to a pass make six passes. 500 are 50: nine make
    # six, eight would make seven.
    assert plan(PRESET, 110, 6)["rounds_per_pass"] == 2
    assert plan(PRESET, 500, 6)["rounds_per_pass"] == 9
    assert plan(PRESET, None, None) == {
        "trials": 600, "per_round": 10, "epochs": 6, "rounds_per_pass": 10,
    }  # fmt: skip


@pytest.mark.parametrize(("trials", "epochs"), [(3, None), (None, 3), (3, 3)])
def test_a_trial_of_a_differentiable_search_is_an_epoch(trials, epochs):
    planned = plan(Budget(5, 1, 5), trials, epochs, by_epoch=True)
    assert planned == {"trials": 3, "per_round": 1, "epochs": 3, "rounds_per_pass": 1}


def test_another_number_of_epochs_than_of_trials_is_refused_where_they_are_one():
    with pytest.raises(InputError, match="--trials is 3 and --epochs is 5"):
        plan(Budget(5, 1, 5), 3, 5, by_epoch=True)


def test_none_at_all_is_not_the_presets_number():
    assert plan(Budget(5, 1, 5), 0, None, by_epoch=True)["trials"] == 0  # refused as it is


def test_rounds_may_be_of_another_size_than_the_preset_s():
    # 20 trials, 4 a round: five rounds, of which each of two passes serves three.
    planned = plan(Budget(20, 5, 2), None, None, per_round=4)
    assert (planned["per_round"], planned["rounds_per_pass"]) == (4, 3)
