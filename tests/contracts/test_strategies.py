"""What every strategy keeps, however it chooses.

A new strategy joins by a line in MEMBERS. Nothing is trained: scores come from a function of
the tokens. Making a strategy compiles its controller, so the tests are few and each follows
one strategy for some rounds.
"""

from collections.abc import Iterable

import numpy as np
import pytest
from fakes import FakeEvaluator, token_score, trials_of
from spaces import SMALL_MLP, TINY

from cnnnas.space.cell_space import CellSpace
from cnnnas.space.zoph_space import ZophSpace
from mlpnas.core.errors import ExhaustedError
from mlpnas.core.search import search
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.strategies.base import Strategy
from mlpnas.core.strategies.bayesian import BayesianOptimization
from mlpnas.core.strategies.controller.ppo import PPOLearner
from mlpnas.core.strategies.controller.reinforce import Predictor, Prescreen, ReinforceStrategy
from mlpnas.core.strategies.evolution import RegularizedEvolution
from mlpnas.core.strategies.lanas.lanas import LaNAS
from mlpnas.core.strategies.local_search import LocalSearch
from mlpnas.core.strategies.mcts import MCTS
from mlpnas.core.strategies.progressive import ProgressiveSearch
from mlpnas.core.strategies.q_learning import QLearning
from mlpnas.core.strategies.random import RandomStrategy
from mlpnas.core.strategies.surrogates import TreeEnsemble
from mlpnas.core.strategies.tpe import TPE
from mlpnas.core.trial import History
from mlpnas.space import MLPSpace
from rnncell.space.enas_space import ENASCellSpace
from rnncell.space.tree_space import TreeCellSpace

ROOMY = MLPSpace((3, "softmax"), max_layers=3)  # 28 * (1 + 29) = 840 members


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


every_strategy = pytest.mark.parametrize("make", MEMBERS.values(), ids=MEMBERS)
# A level of a progressive search ends its round, so that the next one knows the scores.
UNSTAGED = [name for name in MEMBERS if name != "progressive"]


def rounds(
    strategy: Strategy, n: int, per_round: int = 5, score=token_score
) -> list[Architecture]:
    """What it asks for in n rounds."""
    asked: list[Architecture] = []
    for _ in range(n):
        asked += strategy.ask(per_round)
        strategy.tell(trials_of(asked[-per_round:], score))
    return asked


@pytest.mark.parametrize("name", UNSTAGED)
def test_it_asks_for_exactly_as_many_as_wanted(name):
    strategy = MEMBERS[name](ROOMY, 0)
    for n in (1, 5, 30):
        batch = strategy.ask(n)
        assert len(batch) == n
        strategy.tell(trials_of(batch))


@every_strategy
def test_it_asks_for_no_more_than_wanted_all_members_none_twice(make):
    strategy, asked = make(ROOMY, 0), []
    for n in (1, 5, 12, 16, 2):
        batch = strategy.ask(n)
        assert 1 <= len(batch) <= n
        for architecture in batch:
            ROOMY.check(architecture)
        asked += batch
        strategy.tell(trials_of(batch))
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize(
    ("name", "space"),
    [
        *pairs(BROAD, TINY),
        *pairs([name for name in BROAD if name != "ppo"], [CONDITIONAL]),
        pytest.param("ppo", CONDITIONAL, marks=pytest.mark.slow),  # compiles for seconds
    ],
    ids=label,
)
def test_it_works_on_every_kind_of_decision_and_never_asks_for_an_equivalent_form(name, space):
    asked = rounds(MEMBERS[name](space, 0), 3)
    assert len({space.canonical(architecture) for architecture in asked}) == len(asked) > 10


@pytest.mark.parametrize(("name", "space"), pairs(LEARNERS, REAL), ids=label)
def test_it_works_on_real_spaces(name, space):
    asked = rounds(MEMBERS[name](space, 0), 3, per_round=4)
    for architecture in asked:
        space.check(architecture)
    assert len({space.canonical(architecture) for architecture in asked}) == 12


