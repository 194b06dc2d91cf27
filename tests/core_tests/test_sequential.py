"""Strategies that take decisions in order: tree search, Q-learning, progressive search."""

import ast
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

import numpy as np
import pytest
from fakes import trials_of
from scipy.stats import spearmanr

from cnnnas.space.cell_space import PNAS_OPERATIONS, CellSpace
from mlpnas.core.errors import InputError
from mlpnas.core.space.search_space import Architecture, Decision, SearchSpace, Tokens
from mlpnas.core.strategies.mcts import MCTS
from mlpnas.core.strategies.progressive import ProgressiveSearch, _extended
from mlpnas.core.strategies.q_learning import QLearning
from mlpnas.nasbench.macro import NASBenchMacroSpace
from mlpnas.space import MLPSpace

MACRO = NASBenchMacroSpace()
CHAINS = MLPSpace((3, "softmax"), widths=(8, 16), max_layers=5, dropout=None)


def additive(architecture):
    return sum(architecture.tokens) / (2 * len(architecture.tokens))


def told(strategy, n, score=additive):
    asked = strategy.ask(n)
    strategy.tell(trials_of(asked, score))
    return asked


@dataclass(frozen=True)
class BlockCells(SearchSpace):
    """Cells of one to `blocks` blocks; each adds op1(input1) and op2(input2).

    Block b may read the inputs 0, 1 and the b - 1 blocks before it: b + 1 choices.
    """

    blocks: int = 2
    ops: int = 8

    @property
    def name(self) -> str:
        return f"blocks[{self.blocks}|{self.ops}]"

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        walk = []
        for b in range(1, self.blocks + 1):
            inputs, ops = tuple(range(b + 1)), tuple(range(self.ops))
            for side in (1, 2):
                walk.append(Decision(f"block {b} input {side}", inputs, "pointer", node=b + 1))
                walk.append(Decision(f"block {b} op {side}", ops, group="op", node=b + 1))
            if b < self.blocks:
                walk.append(Decision(f"stop after {b}", ("stop", "go"), group="go", stop=0))
        return tuple(walk)

    def completions(self, prefix: Tokens) -> int:
        """By recursion over stops; a block that follows has as many members wherever."""
        at, count = len(prefix), 1
        if prefix and not self.legal(prefix):
            return 1
        while at < len(self.decisions) and self.decisions[at].stop is None:
            count *= len(self.decisions[at].options)
            at += 1
        if at == len(self.decisions):
            return count
        return count * (1 + self.completions((0,) * at + (1,)))

    def describe(self, tokens: Tokens) -> str:
        return repr(tokens)

    def parse(self, text: str) -> Architecture:
        return self.architecture(ast.literal_eval(text))

    def canonical(self, architecture: Architecture) -> Architecture:
        """The smallest of all orders of blocks and of halves within a block."""
        walk = architecture.tokens
        cut = [walk[i : i + 4] for i in range(0, len(walk), 5)]
        blocks = [block for block in cut if len(block) == 4]
        orders = permutations(range(len(blocks)))
        best = min(filter(None, (_renumbered(blocks, order) for order in orders)))
        tokens = [t for block in best for t in (*block[0], *block[1], 1)]
        tokens = tokens[:-1] if len(blocks) == self.blocks else [*tokens[:-1], 0]
        return Architecture(self.name, tuple(tokens), repr(tuple(tokens)))


def _renumbered(blocks, order):
    """The blocks in another order, halves sorted; None if one reads a later one."""
    place = {0: 0, 1: 1, **{old + 2: new + 2 for new, old in enumerate(order)}}
    made = []
    for new, old in enumerate(order):
        i1, o1, i2, o2 = blocks[old]
        halves = tuple(sorted([(place[i1], o1), (place[i2], o2)]))
        if max(half[0] for half in halves) >= new + 2:
            return None
        made.append(halves)
    return made


