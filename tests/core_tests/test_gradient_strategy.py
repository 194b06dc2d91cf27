"""A differentiable search in the loop of all others, with a supernet of one number."""

import numpy as np
import pytest
from fakes import FakeTime
from spaces import CellSpace

from mlpnas.core.baselines.comparison import select_architecture
from mlpnas.core.differentiable.search import GradientSearch, never
from mlpnas.core.differentiable.strategy import GradientEvaluator, GradientStrategy
from mlpnas.core.run.clock import Clock
from mlpnas.core.search import search
from mlpnas.core.trial import History

SPACE = CellSpace(4)


class Value:
    """A variable of one number."""

    def __init__(self):
        self.value = np.zeros(())

    def numpy(self):
        return self.value

    def assign(self, value):
        self.value = np.asarray(value)


class FakeMixture:
    """Every epoch adds to its one weight, from which its architecture and scores follow."""

    space, operations, edges = SPACE, ("a", "b"), ((0, 2),)

    def __init__(self, pass_over_data=lambda: None, diverges_in=None):
        self.weight, self.trained = Value(), []
        self._pass, self._diverges_in = pass_over_data, diverges_in

    def train(self, number):
        self.trained.append(number)
        self._pass()
        self.weight.assign(self.weight.value + 1 + number)
        loss = np.nan if number == self._diverges_in else 1 / (1 + number)
        return loss, loss

    def tables(self):
        return {"cell": np.array([[self.weight.value, 1.0]])}

    def derive(self, tables):
        rng = np.random.default_rng(int(tables["cell"][0, 0]))
        return SPACE.sample_walk(rng)

    def score(self):
        return float(self.weight.value) / 1000

    def validate(self, architectures):
        return [float(self.weight.value) / 2000 for _ in architectures]

    def parameters(self, architecture):
        return 10

    def variables(self):
        return [self.weight]


def begin(mixture, epochs=6, rule=never):
    """A search with its strategy and its evaluator."""
    made = GradientSearch(mixture, epochs, rule)
    return made, GradientStrategy(made), GradientEvaluator(made)


def run(parts, history, trials=6, **hooks):
    _, strategy, evaluator = parts
    return search(strategy, evaluator, history, trials, per_round=1, **hooks)


def told(history):
    return [(t.id, t.architecture.tokens, t.score, t.predicted) for t in history.trials]


# --- time limits ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "epochs"),
    # Epochs of 240 seconds. The first is made in any case, others if they are foreseen to
    # end in time.
    [(100, 1), (250, 1), (479, 1), (600, 2), (1000, 4), (10_000, 6)],
)
def test_every_epoch_that_was_trained_is_in_the_journal_whatever_the_limit(
    limit, epochs, monkeypatch
):
    time = FakeTime(monkeypatch)
    mixture = FakeMixture(lambda: time.spend(240))
    parts, clock = begin(mixture), Clock(limit, lambda architecture: 10)
    history = run(parts, History(), on_trial=clock.note, should_stop=clock.should_stop)
    assert mixture.trained == [trial.id for trial in history.trials] == list(range(epochs))


@pytest.mark.parametrize("seconds", [[240] * 6, [300, 240, 240, 240, 240, 240], [5, 500] * 3])
def test_what_is_retrained_is_in_the_journal_whatever_the_limit(seconds, monkeypatch):
    for limit in range(100, 1600, 100):
        time, durations = FakeTime(monkeypatch), iter(seconds)
        mixture = FakeMixture(lambda time=time, left=durations: time.spend(next(left)))
        parts, clock = begin(mixture), Clock(limit, lambda architecture: 10)
        history = run(parts, History(), on_trial=clock.note, should_stop=clock.should_stop)
        last = history.trials[-1].architecture
        assert select_architecture(history, parts[1], parts[0], draws=5) == last


def test_an_interrupted_epoch_is_finished_and_recorded():
    clock = Clock(None, lambda architecture: 10)
    mixture = FakeMixture(lambda: setattr(clock, "interrupted", True))
    history = run(begin(mixture), History(), should_stop=clock.should_stop)
    assert mixture.trained == [trial.id for trial in history.trials] == [0]


# --- in turns ---------------------------------------------------------------------------


def test_a_strategy_trains_nothing_and_keeps_nothing():
    made, strategy, evaluator = begin(FakeMixture())
    assert strategy.ask(1) == []  # no epoch yet
    evaluator.begin_round(strategy)
    assert strategy.ask(1) == strategy.ask(1) == strategy.sample(1)
    assert made.supernet.trained == [0]
    assert strategy.state() == {}


def test_trials_are_those_of_the_mixture_after_each_epoch():
    history = run(begin(FakeMixture()), History())
    weights = np.cumsum([1, 2, 3, 4, 5, 6])
    for trial, weight in zip(history.trials, weights, strict=True):
        assert trial.architecture == SPACE.sample_walk(np.random.default_rng(int(weight)))
        assert (trial.score, trial.predicted) == (weight / 2000, weight / 1000)
        assert (trial.parameters, trial.inherited, trial.round) == (10, 1.0, trial.id)


def test_no_epoch_is_trained_after_the_rule_has_ended_the_search():
    parts = begin(FakeMixture(), rule=lambda epochs: 1 if len(epochs) == 3 else None)
    history = run(parts, History())
    assert parts[0].supernet.trained == [0, 1, 2]
    assert select_architecture(history, parts[1], parts[0], 5) == history.trials[1].architecture


def test_a_search_that_diverges_ends_with_the_trials_before():
    parts = begin(FakeMixture(diverges_in=2))
    history = run(parts, History())
    assert [trial.id for trial in history.trials] == [0, 1]
    assert parts[1].sample(1) == [history.trials[1].architecture]


@pytest.mark.parametrize("kept_at", [0, 1, 3])
@pytest.mark.parametrize("killed_at", [1, 3, 4])
def test_a_search_killed_anywhere_resumes_to_the_same_trials(kept_at, killed_at):
    whole = run(begin(FakeMixture()), History())
    parts, history, saved = begin(FakeMixture()), History(), {}

    def keep():
        if history.told == kept_at:
            saved.update(strategy=parts[1].state(), evaluator=parts[2].state(), told=kept_at)

    run(
        parts, history, checkpoint=keep,
        should_stop=lambda upcoming: len(history) >= killed_at,
    )  # fmt: skip
    resumed, again = begin(FakeMixture()), History(trials=history.trials)
    if saved:
        resumed[1].restore(saved["strategy"])
        resumed[2].restore(saved["evaluator"])
        again.told = saved["told"]
    assert told(run(resumed, again)) == told(whole)
    chosen = select_architecture(again, resumed[1], resumed[0], 5)
    assert chosen == whole.trials[-1].architecture