@every_strategy
def test_equal_seeds_ask_alike_whether_or_not_samples_are_drawn_in_between(make):
    undisturbed = rounds(make(ROOMY, 0), 4)
    strategy, asked = make(ROOMY, 0), []
    for _ in range(4):
        assert strategy.sample(3) == strategy.sample(3)
        asked += strategy.ask(5)
        for architecture in strategy.sample(7):
            ROOMY.check(architecture)
        strategy.tell(trials_of(asked[-5:]))
    assert asked == undisturbed


@every_strategy
def test_seed_0_and_seed_1_are_different_seeds(make):
    assert make(ROOMY, 0).ask(5) != make(ROOMY, 1).ask(5)


@every_strategy
def test_a_restored_strategy_continues_to_the_bit(make, tmp_path):
    straight = make(ROOMY, 0)
    rounds(straight, 3)
    # On disk a state is an .npz of plain arrays: nothing is unpickled.
    np.savez(tmp_path / "state.npz", **straight.state())
    resumed = make(ROOMY, 0)
    with np.load(tmp_path / "state.npz", allow_pickle=False) as saved:
        resumed.restore(dict(saved))
    for _ in range(3):
        here, there = straight.ask(5), resumed.ask(5)
        assert here == there
        assert [straight.predict(a) for a in here] == [resumed.predict(a) for a in there]
        straight.tell(trials_of(here))
        resumed.tell(trials_of(there))
    after, expected = resumed.state(), straight.state()
    assert after.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(after[name], array, err_msg=name)


@every_strategy
def test_failures_equal_scores_and_rounds_without_trials_poison_nothing(make):
    strategy = make(ROOMY, 0)
    asked = rounds(strategy, 1, score=lambda architecture: None)
    strategy.tell([])  # before any score is known
    asked += rounds(strategy, 2, score=lambda architecture: 0.5)
    asked += rounds(strategy, 2, score=lambda a: None if a.tokens[0] % 2 else token_score(a))
    asked += strategy.ask(5)
    strategy.tell([])  # a round that was cut short before its first trial
    asked += rounds(strategy, 1)
    assert len(set(asked)) == len(asked) > 30
    for name, array in strategy.state().items():
        if name != "averages":  # NaN there stands for "none yet"
            assert np.isfinite(array).all(), name
    for architecture in asked[-5:]:
        expected = strategy.predict(architecture)
        assert expected is None or 0 <= expected <= 1


@every_strategy
def test_it_may_be_asked_again_before_it_is_told_and_told_in_another_order(make):
    strategy, waiting, asked = make(ROOMY, 0), [], []
    rng = np.random.default_rng(0)
    for i in range(24):
        waiting += strategy.ask(1)
        asked.append(waiting[-1])
        if i % 4 == 3:  # three of those under way have finished, whoever began first
            done = [waiting.pop(rng.integers(len(waiting))) for _ in range(3)]
            strategy.tell(trials_of(done))
    assert len(set(asked)) == 24
    for architecture in strategy.ask(5):
        ROOMY.check(architecture)


@every_strategy
def test_an_exhausted_space_says_how_many_are_left_and_gives_them(make):
    strategy, asked = make(SMALL_MLP, 0), []  # 24 members
    while len(asked) < 20:
        asked += rounds(strategy, 1, per_round=20 - len(asked))
    with pytest.raises(ExhaustedError, match="10 new architectures were asked for, 4 are left"):
        strategy.ask(10)
    last = strategy.ask(4)
    strategy.tell(trials_of(last))
    assert {*asked, *last} == set(SMALL_MLP)
    with pytest.raises(ExhaustedError) as exhausted:
        strategy.ask(1)
    assert exhausted.value.left == 0


@every_strategy
def test_a_search_ends_when_every_architecture_was_tried(make):
    history = search(make(SMALL_MLP, 0), FakeEvaluator(), History(), trials=100, per_round=7)
    assert len(history) == 24
    assert {trial.architecture for trial in history.trials} == set(SMALL_MLP)


@pytest.mark.parametrize("name", [name for name in BROAD if name in UNSTAGED])
def test_29_architectures_of_a_space_of_28_are_refused(name):
    space = MLPSpace((10, "softmax"), max_layers=2)
    with pytest.raises(
        ExhaustedError, match="29 new architectures were asked for, 28 are left"
    ):
        MEMBERS[name](space, 0).ask(29)
