"""The policy by round: what is noted is read, whatever a kill left; and what the maps show."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import trials_of
from spaces import SMALL_MLP, MacroSpace

from mlpnas.core.report import figures, sections
from mlpnas.core.run.policy_record import note_policy, read_policy
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.core.strategies.random import RandomStrategy

SPACE = MacroSpace(layers=2, ops=("conv", "pool"))  # op, op, one skip bit


def test_the_last_line_of_a_round_counts_and_torn_ones_are_passed_over(tmp_path):
    path = tmp_path / "policy.jsonl"
    assert read_policy(path, SPACE) == []
    even, sure = [[0.5, 0.5]] * 3, [[1.0, 0.0]] * 3
    note_policy(path, 20, even)
    with path.open("a") as file:
        file.write('\n{"told": 30, "probabilities": [[0.')
    note_policy(path, 10, even)  # a resumed search is told again from the first round
    note_policy(path, 20, sure)
    note_policy(path, 40, [[1.0]])  # of another space
    noted = read_policy(path, SPACE)
    assert [np.array(of_round).tolist() for of_round in noted] == [even, sure]


def test_shares_count_the_walks_that_came_so_far():
    walks = [SMALL_MLP.architecture(walk) for walk in ((0, 5), (0, 1, 5), (2, 1, 5), (3, 5))]
    first, second, third = SMALL_MLP.shares(walks)
    assert first.tolist() == [0.5, 0, 0.25, 0.25, 0, 0]
    assert second.tolist() == [0, 0.5, 0, 0, 0, 0.5]
    assert third.tolist() == [0, 0, 0, 0, 0, 0.5]  # two of four had ended


def test_a_controller_tells_its_probabilities_and_is_the_same_afterwards():
    asked, untouched = ReinforceStrategy(SMALL_MLP, 3), ReinforceStrategy(SMALL_MLP, 3)
    told = asked.probabilities()
    assert told[0].sum() == pytest.approx(1)
    # A new controller is about even: each of four layers has 1/4, give or take 4 deviations
    # of 200 draws, sqrt(.25 * .75 / 200) = .03, and what the initial weights make of it.
    assert np.abs(told[0][:4] - 0.25).max() < 0.2
    assert asked.ask(5) == untouched.ask(5)
    assert RandomStrategy(SMALL_MLP, 3).probabilities() is None


def test_bits_of_a_node_share_a_map_and_a_decision_without_choice_has_none():
    policy = [[[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]], [[1.0, 0.0], [0.0, 1.0], [0.2, 0.8]]]
    found = [(title, names, rounds.tolist()) for title, names, rounds in
             sections.panels(SPACE, policy)]  # fmt: skip
    assert found == [
        ("layer 0 op", ["conv", "pool"], [[0.5, 0.5], [1.0, 0.0]]),
        ("layer 1 op", ["conv", "pool"], [[0.25, 0.75], [0.0, 1.0]]),
        ("connections of node 1", ["layer 1 skip 0"], [[0.1], [0.8]]),
    ]
    last = [len(names) for _, names, _ in sections.panels(SMALL_MLP, [[np.ones(6)] * 3])]
    assert last == [4, 6]  # the third and last layer can only be the final one


def test_without_a_policy_the_journal_shows_what_was_tried():
    a, b = (SPACE.architecture(walk) for walk in ((0, 0, 1), (1, 0, 1)))
    trials = [*trials_of([a, b]), replace(trials_of([b], first_id=2)[0], round=1)]
    first, second = sections.tried(trials, SPACE)
    assert [share.tolist() for share in first] == [[0.5, 0.5], [1, 0], [0, 1]]
    assert [share.tolist() for share in second] == [[0, 1], [1, 0], [0, 1]]


def test_the_best_so_far_passes_over_failed_trials():
    assert figures.running_best([[0.1, None, 0.3], [None, 0.2]]).tolist()[0] == [0.1, 0.1]
    second = figures.running_best([[0.1, None, 0.3], [None, 0.2]])[1]
    assert np.isnan(second[0])  # nothing had succeeded yet
    assert second[1] == 0.2
