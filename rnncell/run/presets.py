"""Presets: sizes and durations that belong together, as data.

    tiny        a minute, to see that everything works
    small       minutes on two cores, for 200,000 tokens of text or some hundred sequences
    enas-lm     the ENAS authors' second program, enas_lm
    enas-paper  the ENAS paper
    darts       the DARTS authors' program, for their cells

The last three are for clusters: days to weeks on two cores. Where the publications are silent
(the paper gives no dropout rates) the values are those of the authors' first program. Final
trainings lower their rate along half a cosine, where the publications keep or decay it.
"""

from dataclasses import dataclass, replace
from typing import Literal

from mlpnas.core.run.budget import Budget
from rnncell.recipes import MixedRecipe, Network, Regularization, SupernetRecipe, TextRecipe
from rnncell.space.activations import ACTIVATIONS

PUBLISHED_MIXTURE = MixedRecipe()


@dataclass(frozen=True)
class Preset:
    """Sizes and durations.

    Attributes:
        nodes, root, activations: of `ENASCellSpace`.
        base: of `TreeCellSpace`.
        exponent: of the perplexity in the reward.
        policy: of the controller that learns from shared weights, see `enas`.
        network, final_network: while searching, and of what is trained at length.
        shared: how shared weights are trained.
        mixed: how mixed cells are trained.
        final: how a network is trained at length; children by the same with fewer epochs.
        together: the budget with shared weights.
        alone: the budget of training children one by one.
        baselines: random cells trained one by one beside a search with shared weights.
        draws: cells drawn from the controller when one is derived.
        vocabulary, tokens: of a text, see `text.read_text`.
    """

    nodes: int
    network: Network
    final_network: Network
    shared: SupernetRecipe
    final: TextRecipe
    together: Budget
    alone: Budget
    root: str | None = None
    activations: tuple[str, ...] = ACTIVATIONS
    base: int = 8
    exponent: float = 1.0
    policy: Literal["small", "enas-lm", "enas-paper"] = "small"
    baselines: int = 10
    draws: int = 100
    vocabulary: int = 10_000
    tokens: int | None = None
    mixed: MixedRecipe = PUBLISHED_MIXTURE


_LIGHT = Regularization(input=0.1, state=0.0, output=0.2, embedding=0.1)
_SMALL = Preset(
    nodes=8,
    network=Network(128, _LIGHT),
    final_network=Network(128, _LIGHT),
    shared=SupernetRecipe(batch=32, steps=35, learning_rate=10.0, clip=0.25),
    final=TextRecipe(epochs=6, batch=32, steps=35, learning_rate=3e-3),
    together=Budget(trials=600, per_round=10, epochs=6),
    alone=Budget(trials=12, per_round=4, epochs=1),
    baselines=6,
    draws=60,
    vocabulary=3000,
    tokens=200_000,
)
_TINY = replace(
    _SMALL,
    nodes=4,
    base=2,
    network=Network(8, _LIGHT),
    final_network=Network(8, _LIGHT),
    shared=SupernetRecipe(batch=20, steps=20, slice=3),
    final=TextRecipe(epochs=2, batch=20, steps=20),
    together=Budget(trials=20, per_round=5, epochs=2),
    alone=Budget(trials=4, per_round=2, epochs=1),
    baselines=2,
    draws=10,
    vocabulary=100,
    tokens=2000,
)
_ENAS_LM = Preset(
    nodes=10,  # node 0 and nine more
    root="tanh",
    activations=("tanh", "relu", "sigmoid", "identity"),
    policy="enas-lm",
    network=Network(
        200, Regularization(0.10, 0.20, 0.75, 0.25, 0.75, l2=4e-7, slowness=1.0), "nodes"
    ),
    final_network=Network(
        800, Regularization(0.125, 0.175, 0.725, 0.225, 0.75, l2=4e-7), "nodes"
    ),
    shared=SupernetRecipe(
        batch=128, learning_rate=20.0, decay=1.0, clip=0.1, per_activation=True
    ),
    final=TextRecipe(epochs=3000, batch=64, optimizer="sgd", learning_rate=20.0),
    together=Budget(trials=600 * 250, per_round=10, epochs=600),
    alone=Budget(trials=15_000, per_round=10, epochs=35),
)
_PAPER_DROPOUT = Regularization(
    embedding=0.25, input=0.75, state=0.25, output=0.75, l2=1e-7, slowness=1e-3
)
_ENAS_PAPER = Preset(
    nodes=12,
    policy="enas-paper",
    network=Network(1000, _PAPER_DROPOUT),
    final_network=Network(748, replace(_PAPER_DROPOUT, l2=5e-7)),
    shared=SupernetRecipe(batch=64, learning_rate=20.0, decay=0.96, decay_from=15),
    final=TextRecipe(epochs=2000, batch=64, optimizer="sgd", learning_rate=20.0),
    together=Budget(trials=150 * 2000, per_round=1, epochs=150),
    alone=Budget(trials=15_000, per_round=10, epochs=35),
)

# Eight nodes after node 0, all of which are averaged.
_SMALL_DARTS = replace(
    _SMALL,
    nodes=9,
    root="tanh",
    activations=("tanh", "relu", "sigmoid", "identity"),
    network=Network(64, _LIGHT, "nodes"),
    final_network=Network(128, _LIGHT, "nodes"),
    mixed=MixedRecipe(batch=32, alpha_rate=1e-2),
    together=Budget(trials=6, per_round=1, epochs=6),
)
_TINY_DARTS = replace(
    _SMALL_DARTS,
    nodes=4,
    network=Network(8, _LIGHT, "nodes"),
    final_network=Network(8, _LIGHT, "nodes"),
    mixed=MixedRecipe(batch=20, steps=20, learning_rate=10.0, slice=3),
    final=_TINY.final,
    together=Budget(trials=2, per_round=1, epochs=2),
    alone=_TINY.alone,
    baselines=2,
    draws=1,
    vocabulary=_TINY.vocabulary,
    tokens=_TINY.tokens,
)
_DARTS_DROPOUT = Regularization(
    embedding=0.2, input=0.75, state=0.25, output=0.75, l2=2.5e-7, slowness=1e-3
)
_DARTS = replace(
    _SMALL_DARTS,
    network=Network(300, _DARTS_DROPOUT, "nodes"),
    final_network=Network(850, replace(_DARTS_DROPOUT, word=0.1, l2=4e-7), "nodes"),
    final=TextRecipe(epochs=8000, batch=64, optimizer="sgd", learning_rate=20.0),
    together=Budget(trials=50, per_round=1, epochs=50),
    alone=Budget(trials=15_000, per_round=10, epochs=35),
    vocabulary=10_000,
    tokens=None,
)

_SMALL_SEQUENCES = replace(
    _SMALL,
    nodes=6,
    network=Network(32, Regularization(output=0.2)),
    final_network=Network(32, Regularization(output=0.2)),
    final=TextRecipe(epochs=60, batch=16, learning_rate=5e-3),
    alone=Budget(trials=20, per_round=5, epochs=20),
)
_TINY_SEQUENCES = replace(_TINY, final=TextRecipe(epochs=2, batch=16, learning_rate=5e-3))

TEXT = {
    "tiny": _TINY,
    "small": _SMALL,
    "enas-lm": _ENAS_LM,
    "enas-paper": _ENAS_PAPER,
}
DARTS_TEXT = {"tiny": _TINY_DARTS, "small": _SMALL_DARTS, "darts": _DARTS}
SEQUENCES = {"tiny": _TINY_SEQUENCES, "small": _SMALL_SEQUENCES}
