"""From a learning curve to a score, and what children inherit from one another.

Nothing is fitted: a fake trainer answers with the curve and the weights it is told to give.
"""

from collections.abc import Callable

import numpy as np
import pytest
from spaces import SMALL_MLP

from mlpnas.core.evaluator.evaluator import ChildEvaluator, reward, trial_seed
from mlpnas.core.generator import Generator
from mlpnas.core.shared_weights import SharedWeights
from mlpnas.core.task import Fold, Task
from mlpnas.core.trainer.base import Job, Outcome
from mlpnas.core.trial import Trial

A, B, C, D, *_ = SMALL_MLP


def tiny_task() -> Task:
    fold = Fold(np.zeros((4, 2), np.float32), np.zeros(4, np.int32))
    return Task("tiny", "multiclass", fold, fold, fold, classes=("x", "y", "z"))


class OneKeyPerLayer(Generator):
    """Keys are layer names and positions; every place holds one array of one number."""

    space = SMALL_MLP

    def build(self, architecture, task, seed=0):
        raise AssertionError("evaluating builds nothing: the trainer does")

    def weight_shapes(self, architecture, task):
        layers = [layer.literal for layer in self.space.hidden(architecture)]
        return {f"{i} {layer}": ((1,),) for i, layer in enumerate(layers)} | {"head": ((1,),)}


def weights(value: float, *keys: str):
    return {key: (np.full(1, value, np.float32),) for key in keys}


def evaluator(train: Callable[[Job], Outcome], **settings) -> ChildEvaluator:
    return ChildEvaluator(
        OneKeyPerLayer(), tiny_task(), lambda jobs: map(train, jobs), **settings
    )


def values(job: Job) -> dict[str, float]:
    return {key: float(arrays[0][0]) for key, arrays in job.weights.items()}


# --- the score of a curve ---------------------------------------------------------------


def test_the_reward_weights_late_epochs_more():
    # (1 * 0.5 + 2 * 0.6 + 3 * 0.7) / (1 + 2 + 3) = (0.5 + 1.2 + 2.1) / 6 = 0.633333
    assert reward((0.5, 0.6, 0.7)) == pytest.approx((0.5 + 1.2 + 2.1) / 6)


def test_best_and_last_are_what_they_say():
    assert reward((0.5, 0.9, 0.7), "best") == 0.9
    assert reward((0.5, 0.9, 0.7), "last") == 0.7


def test_r2_is_clipped_before_it_is_averaged():
    # An awful first epoch counts as 0, not as -1e6: (1 * 0 + 2 * 0.6) / 3 = 0.4
    assert reward((-1e6, 0.6)) == pytest.approx(0.4)
    assert reward((-np.inf, 0.6)) == pytest.approx(0.4)
    assert reward((0.3, -5.0), "last") == 0


@pytest.mark.parametrize("kind", ["weighted", "best", "last"])
def test_an_equal_curve_is_its_own_reward_and_none_has_no_reward(kind):
    assert reward((0.7,) * 5, kind) == pytest.approx(0.7)
    assert np.isnan(reward((), kind))


# --- seeds ------------------------------------------------------------------------------


def test_trial_seeds_depend_on_run_and_trial_alone_and_do_not_meet():
    seeds = [trial_seed(run, trial) for run in range(20) for trial in range(200)]
    assert seeds == [trial_seed(run, trial) for run in range(20) for trial in range(200)]
    assert all(isinstance(seed, int) and 0 <= seed < 2**31 for seed in seeds)
    # 4,000 draws of 2**31 meet with probability 4000**2 / 2**32 = 0.004.
    assert len(set(seeds)) == len(seeds)


def test_every_job_has_its_trials_seed():
    jobs = []
    fake = evaluator(lambda job: jobs.append(job) or Outcome(curve=(0.5,)), seed=7)
    list(fake.evaluate([A, B], first_id=30))
    assert [job.seed for job in jobs] == [trial_seed(7, 30), trial_seed(7, 31)]


# --- trials -----------------------------------------------------------------------------


def test_an_outcome_becomes_an_evaluation_and_that_a_trial():
    outcome = Outcome(curve=(0.5, 0.6, 0.7), parameters=99, seconds=1.5)
    [found] = evaluator(lambda job: outcome).evaluate([B], first_id=3)
    assert found.score == pytest.approx(0.633333, abs=1e-6)
    trial = Trial.of(found, id=3, round=1, predicted=0.6)
    assert (trial.id, trial.round, trial.predicted) == (3, 1, 0.6)
    assert (trial.architecture, trial.status, trial.score) == (B, "ok", found.score)
    assert (trial.curve, trial.parameters, trial.seconds) == ((0.5, 0.6, 0.7), 99, 1.5)
    assert (trial.reason, trial.inherited) == (None, 0.0)


def test_the_kind_of_reward_can_be_chosen():
    [trial] = evaluator(lambda job: Outcome(curve=(0.9, 0.1)), score="best").evaluate([A], 0)
    assert trial.score == 0.9


