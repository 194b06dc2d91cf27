"""ReinforceStrategy: what it hands to the learner, for rewards worked out by hand.

Recording learners take the place of the gradient steps, so nothing is compiled but the
sampler, and the coefficients can be read.
"""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from fakes import token_score, trials_of
from spaces import SMALL_MLP, MacroSpace, MicroSpace

from mlpnas.core.strategies.base import Proposals
from mlpnas.core.strategies.controller import policy_gradient as pg
from mlpnas.core.strategies.controller.adversarial_predictor import Predictor, Prescreen
from mlpnas.core.strategies.controller.controller import padded
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.core.strategies.named import make_strategy
from mlpnas.space import MLPSpace

ROOMY = MLPSpace((3, "softmax"), max_layers=3, widths=(8, 16, 32))


class Recorder:
    """Stands in for a learner and notes the steps asked of it."""

    variables = ()

    def __init__(self):
        self.steps: list[tuple[np.ndarray, ...]] = []

    def step(self, *batch):
        self.steps.append(batch)


class Steps(NamedTuple):
    """What was asked of both learners."""

    policy: list[tuple[np.ndarray, ...]]
    prediction: list[tuple[np.ndarray, ...]]


def recorded(space=ROOMY, **settings) -> tuple[ReinforceStrategy, Steps]:
    policy, prediction = Recorder(), Recorder()
    strategy = ReinforceStrategy(space, units=4, learner=lambda _: policy, **settings)
    strategy._prediction = prediction
    return strategy, Steps(policy.steps, prediction.steps)


def told(strategy, n, score=token_score):
    asked = strategy.ask(n)
    strategy.tell(trials_of(asked, score))
    return asked


def walk(row, space=ROOMY) -> tuple[int, ...]:
    """The tokens of a padded row, up to and with the head."""
    return tuple(row[: list(row).index(space.end) + 1].tolist())


def drawn(strategy) -> list:
    """The architectures that the strategy has drawn and not learned from."""
    return [draw.architecture for draw in strategy._drawn]


def in_units(advantages, scores, baseline):
    """What the learner is handed: each advantage over the number of draws, in units of the
    average reward, of this batch or of earlier ones, whichever is more."""
    return advantages / len(scores) / max(baseline, scores.mean())


def score_of(row) -> float:
    return token_score(ROOMY.architecture(walk(row)))


# --- plain REINFORCE --------------------------------------------------------------------


def test_the_coefficient_of_an_architecture_is_its_own_advantage_over_n():
    # Round 0: the baseline is the batch's own mean. Round 1: the mean of round 0. Round 2:
    # 0.9 of that and 0.1 of the mean of round 1. Rewards go with their architectures.
    strategy, steps = recorded(predictor=None)
    for _ in range(3):
        told(strategy, 8)
    baseline = None
    for tokens, coefficients, _ in steps.policy:
        scores = np.array([score_of(row) for row in tokens])
        baseline = scores.mean() if baseline is None else baseline
        expected = in_units(scores - baseline, scores, baseline)
        np.testing.assert_allclose(coefficients, expected, atol=1e-7)
        baseline += 0.1 * (scores.mean() - baseline)
    assert len(steps.policy) == 3
    assert steps.prediction == []


def test_repeats_stay_in_the_batch_with_their_recorded_score():
    # In a space of 24, the second batch of 20 draws meets architectures that are not asked
    # for again; a policy conditioned on novelty would not be the policy.
    strategy, steps = recorded(SMALL_MLP, predictor=None)
    first = told(strategy, 20)
    second = told(strategy, 4)
    assert not {*first} & {*second}
    drawn = {walk(row, SMALL_MLP) for row in steps.policy[1][0]}
    assert drawn & {a.tokens for a in first}
    assert len(steps.policy[1][0]) == 4


def test_draws_are_learned_from_once_their_trials_are_told_whenever_that_is():
    strategy, steps = recorded()
    early, late = strategy.ask(3), strategy.ask(3)
    expected = [strategy.predict(a) for a in early]
    for told_now in (late, early):
        strategy.tell(trials_of(told_now))
        assert {walk(row) for row in steps.policy[-1][0]} == {a.tokens for a in told_now}
    strategy.tell([])
    assert len(steps.policy) == 2  # nothing is learned from twice
    assert [strategy.predict(a) for a in early] == expected


