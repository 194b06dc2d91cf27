"""ControllerOptions: how a published controller differs from ours, as data.

ENAS holds its policy close to uniform while the shared weights are young: every logit u
becomes c * tanh(u / T), so that no option can become much likelier than another, and weights
start small, without biases. How a node's anchor comes about, and where new nodes like to
point, differs from publication to publication as well.

Source: Pham et al., "Efficient neural architecture search via parameter sharing", ICML 2018,
and the two programs that its authors released.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mlpnas.core.space.search_space import Decision

PerOption = Callable[[Decision], Sequence[float] | None]


def nothing(decision: Decision) -> None:
    """No number for any option."""
    return None


@dataclass(frozen=True)
class ControllerOptions:
    """The controller's form; the defaults are the plain one.

    Attributes:
        tanh: c by kind of decision; kinds that are not named are not squashed. For a bit both
            logits (-q, q) are, so that P(connected) = sigmoid(2 c tanh(q / T)).
        temperature: T.
        weights: all weights start uniform in (-weights, weights); None is Glorot's.
        biases: first values of the heads' biases by group. The other heads and the LSTM then
            have none. None gives every head zeros and the LSTM an open forget gate.
        tied: logits of a choice are products with its embeddings; it has no head of its own.
        offset: constants per option, added after squashing; None adds nothing.
        reach: factors per option on the anchor that a pointer feeds to the next step.
        given: anchors of nodes that no decision describes. `"trained"` vectors; or `"zero"`;
            or `"lstm"`: before the first decision that points at them, a step on the start
            vector for each of them gives the key that attention sees, and the next step is
            fed zeros.
        anchor_step: a node's anchor is the state that has read its last choice, for which an
            extra step is taken; the next node begins with the start vector. Bits are decided
            in such a state already.
    """

    tanh: Mapping[str, float] = field(default_factory=dict)
    temperature: float = 1.0
    weights: float | None = None
    biases: Mapping[str, Sequence[float]] | None = None
    tied: bool = False
    offset: PerOption = nothing
    reach: PerOption = nothing
    given: Literal["trained", "zero", "lstm"] = "trained"
    anchor_step: bool = False


PLAIN = ControllerOptions()
