"""Presets: sizes and durations that belong together, as data.

    tiny    a minute, to see that everything works
    small   minutes on two cores, for images such as MNIST's and CIFAR-10's

A search may set other numbers of trials and epochs; the rest is the preset's.
"""

from dataclasses import dataclass, replace
from typing import Literal

from mlpnas.core.evaluator import Recipe

SpaceName = Literal["macro", "micro", "zoph"]
PresetName = Literal["tiny", "small"]


@dataclass(frozen=True)
class Budget:
    """How long a search is.

    Attributes:
        trials, per_round: as in `Settings`.
        epochs: passes over the training rows: of the shared weights, or of every child.
    """

    trials: int
    per_round: int
    epochs: int


@dataclass(frozen=True)
class Preset:
    """Sizes and durations of one space.

    Attributes:
        layers: layers of a macro or Zoph network; normal cells of a micro network, to which
            two reductions come.
        channels: of the stem of the shared weights.
        child_channels: of the stem of networks with weights of their own.
        shared: the budget with shared weights.
        alone: the budget of training children one by one.
        rivals: how many random architectures are trained one by one beside a search with
            shared weights; at least ten, or the rank correlation says nothing.
        batch_size, rate: rows of a batch of the shared weights, and their highest learning
            rate.
        controller_rate: the controller's; ENAS's 0.001 is for far more rounds.
        dropout: before the last layer of macro networks with weights of their own; ENAS's 0.5
            is for hundreds of epochs.
        draws: architectures drawn from the controller when one is derived.
        final: how the winner is trained.
    """

    layers: int
    channels: int
    child_channels: int
    shared: Budget
    alone: Budget
    rivals: int
    batch_size: int
    rate: float
    controller_rate: float
    dropout: float
    draws: int
    final: Recipe


_SMALL_FINAL = Recipe(epochs=20, patience=None, batch_size=64, learning_rate=0.05)
_MACRO = Preset(
    layers=6,
    channels=16,
    child_channels=16,
    shared=Budget(trials=1000, per_round=10, epochs=20),
    alone=Budget(trials=20, per_round=5, epochs=3),
    rivals=10,
    batch_size=64,
    rate=0.05,
    controller_rate=0.01,
    dropout=0.1,
    draws=300,
    final=_SMALL_FINAL,
)
_TINY_FINAL = Recipe(epochs=2, patience=None, batch_size=64, learning_rate=0.05)


def _tiny(preset: Preset, layers: int) -> Preset:
    return replace(
        preset,
        layers=layers,
        channels=4,
        child_channels=4,
        shared=Budget(trials=20, per_round=5, epochs=2),
        alone=Budget(trials=4, per_round=2, epochs=1),
        draws=20,
        final=_TINY_FINAL,
    )


_MICRO = replace(_MACRO, layers=3, channels=8, child_channels=8)
_ZOPH = replace(_MACRO, layers=4)

PRESETS: dict[PresetName, dict[SpaceName, Preset]] = {
    "small": {"macro": _MACRO, "micro": _MICRO, "zoph": _ZOPH},
    "tiny": {"macro": _tiny(_MACRO, 3), "micro": _tiny(_MICRO, 3), "zoph": _tiny(_ZOPH, 2)},
}
