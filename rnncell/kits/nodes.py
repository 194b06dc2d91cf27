"""Cells of nodes that each read one before: ENAS's, with shared weights, and DARTS's, with a
gradient."""

from collections.abc import Iterator

from mlpnas.core.differentiable.search import GradientSearch
from mlpnas.core.generator import Generator
from mlpnas.core.run.kit import Kit, Picture, named_strategy
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.supernet import Supernet
from mlpnas.core.task import Task
from rnncell.run.presets import DARTS_TEXT, TEXT
from rnncell.run.settings import Settings
from rnncell.space.enas_space import ENASCellSpace, genotype


def make_space(s: Settings) -> ENASCellSpace:
    """As many nodes as the preset says."""
    return ENASCellSpace(s.sizes.nodes, s.sizes.activations, s.sizes.root)


def make_generator(space: ENASCellSpace, s: Settings, final: bool) -> Generator:
    """Networks around highway cells."""
    from rnncell.generator.networks import highway_cell
    from rnncell.kits.around import around

    return around(highway_cell, space, s, final)


def make_strategy(space: ENASCellSpace, s: Settings) -> Strategy:
    """ENAS's controller for shared weights."""
    if not (s.one_shot and s.strategy == "reinforce"):
        return named_strategy(space, s)
    from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy
    from rnncell.strategies.enas import POLICIES

    return OnPolicyStrategy(space, s.seed, POLICIES[s.sizes.policy])


def make_supernet(space: ENASCellSpace, task: Task, s: Settings) -> Supernet:
    """All cells in one set of weights, for a text."""
    from rnncell.supernet.text_supernet import TextSupernet

    reward = s.reward(len(task.classes))
    return TextSupernet(space, task, s.sizes.network, s.sizes.shared, reward, s.seed)


def make_gradient(space: ENASCellSpace, task: Task, s: Settings) -> GradientSearch:
    """A differentiable search on a text."""
    from rnncell.differentiable.text_darts import TextDARTS

    mixture = TextDARTS(
        space, task, s.sizes.network, s.sizes.mixed, 2 if s.order == 2 else 1,
        s.reward(len(task.classes)), s.seed,
    )  # fmt: skip
    return GradientSearch(mixture, s.trials)


def pictures(
    space: ENASCellSpace, architecture: Architecture, s: Settings, title: str
) -> Iterator[Picture]:
    """The cell, with what its output is the mean of."""
    from rnncell.report.drawing import draw_nodes

    yield "cell", draw_nodes(space.cell(architecture), s.sizes.final_network.average)


ENAS = Kit(
    space=make_space,
    generator=make_generator,
    presets=TEXT,
    strategy=make_strategy,
    supernet=make_supernet,
    pictures=pictures,
)
DARTS = Kit(
    space=make_space,
    generator=make_generator,
    presets=DARTS_TEXT,
    gradient=make_gradient,
    pictures=pictures,
    notation=genotype,
)
