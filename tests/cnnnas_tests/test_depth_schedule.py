"""DepthSchedule: at which trial networks become deeper, and that what was learned goes
along."""

import numpy as np
import pytest
from fakes import FakePolicy, token_score, trials_of

from cnnnas.space.zoph_space import ZophSpace
from cnnnas.strategies.depth_schedule import DepthSchedule

SPACE = ZophSpace(3, (1, 3), (8, 16), other_depths=(2,))


def rounds(strategy, n, score=token_score):
    """What it asks for in n rounds of two."""
    asked = []
    for _ in range(n):
        asked += strategy.ask(2)
        strategy.tell(trials_of(asked[-2:], score))
    return asked


def depths(architectures) -> list[int]:
    return [len(SPACE.network(a)) for a in architectures]  # which are of the whole space


def test_networks_become_deeper_after_so_many_trials_and_no_deeper_at_the_end():
    strategy = DepthSchedule(SPACE, 4, FakePolicy)
    assert depths(rounds(strategy, 5)) == [2, 2, 2, 2, 3, 3, 3, 3, 3, 3]
    assert set(depths(strategy.sample(5))) == {3}


def test_failed_trials_count_too():
    strategy = DepthSchedule(SPACE, 4, FakePolicy)
    assert depths(rounds(strategy, 3, lambda a: None)) == [2, 2, 2, 2, 3, 3]


def test_each_depth_goes_on_with_what_those_before_have_learned():
    made = []

    def make(space):
        made.append(FakePolicy(space))
        return made[-1]

    asked = rounds(DepthSchedule(SPACE, 4, make), 3)
    assert [policy.space for policy in made] == [SPACE.at(2), SPACE.at(3)]
    assert made[-1].learned == pytest.approx(sum(map(token_score, asked)))


def test_probabilities_are_of_the_whole_space():
    shares = DepthSchedule(SPACE, 4, FakePolicy).probabilities()
    assert [len(share) for share in shares] == [len(d.options) for d in SPACE.decisions]
    assert shares[0].tolist() == [1.0, 0.0]  # two layers, so far
    assert not np.concatenate(shares[-3:]).any()  # a third one has no filters and no bits


@pytest.mark.parametrize("told", [1, 2, 3])  # before, at and after the change of depth
def test_taken_up_again_it_goes_on_as_before(told):
    strategy, again = (DepthSchedule(SPACE, 4, FakePolicy) for _ in range(2))
    rounds(strategy, told)
    again.restore(strategy.state())
    assert rounds(again, 2) == rounds(strategy, 2)
