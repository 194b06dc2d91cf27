"""Searching without rounds: what is asked when, told when, and what a kill costs."""

from itertools import islice

import numpy as np
import pytest
from fakes import FakeEvaluator, token_score
from spaces import SMALL_MLP

from mlpnas.core.asynchronous import search_asynchronously
from mlpnas.core.evaluator.evaluator import ChildEvaluator
from mlpnas.core.run.checkpoint import Checkpoint
from mlpnas.core.run.journal import reopen
from mlpnas.core.shared_weights import SharedWeights
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.trainer.base import Outcome
from mlpnas.core.trial import History
from mlpnas.space import MLPSpace

SPACE = MLPSpace((10, "softmax"))


class Watched(RandomStrategy):
    """Random, and notes what it asks for and is told, in order."""

    def __init__(self, space=SPACE, seed=0):
        super().__init__(space, seed)
        self.asked: list = []
        self.events: list = []

    def ask(self, n):
        asked = super().ask(n)
        self.asked += asked
        self.events += ["ask"] * n
        return asked

    def tell(self, trials):
        self.events.append([trial.id for trial in trials])

    def predict(self, architecture):
        return float(len(architecture.tokens))


class Place:
    """A generator whose children have one weight array, in the same place for all."""

    space = SPACE

    def weight_shapes(self, architecture, task):
        return {"place": ((1,),)}


def train(job):
    """One more than was inherited; the score tells the architecture."""
    (inherited,) = job.weights.get("place", (np.zeros(1),))
    score = token_score(job.architecture)
    return Outcome(curve=(score,), weights={"place": (inherited + 1,)})


def out_of_order(jobs):
    """Three are under way, the last that began finishes first."""
    waiting, under_way = enumerate(jobs), []
    while True:
        under_way += islice(waiting, 3 - len(under_way))
        if not under_way:
            return
        number, job = under_way.pop()
        yield number, train(job)


def children(**settings):
    run = lambda jobs: map(train, jobs)  # noqa: E731
    return ChildEvaluator(Place(), None, run, **settings)


def test_one_is_asked_for_when_one_has_finished_and_results_are_told_in_batches():
    strategy, history = Watched(), History()
    evaluator = children(stream=out_of_order)
    search_asynchronously(strategy, evaluator, history, trials=7, per_round=2)
    a, told = "ask", [[0, 1], [2, 3], [4, 5]]
    # Three begin. Trials 0 and 1 finish, each followed by an ask, then the two are told.
    assert strategy.events == [a, a, a, a, told[0], a, a, told[1], a, told[2]]
    assert [trial.id for trial in history.trials] == list(range(7))
    assert [trial.round for trial in history.trials] == [0, 0, 1, 1, 2, 2, 3]
    # The first two to begin finish last.
    order = [strategy.asked.index(trial.architecture) for trial in history.trials]
    assert order == [2, 3, 4, 5, 6, 1, 0]


def test_score_and_prediction_are_those_of_the_architecture_whoever_finished_first():
    strategy, history = Watched(), History()
    search_asynchronously(strategy, children(stream=out_of_order), history, trials=20)
    for trial in history.trials:
        assert trial.score == pytest.approx(token_score(trial.architecture))
        assert trial.predicted == len(trial.architecture.tokens)


def test_children_inherit_what_was_learned_before_they_began():
    inherited = []

    def watched(jobs):
        return out_of_order(job for job in jobs if not inherited.append(job.weights))

    evaluator = children(stream=watched, store=SharedWeights())
    search_asynchronously(Watched(), evaluator, History(), trials=6)
    # Three begin with nothing; whoever comes later finds what somebody has left.
    assert [len(weights) for weights in inherited] == [0, 0, 0, 1, 1, 1]


def test_an_evaluator_without_a_stream_of_its_own_is_asked_one_by_one():
    strategy, evaluator, history = Watched(SMALL_MLP), FakeEvaluator(), History()
    search_asynchronously(strategy, evaluator, history, trials=100, per_round=10)
    assert {trial.architecture for trial in history.trials} == set(SMALL_MLP)
    assert len(history) == 24  # an exhausted space ends the search
    assert evaluator.calls == [call for i in range(24) for call in (i, "end")]


def test_what_is_under_way_is_finished_when_the_user_stops():
    strategy, history = Watched(), History()
    search_asynchronously(
        strategy,
        children(stream=out_of_order),
        history,
        trials=100,
        should_stop=lambda upcoming: len(history) >= 4,
    )
    assert len(history) == 4 + 2


def test_finished_trials_outlive_a_kill_and_are_not_tried_again(tmp_path):
    def parts():
        """The search as it stands in the folder; nothing was saved but the journal."""
        checkpoint = Checkpoint(tmp_path / "state")
        store = SharedWeights()
        evaluator = children(stream=out_of_order, store=store, checkpoint=checkpoint)
        return Watched(), evaluator, reopen(tmp_path / "trials.jsonl", SPACE), store

    def kill(trial):
        if trial.id == 6:
            raise KeyboardInterrupt

    strategy, evaluator, history, _ = parts()
    with pytest.raises(KeyboardInterrupt):
        search_asynchronously(strategy, evaluator, history, 20, per_round=3, on_trial=kill)
    history.close()
    before = list(history.trials)
    assert len(before) == 7
    strategy, evaluator, history, store = parts()
    search_asynchronously(strategy, evaluator, history, 20, per_round=3)
    history.close()
    assert history.trials[:7] == before
    assert strategy.events[0] == list(range(7))  # what it had forgotten is told again
    tried = {trial.architecture for trial in history.trials}
    assert len(tried) == len(history) == 20
    # What the seven had learned is found again.
    assert len(store) == 1
    assert all(trial.inherited == 1.0 for trial in history.trials[7:])