def test_an_equivalent_form_of_a_trained_architecture_has_its_score():
    space = MicroSpace(ops=("sep3", "avg"))
    strategy, steps = recorded(space, predictor=None)
    asked = strategy.ask(8)
    swapped = [(in2, in1, op2, op1) for in1, in2, op1, op2 in (a.tokens for a in asked)]
    strategy._drawn = [
        draw._replace(architecture=space.architecture(tokens))
        for draw, tokens in zip(strategy._drawn, swapped, strict=True)
    ]
    strategy.tell(trials_of(asked))
    [(tokens, coefficients, _)] = steps.policy
    assert [tuple(row) for row in tokens.tolist()] == swapped
    scores = np.array([token_score(a) for a in asked])
    expected = in_units(scores - scores.mean(), scores, scores.mean())
    np.testing.assert_allclose(coefficients, expected, atol=1e-7)


def test_failed_architectures_are_left_out_of_the_batch_and_the_baseline():
    strategy, steps = recorded(predictor=None)
    asked = strategy.ask(8)
    failed = drawn(strategy)[0]
    strategy.tell(trials_of(asked, lambda a: None if a == failed else token_score(a)))
    [(tokens, coefficients, _)] = steps.policy
    assert failed.tokens not in {walk(row) for row in tokens}
    scores = np.array([score_of(row) for row in tokens])
    expected = in_units(scores - scores.mean(), scores, scores.mean())
    np.testing.assert_allclose(coefficients, expected, atol=1e-7)


def test_a_round_in_which_everything_failed_makes_no_step():
    strategy, steps = recorded()
    told(strategy, 5, score=lambda architecture: None)
    assert (steps.policy, steps.prediction) == ([], [])


@pytest.mark.parametrize("value", [0.0, 1 / 3, 0.7, 1.0])
def test_equal_scores_have_an_advantage_of_exactly_zero(value):
    strategy, steps = recorded(predictor=Predictor(surprise=0.0))
    for _ in range(3):
        told(strategy, 7, score=lambda architecture: value)
    assert all((coefficients == 0).all() for _, coefficients, _ in steps.policy)


def test_a_batch_of_one_has_no_advantage_at_first_and_a_finite_one_later():
    strategy, steps = recorded(predictor=None)
    told(strategy, 1)
    told(strategy, 1)
    assert steps.policy[0][1].tolist() == [0]
    assert np.isfinite(steps.policy[1][1]).all()


@pytest.mark.parametrize("exponent", [-8, 5])
def test_the_unit_of_the_scores_makes_no_difference(exponent):
    # A power of two scales without rounding: the proposals are the same to the last one.
    plain, scaled = (ReinforceStrategy(ROOMY, units=8, predictor=None) for _ in range(2))
    for _ in range(4):
        asked = plain.ask(5)
        assert scaled.ask(5) == asked
        plain.tell(trials_of(asked))
        scaled.tell(trials_of(asked, lambda a: token_score(a) * 2.0**exponent))


def test_a_batch_in_which_nothing_is_paid_after_nothing_was_paid_moves_nothing():
    strategy, steps = recorded(predictor=None)
    for _ in range(2):
        told(strategy, 4, score=lambda architecture: 0.0)
    assert [coefficients.tolist() for _, coefficients, _ in steps.policy] == [[0.0] * 4] * 2


def test_the_learner_is_told_how_likely_each_draw_was_when_it_was_drawn():
    # Whoever waits for no child learns meanwhile: the policy is another one when it is told.
    strategy, steps = recorded(predictor=None)
    early = strategy.ask(4)
    tokens = padded([a.tokens for a in drawn(strategy)], len(ROOMY.decisions))
    then = strategy.controller.teacher_force(tf.constant(tokens)).log_probs.numpy()
    for variable in strategy.controller.policy_head_variables():
        variable.assign(variable * 30.0)  # what many steps would do
    strategy.tell(trials_of(early))
    np.testing.assert_allclose(steps.policy[0][2], then, atol=1e-5)
    now = strategy.controller.teacher_force(tf.constant(tokens)).log_probs.numpy()
    assert np.abs(now - then).max() > 0.1


# --- the adversarial predictor ----------------------------------------------------------


