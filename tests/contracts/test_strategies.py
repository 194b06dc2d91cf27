"""Every strategy of the packages is held to its contract; see `mlpnas.testing.strategy`.

A new strategy joins by a line in MEMBERS; one that is missing there fails a test.
"""

from collections.abc import Iterable

import pytest
from members import concrete
from spaces import TINY

from cnnnas.space.cell_space import CellSpace
from cnnnas.space.zoph_space import ZophSpace
from cnnnas.strategies.depth_schedule import DepthSchedule
from mlpnas.core.differentiable.strategy import GradientStrategy
from mlpnas.core.errors import ExhaustedError
from mlpnas.core.runtime.plugins import load
from mlpnas.core.space.search_space import SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.bayesian import BayesianOptimization
from mlpnas.core.strategies.controller.adversarial_predictor import Predictor, Prescreen
from mlpnas.core.strategies.controller.on_policy import OnPolicyStrategy
from mlpnas.core.strategies.controller.ppo import PPOLearner
from mlpnas.core.strategies.controller.reinforce import ReinforceStrategy
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.lanas.lanas import LaNAS
from mlpnas.core.strategies.local_search import LocalSearch
from mlpnas.core.strategies.mcts import MCTS
from mlpnas.core.strategies.names import STRATEGIES
from mlpnas.core.strategies.progressive import ProgressiveSearch
from mlpnas.core.strategies.q_learning import QLearning
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.strategies.surrogates import TreeEnsemble
from mlpnas.core.strategies.tpe import TPE
from mlpnas.space import MLPSpace
from mlpnas.testing import check_strategy
from mlpnas.testing.strategy import (
    EXHAUSTING,
    PROMISES,
    ROOMY,
    SMALL,
    it_never_proposes_an_equivalent_form,
    it_proposes_exactly_what_is_wanted,
    rounds,
)
from rnncell.space.enas_space import ENASCellSpace
from rnncell.space.tree_space import TreeCellSpace


def reinforce(space: SearchSpace, seed: int, **settings) -> ReinforceStrategy:
    return ReinforceStrategy(space, seed, trials=40, units=8, **settings)


# Trusts its predictor from the second round on, however badly it correlates.
CREDULOUS = Prescreen(min_labels=5, min_correlation=-1.0)

MEMBERS = {
    "random, uniform over decisions": RandomStrategy,
    "random, uniform over architectures": lambda space, seed: RandomStrategy(
        space, seed, uniform_over="architectures"
    ),
    "reinforce without predictor": lambda space, seed: reinforce(space, seed, predictor=None),
    "reinforce, adversarial predictor": reinforce,
    "reinforce, detached predictor": lambda space, seed: reinforce(
        space, seed, predictor=Predictor(routing="detached")
    ),
    "reinforce, pre-screened": lambda space, seed: reinforce(space, seed, prescreen=CREDULOUS),
    "ppo": lambda space, seed: reinforce(space, seed, learner=PPOLearner),
    "evolution, ageing": lambda space, seed: RegularizedEvolution(space, seed, 6, 2),
    "evolution, not ageing": lambda space, seed: RegularizedEvolution(
        space, seed, 6, 2, ageing=False
    ),
    "local search, first": lambda space, seed: LocalSearch(space, seed, starts=5),
    "local search, best": lambda space, seed: LocalSearch(space, seed, 5, move="best"),
    "lanas, pool": lambda space, seed: LaNAS(space, seed, 6, 4),
    "lanas, rejection": lambda space, seed: LaNAS(space, seed, 6, 4, sampling="rejection"),
    "lanas, walk": lambda space, seed: LaNAS(space, seed, 6, 4, sampling="walk"),
    "gaussian process": lambda space, seed: BayesianOptimization(space, seed, initial=6),
    "tree ensemble": lambda space, seed: BayesianOptimization(
        space, seed, TreeEnsemble(), initial=6
    ),
    "tpe": lambda space, seed: TPE(space, seed, initial=6),
    "tree search": MCTS,
    "progressive": lambda space, seed: ProgressiveSearch(space, seed, beam=4),
    "q-learning": lambda space, seed: QLearning(space, seed, trials=40, learning_rate=0.1),
}

