"""What every search space keeps, whatever it describes.

A new space joins by a line in MEMBERS. Whatever is checked over all members of a space is
checked on those small enough to enumerate; the large ones are sampled, under seeds that are
part of the test's name.
"""

import json
import math
import pickle
from collections import Counter

import numpy as np
import pytest
from spaces import TINY, CellSpace, MacroSpace, MicroSpace

from cnnnas.space.cell_space import CellSpace as ConvolutionalCellSpace
from cnnnas.space.macro_space import MacroSpace as ConvolutionalMacroSpace
from cnnnas.space.zoph_space import ZophSpace
from mlpnas.core.errors import InputError
from mlpnas.core.space.masks import masks
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.space import MLPSpace
from rnncell.space.enas_space import ENASCellSpace
from rnncell.space.tree_space import TreeCellSpace

# Walks that may stop early, and decisions that make no difference after others.
GROWING = ConvolutionalCellSpace(2, ("max_pool_3x3", "skip_connect"), ("cell",), min_nodes=1)
# Cells some of whose operations are not there.
SPARSE = ConvolutionalCellSpace(2, ("none", "skip_connect"), distinct=True, output="all")
TYPED = ZophSpace(2, (1, 3), (8, 16), types=("conv", "max"))
SHALLOW_OR_DEEP = ZophSpace(2, (1, 3), (8, 16), types=("conv", "max"), other_depths=(1,))
ENUMERABLE = (*TINY, GROWING, SPARSE, TYPED, SHALLOW_OR_DEEP)
MEMBERS = (
    *ENUMERABLE,
    MLPSpace((1, "sigmoid")),
    MLPSpace((10, "softmax"), max_layers=2),
    MLPSpace((2, "linear"), widths=(1, 2, 512), activations=("elu",), dropout=None),
    MLPSpace((3, "softmax"), (8, 16), max_layers=3, encodings=("ple",)),
    CellSpace(nodes=5),
    MacroSpace(layers=5),
    ConvolutionalMacroSpace(4, ("conv_3x3", "max_pool_3x3")),
    MicroSpace(new_nodes=3),
    ConvolutionalCellSpace.enas_micro(),
    ConvolutionalCellSpace.darts(),
    ConvolutionalCellSpace.darts(sparse=True),
    ConvolutionalCellSpace.nasnet(),
    ConvolutionalCellSpace.pnas(),
    ZophSpace(4, strides=(1, 2, 3)),
    ZophSpace(5, other_depths=(2, 4)),
    ENASCellSpace(6),
    ENASCellSpace(4, ("tanh", "relu"), root="tanh"),
    TreeCellSpace(4),
)
SEEDS = range(3)