def test_good_and_surprising_children_are_paid_by_the_published_formula():
    # R = r + lambda_k * sigmoid((r - b) / tau) * min(max(|r - q| - nu, 0) / scale, 3), where
    # lambda falls from 0.1 with the fraction of the planned trials that were told.
    settings = Predictor(surprise=0.1, temperature=0.2, noise_floor=0.01)
    strategy, steps = recorded(predictor=settings, trials=20)
    for _ in range(2):
        asked = strategy.ask(5)
        batch = drawn(strategy)
        q = np.array([strategy.predict(a) for a in batch])  # before the score is seen
        b, scale = strategy._baseline.value, strategy._scale.value
        strategy.tell(trials_of(asked))
        r = np.array([token_score(a) for a in batch])
        known = len(strategy._scores)
        b = r.mean() if b is None else b
        scale = np.abs(r - q).mean() if scale is None else scale
        surprise = np.minimum(np.maximum(np.abs(r - q) - 0.01, 0) / (scale + 1e-6), 3)
        gate = 1 / (1 + np.exp(-(r - b) / 0.2))
        rewards = r + 0.1 * (1 - known / 20) * gate * surprise
        baseline = rewards.mean() if known == 5 else b
        _, coefficients, _ = steps.policy[-1]
        expected = in_units(rewards - baseline, rewards, baseline)
        np.testing.assert_allclose(coefficients, expected, atol=1e-6)


def test_predictions_are_the_ones_made_before_the_score_was_seen():
    strategy, _ = recorded()
    asked = strategy.ask(5)
    before = [strategy.predict(a) for a in asked]
    strategy.tell(trials_of(asked))
    assert [strategy.predict(a) for a in asked] == before
    assert all(0 < q < 1 for q in before)


def test_without_a_predictor_nothing_is_predicted():
    strategy, _ = recorded(predictor=None)
    assert [strategy.predict(a) for a in strategy.ask(3)] == [None] * 3


def test_the_predictor_learns_from_every_score_since_the_first_round():
    strategy, steps = recorded(predictor=Predictor(steps=2))
    asked = told(strategy, 6) + told(strategy, 6)
    assert len(steps.prediction) == 4
    tokens, scores, weights = steps.prediction[-1]
    assert {walk(row) for row in tokens} == {a.tokens for a in asked}
    np.testing.assert_allclose(scores, [score_of(row) for row in tokens], atol=1e-7)
    assert (weights == 1).all()


def test_a_predictor_without_weight_and_surprise_is_plain_reinforce_to_the_bit():
    plain = ReinforceStrategy(ROOMY, units=8, predictor=None)
    idle = ReinforceStrategy(ROOMY, units=8, predictor=Predictor(weight=0.0, surprise=0.0))
    for _ in range(4):
        asked = plain.ask(5)
        assert idle.ask(5) == asked
        plain.tell(trials_of(asked))
        idle.tell(trials_of(asked))
    pairs = zip(plain.controller.get_weights(), idle.controller.get_weights(), strict=True)
    assert all((a == b).all() for a, b in pairs)


# --- the pre-screen ---------------------------------------------------------------------

SCREEN = Prescreen(candidates=4, uniform=0.4, members=3, min_labels=5, min_correlation=-1.0)


def test_uniform_picks_are_trained_whatever_the_predictor_thinks_of_them():
    strategy, _ = recorded(prescreen=SCREEN)
    told(strategy, 5)
    asked = strategy.ask(5)
    assert len(strategy._drawn) == 4 * 5
    picks = [draw.architecture for draw in strategy._drawn if draw.uniform]
    assert len(picks) == 2  # 0.4 of 5
    known = set(strategy._scores)
    assert {a for a in picks if a.tokens not in known} <= set(asked)


def test_the_others_are_the_most_promising_candidates():
    strategy, _ = recorded(prescreen=SCREEN)
    known = {a.tokens for a in told(strategy, 5)}
    asked = strategy.ask(5)
    heads = {a: strategy._expected[a.tokens] for a in drawn(strategy)}
    acquire = {a: h.mean() + 0.5 * h.std() for a, h in heads.items()}
    picks = [draw.architecture for draw in strategy._drawn if draw.uniform]
    chosen = [acquire[a] for a in asked if a in acquire and a not in picks]
    passed = [p for a, p in acquire.items() if a not in asked and a.tokens not in known]
    assert min(chosen) >= max(passed)


