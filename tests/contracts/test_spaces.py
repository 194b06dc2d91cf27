"""Every search space of the packages is held to its contract; see `mlpnas.testing.space`.

A new space joins by a line in MEMBERS; one that is missing there fails a test.
"""

import pytest
from members import concrete
from spaces import TINY, CellSpace, MacroSpace, MicroSpace

from cnnnas.space.cell_space import CellSpace as ConvolutionalCellSpace
from cnnnas.space.macro_space import MacroSpace as ConvolutionalMacroSpace
from cnnnas.space.zoph_space import ZophSpace
from mlpnas.core.space.masks import masks
from mlpnas.core.space.search_space import SearchSpace
from mlpnas.nasbench.fcnet import FCNetSpace
from mlpnas.nasbench.graph import NASBenchGraphSpace
from mlpnas.nasbench.macro import NASBenchMacroSpace
from mlpnas.nasbench.nasbench101 import NASBench101Space
from mlpnas.nasbench.nasbench201 import NASBench201Space
from mlpnas.nasbench.nlp import RecipeSpace
from mlpnas.nasbench.spikenas import SpikeNASSpace
from mlpnas.space import MLPSpace
from mlpnas.testing import check_space
from mlpnas.testing.space import PROMISES
from mlpnas.testing.whole_space import DRAWN, ENUMERATED, FEW, SAMPLED
from rnncell.space.enas_space import ENASCellSpace
from rnncell.space.tree_space import TreeCellSpace

# Walks that may stop early, and decisions that make no difference after others.
GROWING = ConvolutionalCellSpace(2, ("max_pool_3x3", "skip_connect"), ("cell",), min_nodes=1)
# Cells some of whose operations are not there.
SPARSE = ConvolutionalCellSpace(2, ("none", "skip_connect"), distinct=True, output="all")
TYPED = ZophSpace(2, (1, 3), (8, 16), types=("conv", "max"))
SHALLOW_OR_DEEP = ZophSpace(2, (1, 3), (8, 16), types=("conv", "max"), other_depths=(1,))
# Where all walks have equally many options, the two ways to draw are one. Here they differ:
# 26 members, one in 26 each over architectures; over decisions a chain that ends at once
# has 1/2 * 1/4, one of full length 1/2 * 1/4 * 1/4.
UNEVEN = MLPSpace((3, "softmax"), widths=(8,), activations=("relu", "tanh"), max_layers=4)
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
    NASBench101Space(),
    NASBench201Space(),
    NASBenchMacroSpace(),
    NASBenchGraphSpace(),
    FCNetSpace(),
    SpikeNASSpace(),
    UNEVEN,
)


def test_every_space_of_the_packages_is_held_to_the_contract():
    # A sample of recurrent cells, which is no more than its file says: see test_tables.
    assert concrete(SearchSpace) - {RecipeSpace} == {
        type(space) for space in MEMBERS if type(space).__module__ != "spaces"
    }


every_space = pytest.mark.parametrize("space", MEMBERS, ids=lambda space: space.name)


def few(limit: int):
    """Of those members that are that few."""
    small = [space for space in MEMBERS if space.size() <= limit]
    return pytest.mark.parametrize("space", small, ids=lambda space: space.name)


def promises(functions):
    return pytest.mark.parametrize("promise", functions, ids=lambda promise: promise.__name__)


@every_space
@promises(PROMISES)
def test_a_space_keeps_its_promises(space, promise):
    for seed in range(3):
        promise(space, seed)


@few(FEW)
@promises(ENUMERATED)
def test_a_small_space_keeps_those_about_all_of_its_members(space, promise):
    promise(space, 0)


@few(DRAWN)
@promises(SAMPLED)
def test_a_tiny_space_draws_all_of_its_members_as_often_as_it_should(space, promise):
    promise(space, 7)


@every_space
def test_a_space_is_a_hashable_value_named_by_its_parameters(space):
    others = [other for other in MEMBERS if other is not space]
    assert space not in others
    assert space.name not in [other.name for other in others]


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


def test_a_typed_layer_has_two_states_between_its_type_and_its_filters():
    # Of 1 or 2 layers: depth, then type, height, width, filters, and a bit in the second.
    states = [len(mask.opened) for mask in masks(SHALLOW_OR_DEEP)]
    assert states == [1, 2, 4, 4, 4, 1, 2, 2, 2, 2]


def test_the_battery_runs_all_of_them():
    check_space(UNEVEN)
