"""The two spaces of cells: sizes, strings, and which cells are the same network."""

import math

import numpy as np
import pytest

from mlpnas.core.errors import InputError
from rnncell.space.enas_space import ENASCellSpace, loose_ends, read_nodes
from rnncell.space.tree_space import TreeCellSpace


@pytest.mark.parametrize(
    ("space", "size"),
    [
        (ENASCellSpace(3), 128),  # 4 ** 3 activations, 1 * 2 predecessors
        (ENASCellSpace(12), 4**12 * math.factorial(11)),
        (ENASCellSpace(3, root="tanh"), 32),
        (ENASCellSpace(3, ("tanh", "relu")), 16),
        (TreeCellSpace(2), 36_864),  # (2 * 4) ** 3 nodes, 8 injections, 3 * 3 places
        (TreeCellSpace(8), 8**15 * 8 * 15**2),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_size_is_the_number_worked_out_by_hand(space, size):
    assert space.size() == size


def test_sizes_are_the_published_ones():
    assert ENASCellSpace(12).size() == pytest.approx(6.70e14, rel=1e-3)
    assert TreeCellSpace(8).size() == pytest.approx(6.33e16, rel=1e-3)


def test_tokens_are_the_number_strings_of_the_enas_authors():
    numbers = "0 0 0 1 1 2 1 2 0 2 0 5 1 1 0 6 1 8 1 8 1 8 1"
    cell = ENASCellSpace(12).architecture(numbers.split())
    assert str(cell) == (
        "tanh, tanh(0), relu(1), relu(2), tanh(2), tanh(2), relu(5), tanh(1), relu(6), "
        "relu(8), relu(8), relu(8)"
    )
    assert loose_ends(read_nodes(str(cell))) == (3, 4, 7, 9, 10, 11)
    # The second release has another order of activations and a fixed node 0.
    space = ENASCellSpace(9, ("tanh", "relu", "sigmoid", "identity"), root="tanh")
    numbers = "0 2 1 0 2 1 2 2 4 0 5 0 3 2 6 2"
    assert str(space.architecture(numbers.split())) == (
        "tanh, sigmoid(0), tanh(1), relu(2), sigmoid(2), tanh(4), tanh(5), sigmoid(3), "
        "sigmoid(6)"
    )


def test_enas_cells_that_differ_in_their_numbering_are_one_network():
    space = ENASCellSpace(4)
    one, other = (
        space.parse("tanh, relu(0), tanh(0), tanh(1)"),
        space.parse("tanh, tanh(0), relu(0), tanh(2)"),
    )
    assert space.canonical(one) == space.canonical(other)
    # Here the tanh(1) hangs on the other branch.
    different = space.parse("tanh, relu(0), tanh(0), tanh(2)")
    assert space.canonical(one) != space.canonical(different)


def test_trees_that_differ_in_the_order_of_branches_are_one_network():
    space = TreeCellSpace(2)
    one = space.parse("add tanh, mult relu, add sigmoid; inject add tanh at 0; memory 1")
    other = space.parse("mult relu, add tanh, add sigmoid; inject add tanh at 1; memory 0")
    assert space.canonical(one) == space.canonical(other)
    moved = space.parse("add tanh, mult relu, add sigmoid; inject add tanh at 1; memory 1")
    assert space.canonical(one) != space.canonical(moved)


def test_canonical_trees_keep_the_marks_with_their_nodes(property_seed):
    space, rng = TreeCellSpace(4), np.random.default_rng(property_seed)
    for _ in range(30):
        tree = space.cell(space.sample_architecture(rng))
        form = space.cell(space.canonical(space.architecture(_tokens(space, tree))))
        assert form.nodes[form.memory] == tree.nodes[tree.memory]
        assert form.nodes[form.injected] == tree.nodes[tree.injected]
        assert sorted(form.nodes[:4]) == sorted(tree.nodes[:4])


def _tokens(space, tree):
    return space.parse(space.describe(space._encode(tree).tokens)).tokens


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tanh, relu(0)", "has 2 nodes; expected 3"),
        ("", "node 0 of the cell '' is ''; expected an activation"),
        ("tanh, relu, relu(0)", r"node 1 .* is 'relu'; expected .* like tanh\(0\)"),
        (
            "tanh, relu(0), relu(2)",
            "node 2 .* reads node 2; expected an earlier one, from 0 to 1",
        ),
        ("tanh, elu(0), relu(1)", "node 1 .* activation is 'elu'; expected distinct ones of"),
        (
            "tanh, sigmoid(0), relu(1)",
            "node 1 .* has the activation 'sigmoid'; expected one of",
        ),
    ],
)
def test_an_enas_cell_outside_the_space_is_refused_with_node_and_reason(text, reason):
    with pytest.raises(InputError, match=reason):
        ENASCellSpace(3, ("tanh", "relu")).parse(text)


TREE = "add tanh, mult relu, mult sigmoid; inject add relu at 0; memory 1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TREE.replace("mult sigmoid", "mult"), "node 2 .* is 'mult'; expected one of"),
        (TREE.replace("mult relu", "max relu"), "node 1 .* is 'max relu'; expected one of"),
        (TREE.replace("sigmoid", "sin"), "node 2 .*: the activation is 'sin'"),
        (TREE.replace("at 0", "at 3"), "injected node .* is 3; expected 0 to 2"),
        (TREE.replace("memory 1", "memory 7"), "memory node .* is 7; expected 0 to 2"),
        (TREE.replace("memory 1", ""), "goes on with .* expected such as"),
        ("add tanh, add tanh; inject add tanh at 0; memory 0", "has 2 nodes; expected 3, 7"),
    ],
)
def test_a_tree_cell_outside_the_space_is_refused_with_node_and_reason(text, reason):
    with pytest.raises(InputError, match=reason):
        TreeCellSpace(2).parse(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ENASCellSpace(1),
        lambda: ENASCellSpace(3, ("tanh", "tanh")),
        lambda: ENASCellSpace(3, root="cos"),
        lambda: TreeCellSpace(6),
        lambda: TreeCellSpace(2, ()),
    ],
)
def test_parameters_that_describe_no_space_are_refused(make):
    with pytest.raises(InputError, match="expected"):
        make()