def samples(space: SearchSpace, seed: int, n: int = 20) -> list[Architecture]:
    """Half uniform over architectures, half over decisions (deep and shallow)."""
    rng = np.random.default_rng(seed)
    draws = [space.sample_architecture(rng) for _ in range(n // 2)]
    return draws + [space.sample_walk(rng) for _ in range(n - n // 2)]


every_space = pytest.mark.parametrize("space", MEMBERS, ids=lambda space: space.name)
tiny_space = pytest.mark.parametrize("space", ENUMERABLE, ids=lambda space: space.name)
seeded = pytest.mark.parametrize("seed", SEEDS)


# --- counting ---------------------------------------------------------------------------


@tiny_space
def test_size_counts_what_enumeration_gives(space):
    everything = list(space)
    assert len(everything) == space.size()
    assert len(set(everything)) == space.size()


@pytest.mark.parametrize(
    ("space", "size"),
    [
        # The chains of length 2 and 3: 4 dense layers, then end | one of 4 or dropout, end.
        (TINY[0], 4 * (1 + 5)),
        (CellSpace(3), 128),
        (MacroSpace(2), 72),
        (MacroSpace(3), 1728),
        (MicroSpace(1), 100),
        (MicroSpace(2), 22_500),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else value.name,
)
def test_size_is_the_number_worked_out_by_hand(space, size):
    assert space.size() == size


@every_space
@seeded
def test_completions_of_a_prefix_are_the_sum_over_its_continuations(space, seed):
    walk = samples(space, seed, 2)[1].tokens
    for position in range(len(walk)):
        prefix = walk[:position]
        below = sum(space.completions((*prefix, token)) for token in space.legal(prefix))
        assert space.completions(prefix) == below
    assert space.completions(walk) == 1


# --- members ----------------------------------------------------------------------------


@every_space
@seeded
def test_every_sample_is_a_legal_and_complete_walk(space, seed):
    for architecture in samples(space, seed):
        space.check(architecture)
        assert space.architecture(architecture.tokens) == architecture
        assert space.legal(architecture.tokens) == ()
        assert len(architecture.tokens) <= len(space.decisions)


@every_space
@seeded
def test_what_is_printed_can_be_pasted_back(space, seed):
    for architecture in samples(space, seed):
        again = space.parse(str(architecture))
        assert (again, str(again)) == (architecture, str(architecture))


@every_space
def test_an_architecture_survives_json_and_a_worker_process(space):
    [architecture] = samples(space, seed=0, n=1)
    record = {"tokens": architecture.tokens, "text": str(architecture)}
    read = json.loads(json.dumps(record, allow_nan=False))
    assert space.architecture(read["tokens"]) == architecture
    assert read["text"] == str(architecture)
    # Worker processes get their jobs pickled; nothing in a file ever is.
    assert pickle.loads(pickle.dumps((space, architecture))) == (space, architecture)


@every_space
def test_an_architecture_is_a_value_and_only_its_space_and_tokens_count(space):
    [architecture] = samples(space, seed=0, n=1)
    twin = Architecture(space.name, architecture.tokens, "written otherwise")
    assert {architecture: 1}[twin] == 1
    stranger = Architecture("another space", architecture.tokens, str(architecture))
    assert stranger != architecture


@every_space
def test_a_space_is_a_hashable_value_named_by_its_parameters(space):
    others = [other for other in MEMBERS if other is not space]
    assert space not in others
    assert space.name not in [other.name for other in others]
    assert hash(space) == hash(pickle.loads(pickle.dumps(space)))


@every_space
def test_decisions_have_distinct_names_and_groups_agree_on_their_options(space):
    names = [decision.name for decision in space.decisions]
    assert len(set(names)) == len(names)
    choices = [d for d in space.decisions if d.kind == "choice"]
    assert len({(d.group, d.options) for d in choices}) == len({d.group for d in choices})


@every_space
@seeded
def test_the_masks_say_along_every_walk_what_is_legal(space, seed):
    tables = masks(space)
    for architecture in samples(space, seed):
        state, tokens = 0, architecture.tokens
        for i, (mask, token) in enumerate(zip(tables, tokens, strict=False)):
            assert tuple(np.flatnonzero(mask.opened[state])) == space.legal(tokens[:i])
            assert mask.ends[state, token] == (i + 1 == len(tokens))
            state = mask.after[state, token]


def test_a_typed_layer_has_two_states_between_its_type_and_its_filters():
    # Of 1 or 2 layers: depth, then type, height, width, filters, and a bit in the second.
    states = [len(mask.opened) for mask in masks(SHALLOW_OR_DEEP)]
    assert states == [1, 2, 4, 4, 4, 1, 2, 2, 2, 2]


# --- errors -----------------------------------------------------------------------------


@every_space
@seeded
def test_an_illegal_token_is_named_with_its_position(space, seed):
    walk = samples(space, seed, 1)[0].tokens
    for position in range(len(walk)):
        wrong = len(space.decisions[position].options)
        broken = (*walk[:position], wrong, *walk[position + 1 :])
        with pytest.raises(InputError, match=rf"token {wrong} at position {position} of"):
            space.architecture(broken)
        with pytest.raises(InputError, match=rf"token -1 at position {position} of"):
            space.architecture((*walk[:position], -1))


@every_space
@seeded
def test_a_walk_that_stops_early_or_goes_on_too_long_is_refused(space, seed):
    walk = samples(space, seed, 1)[0].tokens
    with pytest.raises(InputError, match=r"stop too early; expected one of \("):
        space.architecture(walk[:-1])
    over = rf"token 0 at position {len(walk)} of .* none: the walk was complete"
    with pytest.raises(InputError, match=over):
        space.architecture((*walk, 0))


@every_space
def test_an_architecture_of_another_space_is_refused_with_both_names(space):
    [architecture] = samples(space, seed=0, n=1)
    stranger = Architecture("somewhere else", architecture.tokens, str(architecture))
    with pytest.raises(InputError, match="'somewhere else'") as refused:
        space.check(stranger)
    assert space.name in str(refused.value)


# --- features, neighbours, canonical forms ----------------------------------------------


@tiny_space
def test_features_tell_all_architectures_apart(space):
    rows = {tuple(space.features(architecture)) for architecture in space}
    assert len(rows) == space.size()


@every_space
def test_features_have_one_length_and_are_finite_numbers(space):
    rows = [space.features(architecture) for architecture in samples(space, seed=0)]
    assert {row.shape for row in rows} == {(len(rows[0]),)}
    assert {row.dtype for row in rows} == {np.dtype(np.float64)}
    assert np.isfinite(rows).all()


@every_space
def test_neighbours_are_distinct_members_and_exclude_the_architecture_itself(space):
    for architecture in samples(space, seed=0, n=4):
        around = space.neighbours(architecture)
        for neighbour in around:
            space.check(neighbour)
        assert len(set(around)) == len(around)
        assert architecture not in around
        assert around == space.neighbours(architecture)


@tiny_space
def test_neighbourhood_is_mutual(space):
    around = {architecture: set(space.neighbours(architecture)) for architecture in space}
    for architecture, neighbours in around.items():
        assert all(architecture in around[neighbour] for neighbour in neighbours)


@tiny_space
def test_every_architecture_can_be_reached_over_neighbours(space):
    first = next(iter(space))
    reached, border = {first}, [first]
    while border:
        new = set(space.neighbours(border.pop())) - reached
        reached |= new
        border += new
    assert len(reached) == space.size()


@every_space
@seeded
def test_the_canonical_form_is_a_member_and_its_own_canonical_form(space, seed):
    for architecture in samples(space, seed):
        form = space.canonical(architecture)
        space.check(form)
        assert space.canonical(form) == form


# --- sampling ---------------------------------------------------------------------------

# Where all walks have equally many options, the two ways to draw are one. Here they differ:
# 26 members, one in 26 each over architectures; over decisions a chain that ends at once
# has 1/2 * 1/4, one of full length 1/2 * 1/4 * 1/4.
UNEVEN = MLPSpace((3, "softmax"), widths=(8,), activations=("relu", "tanh"), max_layers=4)
sampled_space = pytest.mark.parametrize("space", [*TINY, UNEVEN], ids=lambda space: space.name)


def furthest_from_expected(counts: Counter, chances: dict, draws: int) -> float:
    """Largest deviation of a count from its binomial mean, in standard deviations."""
    return max(
        abs(counts[outcome] - draws * p) / math.sqrt(draws * p * (1 - p))
        for outcome, p in chances.items()
        if p < 1
    )


# Every one of the K outcomes is expected 40 times. Its count is binomial and lies 5 standard
# deviations off with probability 4e-6 (the exact tail; it is skewed, so more than the normal
# 6e-7). With K <= 128 a sound sampler fails under a fresh seed once in 2,000 runs of a test;
# the seeds are fixed besides.
LIMIT = 5.0


@sampled_space
def test_sample_architecture_makes_every_architecture_equally_likely(space):
    rng, draws = np.random.default_rng(7), 40 * space.size()
    counts = Counter(space.sample_architecture(rng) for _ in range(draws))
    chances = dict.fromkeys(space, 1 / space.size())
    assert set(counts) <= set(chances)
    assert furthest_from_expected(counts, chances, draws) < LIMIT


@sampled_space
def test_sample_walk_makes_every_legal_option_equally_likely_at_each_step(space):
    rng, draws = np.random.default_rng(8), 40 * space.size()
    counts = Counter(space.sample_walk(rng) for _ in range(draws))
    chances = {}
    for architecture in space:
        steps = (architecture.tokens[:i] for i in range(len(architecture.tokens)))
        chances[architecture] = math.prod(1 / len(space.legal(prefix)) for prefix in steps)
    assert math.isclose(sum(chances.values()), 1)
    assert (len(set(chances.values())) > 1) == (space == UNEVEN)
    assert furthest_from_expected(counts, chances, draws) < LIMIT


@every_space
def test_equal_generators_draw_equal_architectures(space):
    assert samples(space, seed=0) == samples(space, seed=0)
    assert samples(space, seed=0) != samples(space, seed=1)