# One of each kind of controller, as they compile anew for every space.
BROAD = [name for name in MEMBERS if name not in (
    "reinforce without predictor", "reinforce, detached predictor", "reinforce, pre-screened",
)]  # fmt: skip
LEARNERS = (
    "evolution, ageing", "local search, first", "lanas, pool", "gaussian process",
    "tree ensemble", "tpe", "tree search", "progressive", "q-learning",
)  # fmt: skip
# In which legality depends on what was chosen before.
CONDITIONAL = ZophSpace(2, types=("conv", "max", "avg"), strides=(1, 2), other_depths=(1,))
# Spaces of the other packages.
REAL = (
    CONDITIONAL,
    CellSpace.pnas(2),
    CellSpace.darts(2),
    ENASCellSpace(4),
    TreeCellSpace(4),
)


def pairs(names: Iterable[str], spaces: Iterable[SearchSpace]) -> list[tuple[str, SearchSpace]]:
    """All but the progressive search in spaces whose walks are all of one size."""
    return [
        (name, space)
        for name in names
        for space in spaces
        if name != "progressive" or any(d.stop is not None for d in space.decisions[:-1])
    ]


def label(value) -> str:
    return str(getattr(value, "name", value))[:24]


# Follow shared weights, whose scores do not last, or grow with what they are told: they may
# propose again what they proposed before, and have tests of their own.
APART = {GradientStrategy, OnPolicyStrategy, DepthSchedule}


def test_every_strategy_of_the_packages_is_held_to_the_contract():
    held = {type(make(ROOMY, 0)) for make in MEMBERS.values()}
    assert held == concrete(Strategy) - APART
    assert {load(path) for path in STRATEGIES.values()} <= held


every_strategy = pytest.mark.parametrize("make", MEMBERS.values(), ids=MEMBERS)
# A level of a progressive search ends its round, so that the next one knows the scores.
UNSTAGED = [name for name in MEMBERS if name != "progressive"]


def promises(functions):
    return pytest.mark.parametrize("promise", functions, ids=lambda promise: promise.__name__)


@every_strategy
@promises([p for p in PROMISES if p is not it_never_proposes_an_equivalent_form])
def test_a_strategy_keeps_its_promises(make, promise):
    promise(make, ROOMY)


@every_strategy
@promises(EXHAUSTING)
def test_a_strategy_keeps_them_where_a_space_is_exhausted(make, promise):
    promise(make, SMALL)


@pytest.mark.parametrize("name", UNSTAGED)
def test_it_proposes_exactly_what_is_wanted(name):
    it_proposes_exactly_what_is_wanted(MEMBERS[name], ROOMY)


@pytest.mark.parametrize(
    ("name", "space"),
    [
        *pairs(BROAD, TINY),
        *pairs([name for name in BROAD if name != "ppo"], [CONDITIONAL]),
        pytest.param("ppo", CONDITIONAL, marks=pytest.mark.slow),  # compiles for seconds
    ],
    ids=label,
)
def test_it_works_on_every_kind_of_decision_and_never_proposes_an_equivalent_form(name, space):
    it_never_proposes_an_equivalent_form(MEMBERS[name], space)


@pytest.mark.parametrize(("name", "space"), pairs(LEARNERS, REAL), ids=label)
def test_it_works_on_real_spaces(name, space):
    proposed = rounds(MEMBERS[name](space, 0), 3, per_round=4)
    for architecture in proposed:
        space.check(architecture)
    assert len({space.canonical(architecture) for architecture in proposed}) == 12


@pytest.mark.parametrize("name", [name for name in BROAD if name in UNSTAGED])
def test_29_architectures_of_a_space_of_28_are_refused(name):
    space = MLPSpace((10, "softmax"), max_layers=2)
    with pytest.raises(
        ExhaustedError, match="29 new architectures were asked for, 28 are left"
    ):
        MEMBERS[name](space, 0).ask(29)


def test_the_battery_runs_all_of_them():
    check_strategy(RandomStrategy)
