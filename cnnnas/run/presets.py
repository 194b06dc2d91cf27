"""Presets: sizes and durations that belong together, as data.

    tiny    a minute, to see that everything works
    small   minutes on two cores, for ten thousand images such as MNIST's
    medium  twice the search and a longer last training, for images such as CIFAR-10's

A search may set other numbers of trials and epochs; the rest is the preset's.
"""

from dataclasses import dataclass, replace

from cnnnas.names import RuleName, VariantName
from cnnnas.trainer.recipe import Cycle
from mlpnas.core.run.budget import Budget

# The share of a search's first epochs in which the weights alone learn.
WARM_UP: dict[VariantName, float] = {"pc": 15 / 50}
# Epochs that each rule must have seen since the alphas move, and in all: see `stopping`.
_SEEN: dict[RuleName, tuple[int, int]] = {
    "never": (0, 0), "eigenvalue": (9, 18), "skips": (1, 1), "ranking": (11, 11),
}  # fmt: skip


def earliest(rule: RuleName, warm_up: int) -> int:
    """After how many epochs a rule can end a search whose alphas rest in the first ones."""
    moving, altogether = _SEEN[rule]
    return max(warm_up + moving, altogether)


@dataclass(frozen=True)
class Growth:
    """How a controller's networks become deeper; the paper's is (6, 8, ..., 20), every 1,600.

    Attributes:
        depths: numbers of layers, one after another; two or more, so that there are skips.
        every: trials at each depth, a multiple of those in a round.
    """

    depths: tuple[int, ...]
    every: int


@dataclass(frozen=True)
class Preset:
    """Sizes and durations of one space.

    Attributes:
        layers: layers of a macro network; normal cells of a micro or DARTS network,
            to which two reductions come.
        channels: of the stem of the shared weights.
        child_channels: of the stem of networks with weights of their own.
        together: the budget with shared weights.
        alone: the budget of training children one by one.
        baselines: how many random architectures are trained one by one beside a search with
            shared weights; at least ten, or the rank correlation says nothing.
        batch_size, rate: rows of a batch of the shared weights, and their highest learning
            rate.
        controller_rate: the controller's; ENAS's 0.001 is for far more rounds.
        alpha_rate: of the architecture parameters of a differentiable search; DARTS's 0.0003
            is for far more steps.
        dropout: before the last layer of macro networks with weights of their own; ENAS's 0.5
            is for hundreds of epochs.
        draws: architectures drawn from the controller when one is derived.
        final: how the winner is trained.
        drop_path: rate of drop path at the end of its training if it is made of cells, which
            then have an auxiliary head too; 0 for neither.
        growth: of Zoph networks, whose layers say themselves how wide they are.
    """

    layers: int
    channels: int
    child_channels: int
    together: Budget
    alone: Budget
    baselines: int
    batch_size: int
    rate: float
    controller_rate: float
    alpha_rate: float
    dropout: float
    draws: int
    final: Cycle
    drop_path: float = 0.0
    growth: Growth = Growth((2, 3, 4, 5), every=5)


# The macro space's, from which others differ. As many passes of the shared weights as there are
# random architectures: each of them gets one epoch.
BASE = Preset(
    layers=6,
    channels=16,
    child_channels=16,
    together=Budget(trials=480, per_round=10, epochs=12),
    alone=Budget(trials=20, per_round=5, epochs=2),
    baselines=12,
    batch_size=32,
    rate=0.1,
    controller_rate=0.01,
    alpha_rate=0.003,
    dropout=0.1,
    draws=100,
    final=Cycle(passes=10),
)


def in_three_sizes(small: Preset) -> dict[str, Preset]:
    """A space's presets: a small one, and what follows from it."""
    return {"tiny": _tiny(small), "small": small, "medium": _longer(small)}


def _times(factor: int, budget: Budget) -> Budget:
    return replace(budget, trials=factor * budget.trials, epochs=factor * budget.epochs)


def _longer(preset: Preset) -> Preset:
    """Twice the search, and a last training of 25 passes, with drop path."""
    return replace(
        preset,
        together=_times(2, preset.together),
        alone=Budget(trials=40, per_round=5, epochs=3),
        final=replace(preset.final, passes=25),
        drop_path=0.1,
        growth=replace(preset.growth, every=10),
    )


def _tiny(preset: Preset) -> Preset:
    per_round = min(preset.together.per_round, 5)
    return replace(
        preset,
        layers=preset.layers // 2,
        channels=4,
        child_channels=4,
        together=Budget(trials=4 * per_round, per_round=per_round, epochs=4),
        baselines=10,
        alone=Budget(trials=4, per_round=2, epochs=1),
        draws=20,
        final=replace(preset.final, passes=2),
        growth=Growth((2, 3), every=2),
    )