class TestProgressive:
    def test_blocks_of_the_published_space(self):
        # Unordered pairs with repetition of 8 (b + 1) halves: 16 * 17 / 2 = 136 at first.
        space = BlockCells()
        first = {space.canonical(a) for a in _extended(space, ())}
        assert len(first) == 136
        # Each may be extended by 24 * 25 / 2 = 300 blocks, 40,800 in all; 31,620 of them
        # are distinct, as the order of two blocks that do not feed each other is idle.
        halves = [(i, o) for i in range(3) for o in range(8)]
        pairs = [(a, b) for a in halves for b in halves if a <= b]
        assert len(first) * len(pairs) == 40_800
        grown = {
            space.canonical(
                Architecture(space.name, (*parent.tokens[:-1], 1, *one, *other), "")
            ).tokens
            for parent in first
            for one, other in pairs
        }
        assert len(grown) == 31_620

    def test_136_and_one_per_level_with_a_beam_of_one(self):
        space = BlockCells(blocks=3)
        strategy, asked = ProgressiveSearch(space, beam=1), []
        for _ in range(138):
            asked += told(strategy, 1)
        sizes = [strategy._size(architecture) for architecture in asked]
        assert sizes == [1] * 136 + [2, 3]

    def test_a_beam_of_chains(self):
        strategy, asked = ProgressiveSearch(CHAINS, beam=6), []
        for _ in range(20):
            asked += told(strategy, 2)
        # 2 widths by 4 activations make 8 chains of one layer; then 6 of every depth; the
        # deepest level goes on in the surrogate's order.
        depths = [len(a.tokens) - 1 for a in asked]
        assert depths == [1] * 8 + [2] * 6 + [3] * 6 + [4] * 20
        best = sorted(asked[:8], key=additive, reverse=True)[:6]
        assert {a.tokens[0] for a in asked[8:14]} <= {a.tokens[0] for a in best}

    @pytest.mark.parametrize("per_round", [3, 5, 7, 100])
    def test_a_round_ends_where_its_level_does(self, per_round):
        # No level is filled up with architectures of other sizes, nor beyond the beam.
        strategy, rounds = ProgressiveSearch(CHAINS, beam=6), []
        while sum(map(len, rounds)) < 26:
            rounds.append(told(strategy, per_round))
        depths = [[len(a.tokens) - 1 for a in asked] for asked in rounds]
        assert [d for of_round in depths for d in of_round] == [1] * 8 + [2] * 6 + [3] * 6 + [
            4
        ] * 6
        assert all(len(set(of_round)) == 1 for of_round in depths)

    def test_rounds_that_do_not_divide_136_cells_bring_in_no_others(self):
        space = CellSpace.pnas(2)
        strategy, sizes = ProgressiveSearch(space, beam=5), []
        for _ in range(15):
            sizes += [len(space.cells(a)["cell"].nodes) for a in told(strategy, 10)]
        assert sizes == [1] * 136 + [2] * 5

    def test_a_level_without_any_score_does_not_end_the_search(self):
        strategy = ProgressiveSearch(CHAINS, beam=6)
        asked = [a for _ in range(4) for a in told(strategy, 5, lambda a: None)]
        assert len(set(asked)) == 5 + 3 + 5 + 5

    def test_the_surrogate_ranks_what_is_larger_than_anything_it_saw(self):
        # The score is the mean of what each layer is worth: known for one and two layers,
        # asked for three.
        worth = np.random.default_rng(0).normal(size=8)
        space = MLPSpace((3, "softmax"), widths=(8, 16), max_layers=4, dropout=None)

        def score(a):
            return float(0.5 + 0.1 * np.mean(worth[list(a.tokens[:-1])]))

        strategy = ProgressiveSearch(space)
        every = [a for a in space if len(a.tokens) <= 3]
        strategy.tell(trials_of(every, score))  # 8 + 64
        larger = [a for a in space if len(a.tokens) == 4]
        ranked = strategy._rank(larger, len(every))
        expected = np.arange(len(larger))
        # 512 architectures; the published surrogate is held to 0.9.
        assert spearmanr(expected, [-score(a) for a in ranked]).statistic > 0.9

    def test_cells_of_the_published_space(self):
        # 136 of one block, then K of every size: for five blocks and K = 256 it is the
        # published 136 + 4 * 256 = 1,160; here three blocks and K = 2.
        space = CellSpace.pnas(3)
        strategy, asked = ProgressiveSearch(space, beam=2), []
        worth = np.random.default_rng(0).normal(size=len(PNAS_OPERATIONS))

        def score(architecture):
            nodes = space.cells(architecture)["cell"].nodes
            used = [PNAS_OPERATIONS.index(op) for node in nodes for op, _ in node]
            return float(0.5 + 0.1 * np.mean(worth[used]))

        for n in (136, 2, 2):
            asked += told(strategy, n, score)
        sizes = [len(space.cells(a)["cell"].nodes) for a in asked]
        assert sizes == [1] * 136 + [2] * 2 + [3] * 2
        assert {space.canonical(a) for a in asked} == set(asked)
        # The surrogate has understood which operation is best: larger cells have no other.
        best = max(map(score, asked[:136]))
        assert [score(a) for a in asked[136:]] == pytest.approx([best] * 4)

    def test_a_restored_search_goes_on_in_the_middle_of_a_level(self):
        straight = ProgressiveSearch(CHAINS, beam=6)
        for n in (8, 6, 2):  # the first two levels and a third of the next
            told(straight, n)
        resumed = ProgressiveSearch(CHAINS, beam=6)
        resumed.restore(straight.state())
        for _ in range(4):  # until the last level
            here, there = told(straight, 3), told(resumed, 3)
            assert here == there
            assert [straight.predict(a) for a in here] == [resumed.predict(a) for a in there]
        assert straight._level == resumed._level == 4

    def test_equal_scores_are_predicted_and_equivalent_cells_alike(self):
        space, rng = BlockCells(), np.random.default_rng(0)
        cells = [space.sample_walk(rng) for _ in range(80)]
        strategy = ProgressiveSearch(space)
        strategy.tell(trials_of(cells[:40], lambda a: 0.7))
        strategy._rank([space.canonical(a) for a in cells[40:]], known=40)
        assert set(strategy._expected.values()) == {0.7}
        for cell in cells:
            first, second, third, fourth, *rest = cell.tokens  # (input, op) twice
            twin = space.architecture((third, fourth, first, second, *rest))
            features = [strategy._observations.encode(a) for a in (cell, twin)]
            np.testing.assert_array_equal(*features)

    def test_spaces_of_one_size_are_refused(self):
        with pytest.raises(InputError, match=r"all architectures of .* are of one size"):
            ProgressiveSearch(MACRO)


