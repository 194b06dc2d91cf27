"""ENAS's published controllers on the published spaces."""

import math
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import MacroSpace
from cnnnas.strategies import enas
from mlpnas.core.strategies.controller.controller import Controller, padded

MACRO, MICRO = MacroSpace(12), CellSpace.enas_micro()


def make(space, policy, units=None, **changes) -> Controller:
    options = replace(policy.controller, **changes)
    return Controller(space, units or policy.units, seed=2, options=options)


def forced(controller, walks):
    tokens = padded(walks, len(controller.decisions))
    return controller.teacher_force(tf.constant(tokens))


@pytest.mark.parametrize(
    ("space", "policy", "expected"),
    [(MACRO, enas.MACRO, 41_856), (MICRO, enas.MICRO, 41_733)],
    ids=["macro", "micro"],
)
def test_the_policies_have_the_published_number_of_parameters(space, policy, expected):
    controller = make(space, policy)
    variables = controller.trunk_variables() + controller.policy_head_variables()
    assert sum(int(np.prod(v.shape)) for v in variables) == expected


@pytest.mark.parametrize(
    ("space", "ceiling"),
    [
        (MACRO, 67.249),  # 12 ln 6 + 66 ln 2
        (MICRO, 58.506),  # two cells, each the sum over n = 2..6 of 2 ln 5n
    ],
    ids=["macro", "micro"],
)
def test_a_policy_without_preferences_has_the_greatest_entropy(space, ceiling):
    assert math.log(space.size()) == pytest.approx(ceiling, abs=5e-4)
    policy = enas.MACRO if space is MACRO else enas.MICRO
    even = {"weights": 0.0, "biases": {}, "offset": lambda decision: None}
    controller = make(space, policy, units=4, **even)
    entropies = forced(controller, [[0] * len(space.decisions)]).entropies
    assert float(entropies[0]) == pytest.approx(ceiling, abs=5e-3)


def test_a_fresh_controller_stays_near_even_and_favours_separable_operations_in_cells():
    # Logits of operations lie within +-0.44, in the normal cell moved by .25; so its entropy
    # is a little below the ceiling.
    controller = make(MICRO, enas.MICRO)
    walks, _ = controller.sample(tf.constant(20), tf.constant((0, 1)))
    assert ((walks.entropies > 56.5) & (walks.entropies < 58.506)).numpy().all()


def chances_at(space, controller, position: int) -> np.ndarray:
    """Probabilities of the options of one decision, all others summed over: the space has
    few enough members."""
    log_probs = forced(controller, [a.tokens for a in space]).log_probs.numpy()
    tokens = np.array([a.tokens[position] for a in space])
    return np.bincount(tokens, np.exp(log_probs))


@pytest.mark.slow
def test_probabilities_of_all_pairs_of_one_node_cells_and_their_first_preferences():
    # By hand: see test_controller_options. The reduction cell has no fixed logits.
    space = CellSpace.enas_micro(nodes=1)
    assert space.size() == 100**2
    controller = make(space, enas.MICRO)
    for position, decision in enumerate(space.decisions):
        chances = chances_at(space, controller, position)
        assert chances.sum() == pytest.approx(1, abs=1e-4)
        if decision.kind == "choice":
            normal = decision.name.startswith("normal")
            likely, rare = (0.3153, 0.1232) if normal else (0.2543, 0.1638)
            expected = [likely] * 2 + [rare] * 3
            np.testing.assert_allclose(chances, expected, atol=0.01)


def test_the_reduction_cell_knows_the_normal_one():
    # Its first decision is taken in a state that has read the normal cell, but its anchors
    # are its own: the two given states and none of the normal cell's.
    space = CellSpace.enas_micro(nodes=1)
    controller = make(space, enas.MICRO, weights=1.0)
    first_of_reduction = [(0, 0, 0, 0, pointer, 0, 0, 0) for pointer in (0, 1)]
    others = [(1, 1, 4, 3, *walk[4:]) for walk in first_of_reduction]
    ratios = []
    for walks in (first_of_reduction, others):
        a, b = forced(controller, walks).log_probs.numpy()
        ratios.append(a - b)
    assert abs(ratios[0] - ratios[1]) > 1e-4


def test_the_presets_of_the_paper_differ_where_the_paper_does():
    for program, paper in ((enas.MACRO, enas.MACRO_PAPER), (enas.MICRO, enas.MICRO_PAPER)):
        assert (program.units, program.entropy) == (64, 1e-4)
        assert (paper.units, paper.entropy, paper.learning_rate) == (100, 0.1, 3.5e-4)
        assert paper.controller.temperature == 5.0
        assert program.controller.temperature == 1.0
