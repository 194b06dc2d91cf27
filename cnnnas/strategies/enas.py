"""ENAS's controllers for convolutional networks, as data: the authors' program and the paper.

The two differ in nearly every number; the program's are the ones that are known to work.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the program its authors released.
"""

from collections.abc import Sequence
from dataclasses import replace

from cnnnas.space.cell_space import ENAS_OPERATIONS, SEPARABLE
from mlpnas.core.space.search_space import Decision
from mlpnas.core.strategies.controller.on_policy import Policy
from mlpnas.core.strategies.controller.options import ControllerOptions


def favour_separable(decision: Decision) -> Sequence[float] | None:
    """What is added to the logits of the normal cell's operations."""
    is_operation = decision.kind == "choice" and decision.name.startswith("normal")
    return _separable(decision.options, 0.25, -0.25) if is_operation else None


def _separable(operations: Sequence[str], these: float, others: float) -> tuple[float, ...]:
    return tuple(these if name in SEPARABLE else others for name in operations)


MACRO = Policy(
    controller=ControllerOptions(
        tanh={"choice": 1.5, "bit": 1.5}, weights=0.1, biases={}, anchor_step=True
    ),
    units=64,
    learning_rate=1e-3,
    entropy=1e-4,
    decay=0.99,
    baseline=0.0,
)


def micro(operations: Sequence[str] = ENAS_OPERATIONS) -> Policy:
    """For cells of these operations; separable convolutions are favoured."""
    controller = ControllerOptions(
        tanh={"choice": 1.10 / 2.5, "pointer": 1.10},
        weights=0.1,
        biases={"operation": _separable(operations, 10, 0)},
        offset=favour_separable,
        given="lstm",
        anchor_step=True,
    )
    return replace(MACRO, controller=controller, learning_rate=3.5e-3)


MICRO = micro()
_PAPER = replace(MACRO, units=100, learning_rate=3.5e-4, beta_1=0.9, epsilon=1e-8, entropy=0.1)
MACRO_PAPER = replace(
    _PAPER,
    controller=replace(MACRO.controller, tanh={"choice": 2.5, "bit": 2.5}, temperature=5.0),
)
MICRO_PAPER = replace(
    _PAPER,
    controller=replace(MICRO.controller, tanh={"choice": 1.0, "pointer": 2.5}, temperature=5.0),
)