class TestQLearning:
    def test_one_replayed_walk_by_hand(self):
        strategy = QLearning(MACRO, learning_rate=0.5, start=0.5)
        strategy._replay((2,) * 8, 0.9)
        # Last decision: 0.5 + 0.5 (0.9 - 0.5) = 0.7; the one before moves to 0.7 by half,
        # 0.6; then 0.55, 0.525, ...
        learned = [strategy.values[i, 3 if i else 0, 2] for i in range(8)]
        np.testing.assert_allclose(learned, [0.5 + 0.2 * 0.5**i for i in range(7, -1, -1)])
        assert strategy.values.sum() == pytest.approx(8 * 4 * 3 * 0.5 + sum(learned) - 4)

    def test_epsilon_falls_as_published(self):
        strategy, seen = QLearning(MACRO, trials=2700, replays=0), []
        for _ in range(27):
            seen.append(round(strategy.epsilon(), 1))
            strategy.ask(100)
        assert seen[:19] == [1.0] * 15 + [0.9, 0.8, 0.7, 0.6]
        assert seen[-2:] == [0.2, 0.1]

    @pytest.mark.slow
    def test_it_learns_which_option_pays(self):
        late = []
        for seed in range(4):
            strategy = QLearning(MACRO, seed, trials=200)
            asked = [a for _ in range(20) for a in told(strategy, 10)]
            late += [additive(a) for a in asked[-30:]]
        # 120 uniform draws have mean 0.5 and standard deviation 0.144 / sqrt(120) = 0.013:
        # this is more than four of them.
        assert np.mean(late) > 0.56


class TestMCTS:
    def test_every_option_is_tried_before_any_is_repeated(self):
        strategy = MCTS(MACRO, rollouts=1)
        first = [a.tokens[0] for a in strategy.ask(3)]
        assert sorted(first) == [0, 1, 2]

    def test_greed_goes_where_the_mean_is_greatest(self):
        strategy = MCTS(MACRO, exploration=0.0, rollouts=1)
        for text, score in (("00000000", 0.1), ("10000000", 0.9), ("20000000", 0.2)):
            strategy._visit([MACRO.parse(text)])
            strategy.tell(trials_of([MACRO.parse(text)], lambda a, s=score: s))
        assert {a.tokens[0] for a in strategy.ask(5)} == {1}

    def test_the_surrogate_chooses_good_endings(self):
        means = []
        for rollouts in (1, 10):
            strategy = MCTS(MACRO, rollouts=rollouts)
            told(strategy, 30)
            means.append(np.mean([additive(a) for a in strategy.sample(30)]))
        assert means[1] > means[0] + 0.1

    def test_a_finished_branch_is_left(self):
        space = MLPSpace((3, "softmax"), widths=(8,), max_layers=2, dropout=None)
        strategy = MCTS(space)  # four chains of one layer
        assert len({a for _ in range(4) for a in told(strategy, 1)}) == 4
