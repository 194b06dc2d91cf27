"""Kit: what belongs to a search space, as one value beside it.

Whoever makes, searches, retrains, reports or resumes asks the kit, so that none of them knows a
space by its name. A space of one's own has a kit of its own, named on a command line as
`package.module:NAME`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.errors import InputError
from mlpnas.core.executor.executors import TrainerFactory
from mlpnas.core.generator import Generator
from mlpnas.core.runtime.plugins import check_name, load
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.supernet import Supernet
from mlpnas.core.task import Task

Settings = Any  # of the package that the kit is for, see `search_settings`
Picture = tuple[str, str]  # what it shows, and the text of an SVG


def named_strategy(space: SearchSpace, settings: Settings) -> Strategy:
    """The strategy that the settings name, with its defaults."""
    from mlpnas.core.strategies.named import make_strategy

    return make_strategy(settings.strategy, space, settings.seed)


@dataclass(frozen=True)
class Kit:
    """What belongs to a space. Kits are read to check options, before TensorFlow is started:
    their functions import what they need when they are called.

    Attributes:
        space: makes it from a run's settings; raises InputError where they describe none.
        generator: from space and settings to what builds children, or, if `final`, the networks
            that are trained at length.
        presets: sizes and durations by name; the package says what they are.
        strategy: who chooses if it is not a gradient: by default whom the settings name.
        supernet: from space, task and settings to weights that all architectures share; None if
            children are always trained one by one.
        gradient: likewise to a differentiable search, which then takes the place of shared
            weights that learn from scores.
        beside: from space, task, settings, epochs and a seed to what makes trainers of random
            architectures beside shared weights; None trains them as children.
        check: raises InputError if the space has no use for such data.
        pictures: of an architecture, given the space, itself, the settings and a title.
        counts: of an architecture, given the space and itself: what a report of a
            differentiable search tells after each epoch.
        notation: another notation of an architecture's text, to be printed beside it.
        options: settings that only searches of this space read.
    """

    space: Callable[[Settings], SearchSpace]
    generator: Callable[[Any, Settings, bool], Generator]
    presets: Mapping[str, Any]
    strategy: Callable[[Any, Settings], Strategy] = named_strategy
    supernet: Callable[[Any, Task, Settings], Supernet] | None = None
    gradient: Callable[[Any, Task, Settings], GradientSearch] | None = None
    beside: Callable[[Any, Task, Settings, int, int], TrainerFactory] | None = None
    check: Callable[[Task], None] = lambda task: None
    pictures: Callable[[Any, Architecture, Settings, str], Iterator[Picture]] = (
        lambda space, architecture, settings, title: iter(())
    )
    counts: Callable[[Any, Architecture], Mapping[str, int]] = lambda space, architecture: {}
    notation: Callable[[str], str] | None = None
    options: tuple[str, ...] = field(default=())

    @property
    def shares(self) -> bool:
        """Whether the space's architectures can share weights."""
        return self.supernet is not None or self.gradient is not None


def find_kit(kits: Mapping[str, str], name: str) -> Kit:
    """The kit of that name.

    Args:
        kits: where each of a package's own is, as `module:NAME`.
        name: one of them, or `package.module:NAME` of a kit from outside.

    Raises:
        InputError: if there is none of that name.
    """
    check_name(name, kits, "--space", "a kit of your own as package.module:NAME")
    found = load(kits.get(name, name))
    if isinstance(found, Kit):
        return found
    raise InputError(
        f"--space is {name!r}, which is {found!r}; expected a {Kit.__module__}.{Kit.__name__}"
    )


def foreign_options(kits: Mapping[str, str], own: Kit) -> dict[str, str]:
    """The options of other spaces, and whose they are."""
    owners: dict[str, list[str]] = {}
    for name in kits:
        for option in find_kit(kits, name).options:
            owners.setdefault(option, []).append(name)
    return {
        option: f"--space {' or '.join(names)}"
        for option, names in owners.items()
        if option not in own.options
    }
