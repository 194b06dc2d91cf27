"""ENAS's controllers for recurrent cells, as data: the authors' second program and the paper.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the program enas_lm that its authors released.
"""

from collections.abc import Sequence
from dataclasses import replace

from mlpnas.core.space.search_space import Decision
from mlpnas.core.strategies.controller.on_policy import Policy
from mlpnas.core.strategies.controller.options import ControllerOptions


def favour_near(decision: Decision) -> Sequence[float] | None:
    """-(l - j)^2 / 6 for node l and its possible predecessors j: near ones are likelier."""
    if decision.kind != "pointer":
        return None
    return [-((decision.node - j) ** 2) / 6 for j in decision.options]


def reach(decision: Decision) -> Sequence[float] | None:
    """1 / (0.1 + l - j): what is fed on of a far predecessor's anchor is less."""
    if decision.kind != "pointer":
        return None
    return [1 / (0.1 + decision.node - j) for j in decision.options]


ENAS_LM = Policy(
    controller=ControllerOptions(
        tanh={"choice": 2.25, "pointer": 2.25},
        temperature=5.0,
        weights=0.01,
        biases={},
        tied=True,
        offset=favour_near,
        reach=reach,
        given="zero",
    ),
    units=64,
    learning_rate=5e-5,
    beta_1=0.9,
    epsilon=1e-8,
    entropy=1e-5,
    decay=0.999,
    baseline=0.0,
)
ENAS_PAPER = replace(
    ENAS_LM,
    controller=ControllerOptions(
        tanh={"choice": 2.5, "pointer": 2.5}, temperature=5.0, weights=0.1, biases={}
    ),
    units=100,
    learning_rate=3.5e-4,
    entropy=1e-4,
    decay=0.99,
)
# A search of minutes has a hundredth of the updates: a faster rate, and a baseline that starts
# at the first rewards instead of zero.
SMALL = replace(ENAS_PAPER, units=64, learning_rate=5e-3, decay=0.95, baseline=None)

POLICIES = {"enas-lm": ENAS_LM, "enas-paper": ENAS_PAPER, "small": SMALL}
