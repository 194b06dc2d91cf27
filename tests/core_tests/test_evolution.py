"""Evolution and local search: who lives, who is parent, where a climb goes."""

import numpy as np
import pytest
from fakes import trials_of

from mlpnas.core.errors import InputError
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.local_search import LocalSearch
from mlpnas.core.trial import Trial
from mlpnas.nasbench.macro import NASBenchMacroSpace

SPACE = NASBenchMacroSpace()


def total(architecture):
    """Sum of the digits: every chain but 22222222 has a better neighbour."""
    return sum(architecture.tokens) / 16


def told(strategy, n, score=total):
    asked = strategy.ask(n)
    strategy.tell(trials_of(asked, score))
    return asked


@pytest.mark.parametrize("ageing", [True, False])
def test_who_lives(ageing):
    strategy = RegularizedEvolution(SPACE, population=7, tournament=3, ageing=ageing)
    everyone = []
    for _ in range(60):
        everyone += told(strategy, 1)
        living = [architecture for architecture, _ in strategy.population()]
        if ageing:  # the last seven: nobody is older than seven trials
            assert living == everyone[-7:]
        else:  # the best seven, as if the worst had been dropped after every birth
            expected = sorted(map(total, everyone), reverse=True)[:7]
            assert [total(architecture) for architecture in living] == expected


def test_failed_trials_are_no_ancestors():
    strategy = RegularizedEvolution(SPACE, population=4)
    asked = strategy.ask(6)
    outcomes = trials_of(asked, lambda a: None if a in asked[:2] else total(a))
    strategy.tell([*outcomes[:5], Trial(5, 0, asked[5], "ok", score=float("nan"))])
    assert [architecture for architecture, _ in strategy.population()] == asked[2:5]


def test_children_are_one_edit_away_from_a_member():
    strategy = RegularizedEvolution(SPACE, population=5)
    told(strategy, 5)
    near = {n for a, _ in strategy.population() for n in SPACE.neighbours(a)}
    assert set(strategy.ask(5)) <= near


def test_tournament_pressure():
    # With replacement the member of rank r of P wins a tournament of S with probability
    # ((P - r + 1)^S - (P - r)^S) / P^S: for P = 3, S = 2 that is 5/9, 3/9, 1/9. A parent is
    # seen in its child when the members are far apart.
    chains = [SPACE.parse(text) for text in ("22222222", "11111111", "00000000")]
    strategy = RegularizedEvolution(SPACE, population=3, tournament=2)
    strategy.tell(trials_of(chains, total))
    children, wins = strategy.sample(3600), np.zeros(3)
    for child in children:
        differences = [sum(np.not_equal(child.tokens, chain.tokens)) for chain in chains]
        wins[np.argmin(differences)] += 1
    # Standard deviation of a frequency at most sqrt(1/4 / 3600) = 0.0083; 5 of them: a
    # false failure in less than one of 500,000 runs, and the seed is fixed.
    np.testing.assert_allclose(wins / 3600, [5 / 9, 3 / 9, 1 / 9], atol=0.042)


@pytest.mark.parametrize("make", [RegularizedEvolution, LocalSearch])
def test_an_architecture_of_another_space_is_refused(make):
    other = NASBenchMacroSpace(merge=True).parse("22222222")
    with pytest.raises(InputError, match=r"belongs to the space 'nasbench-macro.distinct"):
        make(SPACE).tell(trials_of([other], total))


def test_first_improvement_climbs_straight_up():
    strategy = LocalSearch(SPACE, starts=1)
    path = told(strategy, 1)
    best = total(path[0])
    for _ in range(200):
        (step,) = told(strategy, 1)
        if best < 1:
            # Everything tried is a neighbour of the best so far: each improvement is taken.
            assert any(step in SPACE.neighbours(a) for a in path if total(a) == best)
        path.append(step)
        best = max(best, total(step))
    # From any start at most 16 improvements, each found within 16 neighbours.
    assert best == 1


def test_the_whole_neighbourhood_is_looked_at_before_the_best_is_taken():
    strategy = LocalSearch(SPACE, starts=1, move="best")
    start = SPACE.parse("00000000")
    strategy.tell(trials_of([start], total))
    first = {a for _ in range(16) for a in told(strategy, 1)}
    assert first == set(SPACE.neighbours(start))
    (following,) = told(strategy, 1)
    # The best neighbours have one 2; the next step keeps it.
    assert following in {n for a in first if total(a) == 2 / 16 for n in SPACE.neighbours(a)}


def test_a_peak_is_left_for_a_new_start():
    strategy = LocalSearch(SPACE, starts=1)
    peak = SPACE.parse("22222222")
    strategy.tell(trials_of([peak], total))
    around = [a for _ in range(16) for a in told(strategy, 1)]
    assert set(around) == set(SPACE.neighbours(peak))
    (start,) = told(strategy, 1)
    assert start not in around
    (step,) = told(strategy, 1)
    assert step in SPACE.neighbours(start)
