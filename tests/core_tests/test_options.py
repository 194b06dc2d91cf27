"""ENAS's controllers: squashed logits, anchors, priors; in numbers worked out by hand.

The spaces are the published ones in miniature, see `spaces`.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from spaces import CellSpace, MacroSpace, MicroSpace

from mlpnas.core.strategies.controller.controller import Controller, padded
from mlpnas.core.strategies.controller.options import ControllerOptions

MACRO = ControllerOptions(
    tanh={"choice": 1.5, "bit": 1.5}, weights=0.5, biases={}, anchor_step=True
)
MICRO = ControllerOptions(
    tanh={"choice": 0.44, "pointer": 1.1},
    weights=0.5,
    biases={"op": (10, 10, 0, 0, 0)},
    offset=lambda d: (0.25, 0.25, -0.25, -0.25, -0.25) if d.kind == "choice" else None,
    given="lstm",
    anchor_step=True,
)


def near(decision):
    """A recurrent cell's preference for near predecessors: minus the distance squared / 6."""
    if decision.kind == "pointer":
        return [-((decision.node - j) ** 2) / 6 for j in decision.options]
    return None


def weaker(decision):
    return [1 / (0.1 + decision.node - j) for j in decision.options]


RECURRENT = ControllerOptions(
    tanh={"choice": 2.25, "pointer": 2.25}, temperature=5.0, weights=0.5, biases={},
    tied=True, offset=near, reach=weaker, given="zero",
)  # fmt: skip

PAIRS = [
    (MacroSpace(2), MACRO, 72),
    (MacroSpace(3), MACRO, 1_728),
    (MicroSpace(1), MICRO, 100),
    (MicroSpace(2), MICRO, 22_500),
    (CellSpace(3), RECURRENT, 128),
]
published = pytest.mark.parametrize(
    ("space", "options", "size"), PAIRS, ids=[space.name for space, *_ in PAIRS]
)


def make(space, options, units=8) -> Controller:
    return Controller(space, units, seed=1, options=options)


def forced(controller, walks):
    tokens = padded(walks, len(controller.decisions))
    return controller.teacher_force(tf.constant(tokens))


@published
def test_the_probabilities_of_all_members_sum_to_one(space, options, size):
    walks = [a.tokens for a in space]
    assert len(walks) == size
    chances = np.exp(forced(make(space, options), walks).log_probs)
    assert chances.sum() == pytest.approx(1, abs=1e-4)
    assert np.ptp(chances) > 1e-6


@published
def test_teacher_forcing_repeats_what_the_sampler_said(space, options, size):
    controller = make(space, options)
    sampled, _ = controller.sample(tf.constant(64), tf.constant((1, 2)))
    again = controller.teacher_force(sampled.tokens)
    for part in ("log_probs", "entropies", "summary", "bits"):
        np.testing.assert_allclose(getattr(again, part), getattr(sampled, part), atol=1e-5)


def chances_of_last(controller, walk, options: int) -> np.ndarray:
    """Probabilities of the last decision's options after the rest of the walk."""
    walks = [(*walk[:-1], token) for token in range(options)]
    chances = np.exp(forced(controller, walks).log_probs.numpy())
    return chances / chances.sum()


# --- squashing, priors ------------------------------------------------------------------


def test_a_squashed_choice_cannot_become_likelier_than_its_constant_allows():
    # With c = 1.5 logits lie in (-1.5, 1.5): two options' odds are at most exp(3).
    controller = make(MacroSpace(1), MACRO)
    for variable in controller.policy_head_variables():
        variable.assign(variable * 1e4)
    chances = chances_of_last(controller, (0,), 6)
    assert chances.max() / chances.min() == pytest.approx(math.exp(3), rel=1e-3)


def test_the_temperature_divides_before_the_squashing():
    # One unit: h is the same with and without T; c tanh(u / 5) for small u is c u / 5.
    space = MacroSpace(1)
    plain = make(space, replace(MACRO, tanh={}))
    cooled = make(space, replace(MACRO, tanh={"choice": 1.0}, temperature=5.0))
    u = np.log(chances_of_last(plain, (0,), 6))
    squashed = np.log(chances_of_last(cooled, (0,), 6))
    u, squashed = u - u.mean(), squashed - squashed.mean()
    np.testing.assert_allclose(squashed, u / 5, atol=2e-3)


