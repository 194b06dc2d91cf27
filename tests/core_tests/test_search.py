"""The whole loop in milliseconds: a real strategy, a real journal, scores from a function."""

import json

import numpy as np
import pytest
from fakes import FakeEvaluator, token_score
from spaces import SMALL_MLP

from mlpnas.core.search import search
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trial import History
from mlpnas.space import MLPSpace

SPACE = MLPSpace((10, "softmax"))


class Watched(RandomStrategy):
    """Random, and notes what it is asked and told."""

    def __init__(self, space=SPACE, seed=0):
        super().__init__(space, seed)
        self.asked: list[int] = []
        self.told: list[list[int]] = []

    def ask(self, n):
        self.asked.append(n)
        return super().ask(n)

    def predict(self, architecture):
        return float(len(architecture.tokens))

    def tell(self, trials):
        self.told.append([trial.id for trial in trials])


def run(trials=25, per_round=10, score=token_score, strategy=None, history=None, **hooks):
    strategy = strategy or Watched()
    evaluator = FakeEvaluator(score)
    history = History() if history is None else history  # an empty one is false
    done = search(strategy, evaluator, history, trials, per_round, **hooks)
    return done, strategy, evaluator


def test_it_asks_evaluates_tells_and_stops_at_the_number_of_trials():
    history, strategy, evaluator = run(25, 10)
    # The last round is asked for in full, cut short by the number of trials, and not told.
    assert strategy.asked == [10, 10, 10]
    assert strategy.told == [list(range(10)), list(range(10, 20))]
    assert [trial.id for trial in history.trials] == list(range(25))
    assert [trial.round for trial in history.trials] == [0] * 10 + [1] * 10 + [2] * 5
    assert evaluator.calls[:12] == ["begin", *range(10), "end"]
    assert (evaluator.calls.count("begin"), evaluator.calls.count("end")) == (3, 2)


def test_every_trial_carries_the_prediction_made_before_it():
    history, _, _ = run(5)
    assert [t.predicted for t in history.trials] == [
        len(t.architecture.tokens) for t in history.trials
    ]


def test_no_trials_wanted_no_trials_made():
    history, strategy, evaluator = run(0)
    assert (len(history), strategy.asked, evaluator.calls) == (0, [], [])


def test_hooks_are_called_after_every_trial_and_after_every_round():
    seen: list = []
    history = History()
    run(
        5,
        2,
        history=history,
        on_trial=lambda trial: seen.append((trial.id, len(history))),
        checkpoint=lambda: seen.append("round"),
    )
    # The trial is recorded when on_trial sees it.
    assert seen == [(0, 1), (1, 2), "round", (2, 3), (3, 4), "round", (4, 5)]


def test_stopping_in_mid_round_keeps_what_was_finished_and_leaves_it_untold():
    history = History()
    _, strategy, evaluator = run(
        100, 10, history=history, should_stop=lambda upcoming: len(history) >= 13
    )
    assert len(history) == 13
    assert strategy.told == [list(range(10))]
    assert evaluator.calls[-2:] == [11, 12]  # trial 13 was never started


def test_stopping_before_the_first_round_asks_nothing():
    history, strategy, _ = run(should_stop=lambda upcoming: True)
    assert (len(history), strategy.asked) == (0, [])


def test_an_exhausted_space_ends_the_search_with_every_architecture_tried_once():
    history, strategy, _ = run(1000, 10, strategy=Watched(SMALL_MLP))
    assert {trial.architecture for trial in history.trials} == set(SMALL_MLP)
    assert len(history) == SMALL_MLP.size() == 24
    # The third ask finds four left, asks for those; the fourth finds none.
    assert strategy.asked == [10, 10, 10, 4, 10]


def test_failed_trials_are_recorded_told_and_counted():
    history, strategy, _ = run(20, 10, score=lambda a: None if a.tokens[0] % 2 else 0.5)
    assert len(history) == 20
    assert strategy.told == [list(range(10)), list(range(10, 20))]
    failed = [trial for trial in history.trials if not trial.ok]
    assert 0 < len(failed) < 20
    assert {(t.score, t.reason) for t in failed} == {(None, "made to fail")}


def test_a_search_in_which_everything_fails_ends_all_the_same():
    history, _, _ = run(20, 10, score=lambda architecture: None)
    assert len(history) == 20
    assert history.best() is None


def journal(path, seed) -> list[dict]:
    history = History(path)
    search(RandomStrategy(SPACE, seed), FakeEvaluator(), history, trials=15, per_round=4)
    history.close()
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_equal_seeds_write_equal_journals_and_other_seeds_others(tmp_path):
    first, again, other = (
        journal(tmp_path / f"{i}.jsonl", seed) for i, seed in enumerate((0, 0, 1))
    )
    assert len(first) == 15
    assert first == again
    assert [r["architecture"] for r in first] != [r["architecture"] for r in other]


@pytest.mark.parametrize("stop_after", [4, 8])
def test_a_search_that_is_continued_ends_like_one_that_was_not_interrupted(stop_after):
    straight, _, _ = run(16, 4, strategy=RandomStrategy(SPACE))
    before = RandomStrategy(SPACE)
    history, _, _ = run(stop_after, 4, strategy=before)
    resumed = RandomStrategy(SPACE)
    resumed.restore({name: np.array(array) for name, array in before.state().items()})
    run(16, 4, strategy=resumed, history=history)
    assert history.trials == straight.trials


def test_an_error_that_would_fail_every_child_is_not_swallowed():
    def broken(architecture):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run(score=broken)