def test_screened_rounds_use_the_control_variate():
    strategy, steps = recorded(prescreen=SCREEN)
    told(strategy, 5)
    baseline = strategy._baseline.value
    asked = strategy.ask(5)
    batch, uniform = drawn(strategy), np.array([draw.uniform for draw in strategy._drawn])
    q = np.array([strategy.predict(a) for a in batch])
    strategy.tell(trials_of(asked))
    r = np.array([token_score(a) for a in batch])
    tokens, coefficients, _ = steps.policy[-1]
    assert [walk(row) for row in tokens] == [a.tokens for a in batch]
    expected = pg.control_variate(r, q, uniform, baseline) / max(baseline, r[uniform].mean())
    np.testing.assert_allclose(coefficients, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("screen", "screened"),
    [
        (Prescreen(min_labels=10, min_correlation=-1.0), True),
        (Prescreen(min_labels=11, min_correlation=-1.0), False),
        (Prescreen(min_labels=10, min_correlation=1.01), False),
    ],
)
def test_the_prescreen_waits_for_labels_and_correlation(screen, screened):
    strategy, _ = recorded(prescreen=screen)
    told(strategy, 10)
    strategy.ask(3)
    assert len(strategy._drawn) == (12 if screened else 3)


def test_a_predictor_that_has_no_opinion_is_not_trusted():
    # All scores equal: the rank correlation is undefined.
    strategy, _ = recorded(prescreen=SCREEN)
    told(strategy, 10, score=lambda architecture: 0.5)
    strategy.ask(3)
    assert len(strategy._drawn) == 3


def test_scores_from_elsewhere_alone_do_not_start_the_prescreen():
    # An earlier run's trials are labels, but no uniform pick of this policy was checked.
    strategy, _ = recorded(prescreen=SCREEN)
    strategy.tell(trials_of(list(ROOMY)[:10]))
    strategy.ask(3)
    assert len(strategy._drawn) == 3


def test_a_prescreen_without_a_predictor_is_refused():
    with pytest.raises(ValueError, match="prescreen needs a predictor"):
        ReinforceStrategy(ROOMY, predictor=None, prescreen=Prescreen())


def test_each_member_of_the_ensemble_has_its_own_bootstrap_sample():
    strategy, steps = recorded(prescreen=SCREEN)
    told(strategy, 5)
    first = {
        walk(row): w
        for row, w in zip(steps.prediction[0][0], steps.prediction[0][2], strict=True)
    }
    told(strategy, 5)
    tokens, _, weights = steps.prediction[-1]
    assert weights.shape == (10, 3)
    assert (weights != weights[:, :1]).any()
    # A row keeps its weights when others join it.
    later = {walk(row): w for row, w in zip(tokens, weights, strict=True)}
    assert all((later[key] == w).all() for key, w in first.items())


def test_the_references_decay_is_of_the_policy_and_of_its_predictor_alike():
    made = make_strategy("reinforce", ROOMY, 0, Predictor(), decay=0.1)
    for learner in (made._policy, made._prediction):
        learner.variables[0].assign(10)  # steps
        assert float(learner._descent._optimizer.learning_rate) == pytest.approx(0.005)


# --- what is new ------------------------------------------------------------------------


def test_news_are_told_once_in_the_order_of_their_first_mention():
    a, b, c, d = list(SMALL_MLP)[:4]
    novelty = Proposals(SMALL_MLP)
    novelty.remember([c])
    assert novelty.news([a, b, a, c, d, b]) == [a, b, d]


def test_draw_prefers_what_is_given_then_the_source_then_anything():
    a, b, *_ = SMALL_MLP
    novelty, rng = Proposals(SMALL_MLP), np.random.default_rng(0)
    drawn = novelty.draw(4, lambda k: [b] * k, rng, given=[a, a])
    assert drawn[:2] == [a, b]
    assert len(set(drawn)) == 4
    assert novelty.proposed == drawn


def test_a_policy_moves_to_a_space_of_the_same_kinds_of_decisions():
    # Two and three layers, whose operations and bits share weights.
    old, _ = recorded(MacroSpace(2), predictor=None)
    new, steps = recorded(MacroSpace(3), predictor=None, seed=1)
    asked = told(old, 5, lambda a: 0.7)
    new.follow(old)
    for mine, other in zip(new._variables(), old._variables(), strict=True):
        np.testing.assert_array_equal(mine, other)
    # The random numbers go on: a second round, not the first one again.
    first = [a.tokens[0] for a in asked]
    assert [a.tokens[0] for a in told(new, 5, lambda a: 0.5)] != first
    # So does the baseline: of five rewards each is (0.5 - 0.7) / 5, in units of 0.7.
    [(_, coefficients, _)] = steps.policy
    np.testing.assert_allclose(coefficients, [-0.04 / 0.7] * 5, rtol=1e-5)