def test_bits_are_connected_with_the_probability_that_their_log_odds_say():
    # Layer 1's only bit: its two walks differ in it alone.
    controller = make(MacroSpace(2), MACRO)
    walks = forced(controller, [(0, 0, 0), (0, 0, 1)])
    off, on = np.exp(walks.log_probs.numpy())
    log_odds = walks.bits.numpy()
    assert log_odds.shape == (2, 1)
    assert on / (on + off) == pytest.approx(1 / (1 + math.exp(-log_odds[0, 0])), abs=1e-6)
    # 2 c tanh(q) is at most 2 * 1.5.
    controller._attention["bit"][2].assign(controller._attention["bit"][2] * 1e5)
    assert abs(forced(controller, [(0, 0, 0)]).bits.numpy()) == pytest.approx(3.0)


def test_a_fresh_micro_controller_favours_separable_operations_as_published():
    # Normal: logits 0.44 tanh(10) + .25 = .69 and 0 - .25: exp(.69) = 1.994, exp(-.25) = .779;
    # 1.994 / (2 * 1.994 + 3 * .779) = .3153, and .1232. Reduction: exp(.44) = 1.553 and 1:
    # 1.553 / 6.105 = .2543, and .1638.
    small = replace(MICRO, weights=0.01)
    for options, likely, rare in [
        (small, 0.3153, 0.1232),
        (replace(small, offset=lambda d: None), 0.2543, 0.1638),
    ]:
        chances = chances_of_last(make(MicroSpace(1), options), (0, 0, 0, 0), 5)
        np.testing.assert_allclose(chances, [likely] * 2 + [rare] * 3, atol=1e-3)


def test_near_predecessors_are_favoured():
    # The pointer of node 2, all else near 0: exp(-4/6) and exp(-1/6), .378 and .622. Its
    # function is summed over; node 0 and 1 are held.
    controller = make(CellSpace(3), replace(RECURRENT, weights=1e-4))
    walks = [(0, 0, 0, j, f) for j in range(2) for f in range(4)]
    chances = np.exp(forced(controller, walks).log_probs.numpy()).reshape(2, 4).sum(axis=1)
    np.testing.assert_allclose(chances / chances.sum(), [0.3775, 0.6225], atol=1e-3)


@pytest.mark.parametrize("space", [MacroSpace(4), MicroSpace(2)], ids=lambda space: space.name)
def test_a_policy_of_zeros_has_the_greatest_entropy_there_is(space):
    options = ControllerOptions(weights=0.0, biases={}, given="lstm", anchor_step=True)
    entropy = forced(make(space, options), [next(iter(space)).tokens]).entropies
    assert float(entropy[0]) == pytest.approx(math.log(space.size()), rel=1e-5)


# --- form -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("space", "options", "units", "expected"),
    [
        # LSTM 128 * 256 = 32,768; start 64; embeddings and heads 2 * 6 * 64; attention
        # 2 * 4,096 + 64.
        (MacroSpace(12), MACRO, 64, 32_768 + 64 + 768 + 8_256),
        # Heads with five biases: 41,733.
        (MicroSpace(5), MICRO, 64, 32_768 + 64 + 640 + 5 + 8_256),
        # Embeddings of four functions serve as the head: 41,344.
        (CellSpace(9), RECURRENT, 64, 32_768 + 64 + 256 + 8_256),
    ],
    ids=["macro", "micro", "recurrent"],
)
def test_the_published_controllers_have_the_published_number_of_parameters(
    space, options, units, expected
):
    controller = make(space, options, units)
    policy = controller.trunk_variables() + controller.policy_head_variables()
    assert sum(int(np.prod(v.shape)) for v in policy) == expected
    assert expected in (41_856, 41_733, 41_344)


def test_an_anchor_that_reads_the_last_choice_tells_it_to_later_bits():
    # Layer 0's operation reaches layer 1's bit through the anchor step (and the state).
    # Without it anchor 0 is the state before the operation was known.
    space = MacroSpace(2)
    controller = make(space, MACRO)
    keys = {}
    attend = controller._attend

    def spy(kind, anchor, h):
        keys.setdefault("anchor", []).append(anchor.numpy())
        return attend(kind, anchor, h)

    controller._attend = spy
    forced(controller, [(0, 0, 0), (5, 0, 0)])
    [(first, second)] = keys["anchor"]
    assert np.abs(first - second).max() > 1e-4


def test_initial_weights_lie_in_the_range_asked_for():
    controller = make(MacroSpace(3), replace(MACRO, weights=0.1))
    values = np.concatenate([v.numpy().ravel() for v in controller.policy_head_variables()])
    assert 0.09 < np.abs(values).max() <= 0.1
