"""Training in turns with the strategy, resuming, deriving; with a supernet of a few numbers."""

import math

import pytest
from fakes import FakeSupernet, FakeTime
from spaces import MacroSpace, MicroSpace

from mlpnas.core.errors import InputError
from mlpnas.core.run.clock import Clock
from mlpnas.core.search import search
from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy, Policy
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.supernet import SupernetEvaluator, derive
from mlpnas.core.trainer.schedules import cosine_restarts
from mlpnas.core.trial import History

SPACE = MacroSpace(2)


def strategy(seed=0) -> OnPolicyStrategy:
    return OnPolicyStrategy(SPACE, seed, Policy(units=4, learning_rate=0.05))


def run(chosen, evaluator, history, trials, **options) -> History:
    return search(chosen, evaluator, history, trials, per_round=5, **options)


# --- in turns ---------------------------------------------------------------------------


@pytest.mark.parametrize(("rounds_per_pass", "passes"), [(1, 6), (2, 3), (4, 2)])
def test_a_pass_of_training_comes_before_every_so_many_rounds(rounds_per_pass, passes):
    supernet = FakeSupernet(SPACE)
    history = run(strategy(), SupernetEvaluator(supernet, rounds_per_pass), History(), 30)
    assert supernet.passes == [supernet.steps] * passes
    assert len(history) == 30


def test_weights_are_trained_on_what_the_strategy_draws():
    supernet, chosen = FakeSupernet(SPACE), strategy()
    drawn = [a.tokens[0] for a in chosen.sample(supernet.steps)]
    SupernetEvaluator(supernet).begin_round(chosen)
    assert supernet.trained.tolist() == [drawn.count(operation) for operation in range(6)]


def test_a_trial_has_its_score_on_the_batch_of_its_own_number():
    supernet = FakeSupernet(SPACE)
    history = run(strategy(), SupernetEvaluator(supernet, 100), History(), 10)
    for trial in history.trials:
        [score] = supernet.score([trial.architecture], batch=trial.id)
        assert trial.score == score
        assert trial.parameters == supernet.parameters(trial.architecture)


def test_random_search_shares_weights_too():
    history = run(
        RandomStrategy(SPACE, 0), SupernetEvaluator(FakeSupernet(SPACE)), History(), 20
    )
    assert all(trial.ok for trial in history.trials)


def test_weights_that_diverged_end_the_search_with_advice():
    evaluator = SupernetEvaluator(FakeSupernet(SPACE, loss=math.nan))
    with pytest.raises(InputError, match="diverged: their mean loss is nan in round 0"):
        run(strategy(), evaluator, History(), 10)


@pytest.mark.parametrize(("limit", "passes"), [(50, 1), (130, 2), (200, 3), (240, 3)])
def test_a_pass_that_would_end_too_late_is_not_begun(limit, passes, monkeypatch):
    time, supernet = FakeTime(monkeypatch), FakeSupernet(SPACE)
    train = supernet.train
    supernet.train = lambda architectures: time.spend(60) or train(architectures)
    clock = Clock(limit, supernet.parameters)
    run(
        strategy(), SupernetEvaluator(supernet), History(), 100, on_trial=clock.note,
        should_stop=clock.should_stop,
    )  # fmt: skip
    assert len(supernet.passes) == passes


# --- resuming ---------------------------------------------------------------------------


def told(history) -> list[tuple]:
    return [(t.id, t.round, t.architecture.tokens, t.score) for t in history.trials]


@pytest.mark.slow
@pytest.mark.parametrize(
    "kept_for",
    [
        pytest.param(1, id="every round kept"),
        pytest.param(3, id="some rounds not kept", marks=pytest.mark.slow),
    ],
)
def test_a_search_killed_anywhere_resumes_to_the_same_trials(kept_for):
    whole = run(strategy(), SupernetEvaluator(FakeSupernet(SPACE), 2), History(), 40)
    for killed_at in (3, 24):
        chosen, evaluator = strategy(), SupernetEvaluator(FakeSupernet(SPACE), 2)
        history, saved = History(), {}

        def keep(chosen=chosen, evaluator=evaluator, history=history, saved=saved):
            if history.rounds_told % kept_for == 0:
                saved.update(s=chosen.state(), e=evaluator.state(), told=history.told)

        def killed(upcoming, history=history, at=killed_at):
            return len(history) >= at

        run(chosen, evaluator, history, 40, should_stop=killed, checkpoint=keep)
        assert len(history) == killed_at
        resumed, evaluator = strategy(), SupernetEvaluator(FakeSupernet(SPACE), 2)
        if saved:
            resumed.restore(saved["s"])
            evaluator.restore(saved["e"])
        again = History(trials=history.trials)
        again.told = saved.get("told", 0)
        assert told(run(resumed, evaluator, again, 40)) == told(whole)


# --- deriving ---------------------------------------------------------------------------


def test_derive_ranks_different_draws_by_the_fixed_slice():
    supernet, chosen = FakeSupernet(SPACE), strategy()
    ranked = derive(chosen, supernet, 50)
    drawn = chosen.sample(50)
    assert {a for a, _ in ranked} == set(drawn)
    assert len(ranked) == len(set(drawn))
    scores = [score for _, score in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(supernet.validate([a]) == [score] for a, score in ranked)
    # Of equal scores the one that was drawn first stands first.
    first = {a: i for i, a in reversed(list(enumerate(drawn)))}
    assert ranked == sorted(ranked, key=lambda pair: (-pair[1], first[pair[0]]))


def test_derive_counts_equivalent_forms_once():
    space = MicroSpace(1, ops=("avg", "max"))  # 16 walks, 10 networks
    ranked = derive(RandomStrategy(space, 0), FakeSupernet(space), 400)
    assert len(ranked) == len({space.canonical(a) for a in space}) == 10


# --- small functions --------------------------------------------------------------------


def test_cosine_restarts_end_exactly_at_ten_times_2_to_the_k_minus_1():
    ends = [10 * (2**k - 1) for k in range(1, 7)]
    assert ends == [10, 30, 70, 150, 310, 630]
    rates = [cosine_restarts(epoch, 0.05, 0.0005) for epoch in range(631)]
    jumps = [i for i in range(1, 631) if rates[i] > rates[i - 1]]
    assert jumps == ends
    for end in ends:
        assert rates[end] == 0.05
        assert cosine_restarts(end - 1e-6, 0.05, 0.0005) == pytest.approx(0.0005)


def test_cosine_restarts_halfway_is_halfway():
    # The middle of the second period, 10 to 30, is 20.
    assert cosine_restarts(20, 0.05, 0.01) == pytest.approx(0.03)
    assert cosine_restarts(3, 1.0, 0.0, period=6, factor=1) == pytest.approx(0.5)
    assert cosine_restarts(6, 1.0, 0.0, period=6, factor=1) == 1.0
