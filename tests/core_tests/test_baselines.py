"""What stands beside a search: choice, equal budgets, random rivals, agreement."""

import json
import math

import pytest
from fakes import FakeEvaluator, FakeSupernet, token_score, trials_of
from spaces import CellSpace

from mlpnas.core.baselines.comparison import (
    Budget,
    agreement_line,
    compare_with_random,
    control_lines,
    equal_budget,
    random_search,
    rank_agreement,
    select_architecture,
    top_means,
)
from mlpnas.core.data.measure import Measure
from mlpnas.core.errors import InputError
from mlpnas.core.report import sections
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trial import History

SPACE = CellSpace(4)


def history(n: int, score=token_score) -> History:
    return History(trials=trials_of(RandomStrategy(SPACE).ask(n), score))


def test_without_shared_weights_the_best_trial_is_the_choice():
    found = history(6)
    best = max(found.trials, key=lambda trial: trial.score)
    assert select_architecture(found, RandomStrategy(SPACE), None, 9) == best.architecture


def test_with_shared_weights_the_choice_is_the_best_of_fresh_draws():
    strategy = RandomStrategy(SPACE, seed=3)
    best = max(strategy.sample(9), key=token_score)
    assert token_score(
        select_architecture(history(2), strategy, FakeSupernet(SPACE), 9)
    ) == token_score(best)


def test_a_search_in_which_nothing_succeeded_has_no_choice():
    with pytest.raises(InputError, match=r"none of the 3 trials succeeded.*made to fail"):
        select_architecture(history(3, score=lambda a: None), RandomStrategy(SPACE), None, 9)


def test_equal_budgets_worked_by_hand():
    # Children against children: the same.
    assert equal_budget(20, 3, shared=False, baselines=6, trials_per_pass=5) == Budget(20, 3)
    # 600 scores, 100 to a pass, are 6 passes: one epoch for each of 6 children, or two for
    # each of 4 (8 epochs are the least that is not less).
    assert equal_budget(600, 6, True, baselines=6, trials_per_pass=100) == Budget(6, 1)
    assert equal_budget(600, 6, True, baselines=4, trials_per_pass=100) == Budget(4, 2)


def test_rivals_are_kept_and_not_trained_again(tmp_path):
    path = tmp_path / "rivals.jsonl"
    first = random_search(path, RandomStrategy(SPACE), FakeEvaluator(), 4, lambda trial: None)
    seen = []
    again = random_search(path, RandomStrategy(SPACE), FakeEvaluator(), 4, seen.append)
    assert seen == []
    assert [t.architecture for t in again.trials] == [t.architecture for t in first.trials]


def test_agreement_is_the_rank_correlation():
    baselines = history(10)
    same, opposite = FakeSupernet(SPACE), FakeSupernet(SPACE, lambda a: -token_score(a))
    assert rank_agreement(same, baselines)["kendall_tau"] == pytest.approx(1.0)
    assert rank_agreement(opposite, baselines)["kendall_tau"] == pytest.approx(-1.0)
    assert rank_agreement(same, baselines)["kendall_tau_n"] == 10
    assert "(Kendall's tau): +1.00, over 10 random" in agreement_line(
        rank_agreement(same, baselines)
    )
    blind = rank_agreement(FakeSupernet(SPACE, lambda a: 0.5), baselines)
    assert "undefined" in agreement_line(blind)
    assert rank_agreement(None, baselines) == {}


@pytest.mark.parametrize("n", [1, 2, 6, 9])
def test_of_too_few_architectures_no_correlation_is_told_but_kept(n):
    found = rank_agreement(FakeSupernet(SPACE), history(n))
    assert agreement_line(found) == (
        f"{n} random architectures, each trained alone (epochs: 1), are too few for a rank "
        "correlation with their shared-weight scores, which takes 10"
    )
    assert found["kendall_tau"] == (None if n == 1 else pytest.approx(1))
    assert found["kendall_tau_n"] == n
    accuracy = Measure("accuracy")
    [section] = sections.agreement(found, accuracy, accuracy)
    page = "".join(section.parts)
    assert "are too few for a rank correlation" in page
    assert "+1.00" not in page


def test_top_means_worked_by_hand():
    scores = iter([0.1, 0.5, 0.3, 0.2, 0.9, 0.4])
    six = history(6, lambda a: next(scores))
    assert top_means(six.trials) == {
        1: 0.9,
        5: pytest.approx((0.9 + 0.5 + 0.4 + 0.3 + 0.2) / 5),
    }


def test_the_control_worked_by_hand():
    ours, theirs = (iter(s) for s in ([0.125, 0.729], [0.064, 0.027]))
    found, random = history(2, lambda a: next(ours)), history(2, lambda a: next(theirs))
    told = compare_with_random(found, random, Measure("accuracy", "accuracy cubed", math.cbrt))
    # Cube roots: 0.5 and 0.9 against 0.4 and 0.3; there are no five.
    assert told == {
        "control": {
            "measure": "validation accuracy",
            "top_means": [[1, pytest.approx(0.9), pytest.approx(0.4)]],
        }
    }
    line = "mean validation accuracy of the best 1: 0.9000, of random search's 0.4000"
    assert control_lines(json.loads(json.dumps(told))) == [line]
    assert control_lines({}) == []