def test_evaluations_come_in_order_and_one_by_one():
    trained = []

    def train(job: Job) -> Outcome:
        trained.append(job.architecture)
        return Outcome(curve=(0.5,))

    evaluations = evaluator(train).evaluate([C, A, B], first_id=10)
    for i, architecture in enumerate([C, A, B]):
        assert next(evaluations).architecture == architecture
        assert len(trained) == i + 1


def test_a_failed_child_has_no_score_and_keeps_its_reason():
    failed = Outcome(curve=(0.5, float("nan")), reason="diverged", weights=weights(9, "head"))
    fake = evaluator(lambda job: failed, store=SharedWeights())
    [trial] = fake.evaluate([A], first_id=0)
    fake.end_round()
    assert (trial.ok, trial.score, trial.reason) == (False, None, "diverged")
    assert trial.curve == (0.5,)  # the journal is strict JSON: no NaN
    assert len(fake.store) == 0  # its weights help nobody


@pytest.mark.parametrize("curve", [(), (0.5, float("nan"))])
def test_a_curve_without_a_score_is_a_failure_not_a_nan(curve):
    fake = evaluator(
        lambda job: Outcome(curve, weights=weights(9, "head")), store=SharedWeights()
    )
    [trial] = fake.evaluate([A], first_id=0)
    fake.end_round()
    assert (trial.ok, trial.score) == (False, None)
    assert "score nan" in trial.reason
    assert len(fake.store) == 0


# --- the one-shot store -----------------------------------------------------------------


def rounds(*batches, scores: dict) -> tuple[list[dict], SharedWeights, list]:
    """What each job inherited, the store, the trials; child i returns weights full of i."""
    inherited: list[dict] = []

    def train(job: Job) -> Outcome:
        inherited.append(values(job))
        keys = OneKeyPerLayer().weight_shapes(job.architecture, tiny_task())
        score = scores[len(inherited) - 1]
        return Outcome(curve=(score,), weights=weights(len(inherited) - 1, *keys))

    fake, trials = evaluator(train, store=SharedWeights()), []
    for batch in batches:
        trials += fake.evaluate(batch, first_id=len(trials))
        fake.end_round()
    return inherited, fake.store, trials


def test_children_of_one_round_do_not_see_each_other():
    inherited, _, _ = rounds([A, A, B], [A], scores={0: 0.5, 1: 0.6, 2: 0.4, 3: 0.5})
    assert inherited[:3] == [{}, {}, {}]
    assert inherited[3]["head"] == 1.0  # child 1 had the best score


def test_merging_goes_in_trial_order_so_ties_go_to_the_later_trial():
    inherited, _, _ = rounds([A, B, C], [A], scores=dict.fromkeys(range(4), 0.5))
    assert inherited[3]["head"] == 2.0


def test_a_worse_child_of_a_later_round_does_not_overwrite():
    inherited, _, _ = rounds([A], [A], [A], scores={0: 0.9, 1: 0.2, 2: 0.5})
    assert inherited[2]["head"] == 0.0


def test_the_hit_rate_is_the_fraction_of_keys_that_the_store_knew():
    # (8, 'relu') then head, afterwards (8, 'relu'), (8, 'relu'), head: 2 of 3 keys are known.
    one = SMALL_MLP.parse("(8, 'relu'), (3, 'softmax')")
    two = SMALL_MLP.parse("(8, 'relu'), (8, 'relu'), (3, 'softmax')")
    _, _, trials = rounds([one], [two], [two], scores=dict.fromkeys(range(3), 0.5))
    assert [t.inherited for t in trials] == pytest.approx([0, 2 / 3, 1])


def test_the_hit_rate_of_a_child_that_crashed_is_a_fraction_too():
    # A crash returns no weights to count; the rate is of keys asked for, not of keys returned.
    store = SharedWeights()
    store.merge(0.5, weights(1, "head", "0 (8, 'relu')"))
    one = SMALL_MLP.parse("(8, 'relu'), (3, 'softmax')")
    [trial] = evaluator(lambda job: Outcome(reason="crash"), store=store).evaluate([one], 0)
    assert trial.inherited == 1.0


def test_without_a_store_nobody_inherits():
    jobs = []
    fake = evaluator(
        lambda job: jobs.append(job) or Outcome((0.5,), weights=weights(1, "head"))
    )
    for first in (0, 1):
        list(fake.evaluate([A], first))
        fake.end_round()
    assert [job.weights for job in jobs] == [{}, {}]
    assert fake.state() == {}


def test_state_and_restore_carry_the_store_over():
    _, store, _ = rounds([A], scores={0: 0.5})
    saved = evaluator(lambda job: Outcome((0.1,)), store=store).state()
    jobs = []
    resumed = evaluator(lambda job: jobs.append(job) or Outcome((0.1,)), store=SharedWeights())
    resumed.restore(saved)
    list(resumed.evaluate([A], first_id=1))
    assert values(jobs[0]) == {"0 (8, 'relu')": 0.0, "1 (8, 'relu')": 0.0, "head": 0.0}
