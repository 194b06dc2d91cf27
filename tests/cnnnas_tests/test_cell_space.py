"""Cells as data: sizes as published, notations, equivalent forms, mistakes."""

import numpy as np
import pytest

from cnnnas.published import DARTS_V1, DARTS_V2, ENAS_MICRO
from cnnnas.space.cell import Cell, output_states
from cnnnas.space.cell_space import ENAS_OPERATIONS, CellSpace, enas_published_size
from mlpnas.core.errors import InputError

ENAS, DARTS = CellSpace.enas_micro(), CellSpace.darts()


# --- sizes ------------------------------------------------------------------------------


def test_enas_micro_counts_token_sequences_and_what_the_paper_counts():
    # Node n of a cell reads two of n states with one of five operations each: (5 n)^2.
    per_cell = (10 * 15 * 20 * 25 * 30) ** 2
    assert per_cell == 5_062_500_000_000
    assert ENAS.size() == per_cell**2  # 2.563e25
    assert enas_published_size(ENAS) == 129_600_000_000  # (5 * 5!)^4


def test_darts_counts_pairs_of_distinct_inputs_and_seven_operations():
    # The nodes choose 2 of 2, 3, 4 and 5 states: 1 * 3 * 6 * 10, and 7^2 operations each.
    assert DARTS.size() == (180 * 49**4) ** 2 == 1_037_664_180**2


def test_nasnet_counts_thirteen_operations_and_two_combinations():
    assert CellSpace.nasnet().size() == (720**2 * (13**2 * 2) ** 5) ** 2  # 5.2e36


def test_pnas_counts_raw_cells_and_unique_blocks():
    assert CellSpace.pnas(min_nodes=None).size() == 720**2 * 8**10
    space = CellSpace.pnas()
    assert [space.unique_blocks(n) for n in range(2, 7)] == [136, 300, 528, 820, 1176]
    # A growing space holds the cells of every size: 256 + 256 * 576.
    assert CellSpace.pnas(2).size() == 256 + 256 * 576


def test_unique_blocks_of_distinct_inputs_and_of_combinations():
    # 3 states make 3 pairs, times 7^2; two combinations double the 2 * 13 halves' 351 pairs.
    assert DARTS.unique_blocks(3) == 3 * 49
    assert CellSpace.nasnet().unique_blocks(2) == 2 * 26 * 27 // 2


@pytest.mark.parametrize(("nodes", "count"), [(1, 100), (2, 22_500)])
def test_small_micro_cells_can_be_enumerated(nodes, count):
    space = CellSpace(nodes, ENAS_OPERATIONS, kinds=("normal",))
    assert len(set(space)) == count == space.size()


# --- wiring -----------------------------------------------------------------------------


def test_the_published_arc_is_wired_as_its_authors_drew_it():
    normal, reduction = ENAS.cells(ENAS.parse(ENAS_MICRO)).values()
    assert normal.nodes == (
        (("avg_pool_3x3", 0), ("sep_conv_3x3", 0)),
        (("skip_connect", 0), ("sep_conv_5x5", 0)),
        (("skip_connect", 0), ("sep_conv_5x5", 1)),
        (("sep_conv_3x3", 1), ("sep_conv_5x5", 0)),
        (("avg_pool_3x3", 0), ("sep_conv_5x5", 1)),
    )
    assert normal.concat == (2, 3, 4, 5, 6)
    assert reduction.nodes[2] == (("sep_conv_5x5", 1), ("sep_conv_5x5", 3))
    assert reduction.concat == (2, 4, 5, 6)  # node 4 reads 3


def test_unused_states_go_to_the_output_the_inputs_included():
    nodes = ((("skip_connect", 1), ("skip_connect", 1)), (("skip_connect", 2),) * 2)
    assert output_states(nodes, "unused") == (0, 3)
    assert output_states(nodes, "all") == (2, 3)


def test_states_of_the_second_cell_go_on_counting():
    pointers = [d for d in ENAS.decisions if d.kind == "pointer"]
    assert pointers[0].options == (0, 1)
    assert pointers[10].name == "reduce node 2 input 1"
    assert pointers[10].options == (7, 8)
    assert pointers[10].node == 9


# --- notations --------------------------------------------------------------------------


def test_the_arc_string_is_printed_as_it_was_published():
    assert str(ENAS.parse(ENAS_MICRO)) == ENAS_MICRO


def test_the_arc_stores_the_operation_before_the_second_state():
    # Decided: state 0, state 1, max pooling, separable 3x3. Stored: 0 3 1 0.
    space = CellSpace(1, ENAS_OPERATIONS, kinds=("cell",), notation="arc")
    assert str(space.architecture((0, 1, 3, 0))) == "0 3 1 0"


@pytest.mark.parametrize("genotype", [DARTS_V1, DARTS_V2])
def test_a_published_genotype_is_read_in_any_order_and_printed_by_state(genotype):
    architecture = DARTS.parse(genotype)
    assert DARTS.parse(str(architecture)) == architecture
    assert str(architecture).startswith("Genotype(normal=[('sep_conv_3x3', 0), ")
    assert "reduce_concat=[2, 3, 4, 5])" in str(architecture)


def test_each_notation_is_read_whatever_is_printed():
    arc = ENAS.parse(ENAS_MICRO)
    as_genotype = CellSpace(5, ENAS_OPERATIONS)
    assert as_genotype.parse(ENAS_MICRO) == arc
    assert ENAS.parse(str(as_genotype.parse(ENAS_MICRO))) == arc


def test_a_range_is_read_as_a_list_and_nothing_is_executed():
    text = DARTS_V2.replace("[2, 3, 4, 5]", "range(2, 6)")
    assert DARTS.parse(text) == DARTS.parse(DARTS_V2)
    with pytest.raises(InputError, match=r"normal=open\('/etc/passwd'\) is no list"):
        DARTS.parse("Genotype(normal=open('/etc/passwd'))")


# --- equivalent forms -------------------------------------------------------------------

PNAS_TWO = CellSpace.pnas(2, min_nodes=None)


def one_cell(*nodes: tuple) -> Cell:
    return Cell(nodes, tuple(range(2, 2 + len(nodes))))


def test_halves_and_independent_nodes_may_change_places():
    a = (("max_pool_3x3", 0), ("sep_conv_3x3", 1))
    b = (("skip_connect", 1), ("avg_pool_3x3", 1))
    forms = {
        PNAS_TWO.canonical(PNAS_TWO.from_cells({"cell": one_cell(*nodes)}))
        for nodes in [(a, b), (b, a), (a[::-1], b), (b[::-1], a[::-1])]
    }
    assert len(forms) == 1


def test_equal_nodes_with_different_readers_are_told_apart_by_their_readers():
    a = (("max_pool_3x3", 0), ("sep_conv_3x3", 1))
    reads = [(("skip_connect", n), ("avg_pool_3x3", 1)) for n in (2, 3)]
    space = CellSpace.pnas(3, min_nodes=None)
    first, second = (
        space.canonical(space.from_cells({"cell": one_cell(a, a, reader)})) for reader in reads
    )
    assert first == second


def relabelled(cell: Cell, rng: np.random.Generator) -> Cell:
    """The same graph with its halves and its nodes in another legal order."""
    rest, new, nodes = dict(enumerate(cell.nodes, 2)), {0: 0, 1: 1}, []
    while rest:
        ready = [n for n, node in rest.items() if all(state in new for _, state in node)]
        chosen = int(rng.choice(ready))
        halves = [(op, new[state]) for op, state in rest.pop(chosen)]
        nodes.append(tuple(halves[i] for i in rng.permutation(2)))
        new[chosen] = len(new)
    return Cell(tuple(nodes), output_states(tuple(nodes), "unused"))


def test_the_canonical_form_does_not_depend_on_how_the_graph_was_numbered(property_seed):
    rng = np.random.default_rng(property_seed)
    for _ in range(200):
        architecture = ENAS.sample_architecture(rng)
        twin = {k: relabelled(cell, rng) for k, cell in ENAS.cells(architecture).items()}
        assert ENAS.canonical(ENAS.from_cells(twin)) == ENAS.canonical(architecture)


def test_distinct_cells_are_as_many_as_orbit_counting_says():
    # 31,620 cells of two blocks over 8 operations: 136 * (300 - 136) whose second block reads
    # the first, and 136 * 137 / 2 unordered pairs of independent ones. All 256 * 576 raw
    # cells take a while; over 3 operations 21 * (45 - 21) + 21 * 22 / 2 = 735.
    space = CellSpace(2, ENAS_OPERATIONS[:3], kinds=("cell",), output="all")
    assert len({space.canonical(cell) for cell in space}) == 735


@pytest.mark.slow
def test_distinct_pnas_cells_of_two_blocks():
    assert len({PNAS_TWO.canonical(cell) for cell in PNAS_TWO}) == 31_620


def test_nodes_of_sampled_cells_read_one_another():
    # Node n reads two of the n states before it. That none reads a node has probability
    # (2/3 * 2/4 * 2/5 * 2/6)^2 = .002: 5 or more of 100 in less than one seed of 10^6.
    space, rng = CellSpace.pnas(min_nodes=None), np.random.default_rng(0)
    cells = [space.cells(space.sample_walk(rng))["cell"] for _ in range(100)]
    linked = [any(state >= 2 for node in cell.nodes for _, state in node) for cell in cells]
    assert sum(linked) > 95


# --- sparse cells -----------------------------------------------------------------------

SPARSE = CellSpace.darts(2, sparse=True)
A, B = "sep_conv_3x3", "skip_connect"


def sparse_cell(*nodes: tuple) -> Cell:
    return Cell(nodes, output_states(nodes, "all"))


def test_a_sparse_cell_has_an_operation_that_reads_an_input():
    # The pairs of inputs; eight operations for each edge, but of the first node's not none.
    assert SPARSE.size() == (63 * 3 * 8**2) ** 2
    for seed in range(50):
        architecture = SPARSE.sample_walk(np.random.default_rng(seed))
        for cell in SPARSE.cells(architecture).values():
            assert cell.wired[0]
            assert 2 in cell.concat
    empty = sparse_cell((("none", 0), ("none", 1)), ((A, 0), (B, 1)))
    with pytest.raises(InputError, match="normal node 2 operations is"):
        SPARSE.from_cells({"normal": empty, "reduce": empty})


def test_what_reads_a_node_without_operations_is_not_there_either():
    nodes = (
        ((A, 0), ("none", 1)),
        (("none", 0), ("none", 2)),
        ((B, 3), (A, 1)),  # state 3 is empty
        ((A, 3), ("none", 0)),
        ((B, 5), (B, 4)),  # and so is state 5
    )
    cell = sparse_cell(*nodes)
    assert cell.wired == (((A, 0),), (), ((A, 1),), (), ((B, 4),))
    assert cell.concat == (2, 4, 6)
    assert cell.skips == 1


def test_a_sparse_genotype_can_be_pasted():
    cell = sparse_cell(((A, 0), ("none", 1)), (("none", 0), ("none", 2)))
    architecture = SPARSE.from_cells({"normal": cell, "reduce": cell})
    assert "('none', 1), ('none', 0), ('none', 2)], normal_concat=[2]" in str(architecture)
    assert SPARSE.parse(str(architecture)) == architecture


def test_sparse_cells_that_compute_the_same_have_one_canonical_form():
    only = ((A, 0), ("none", 1))
    same = [
        (only, (("none", 0), ("none", 1))),
        (only, (("none", 1), ("none", 2))),
    ]
    forms = {
        SPARSE.canonical(SPARSE.from_cells(dict.fromkeys(("normal", "reduce"), cell)))
        for cell in (sparse_cell(*nodes) for nodes in same)
    }
    assert len(forms) == 1
    [form] = forms
    assert SPARSE.canonical(form) == form


def test_sparse_cells_are_as_many_as_can_be_counted_by_hand():
    # One operation. Node 2 reads one input or both, in three ways. Node 3 is empty (3 cells),
    # or reads inputs as well (6 unordered pairs), or node 2, alone or with an input (3 * 3).
    space = CellSpace(2, ("none", B), ("cell",), distinct=True, output="all")
    assert len({space.canonical(cell) for cell in space}) == 3 + 6 + 9


# --- growing cells ----------------------------------------------------------------------


def test_a_growing_cell_has_neighbours_with_a_node_more_and_less():
    space = CellSpace.pnas(3)
    text = "Genotype(cell=[('skip_connect', 0), ('skip_connect', 1){}], cell_concat={})"
    short = space.parse(text.format("", [2]))
    long = space.parse(text.format(", ('sep_conv_3x3', 2), ('sep_conv_3x3', 0)", [2, 3]))
    assert long in space.neighbours(short)
    assert short in space.neighbours(long)
    # One token changed: 2 * 1 states and 2 * 7 operations; one node more: (3 * 8)^2.
    assert len(space.neighbours(short)) == 16 + 576


def test_growing_is_for_one_kind_of_cell():
    with pytest.raises(InputError, match="min_nodes is 1, expected None"):
        CellSpace(2, ENAS_OPERATIONS, min_nodes=1)


# --- mistakes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 2 x 0", "has the part 'x'; expected four numbers per node"),
        ("0 2 0", "has 3 numbers; expected four numbers per node"),
        ("0 2 0 0", r"has 4 numbers, expected four for each of 5 nodes in normal and reduce"),
        (ENAS_MICRO.replace("0 2", "0 7", 1), "has 7 as normal node 2 operation 1, .* 0 to 4"),
        ("2" + ENAS_MICRO[1:], "has 2 as normal node 2 input 1, expected 0 to 1"),
        ("Genotype(normal=[", "cannot read the genotype"),
        ("", "cannot read the genotype ''"),
    ],
)
def test_a_mistaken_arc_is_refused_with_the_place(text, message):
    with pytest.raises(InputError, match=message):
        ENAS.parse(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("('dil_conv_3x3', 2)", "('none', 2)", "normal node 5 operation 2 is 'none'"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)", r"normal node 5 inputs is \(0, 5\)"),
        ("('dil_conv_3x3', 2)", "'dil_conv_3x3'", "normal has the entry 'dil_conv_3x3'"),
        (", ('dil_conv_3x3', 2)", "", "normal has 7 entries, expected two per node"),
        ("reduce", "reduction", r"cells \['normal', 'reduction'\] were given"),
        ("[2, 3, 4, 5]", "[3, 4, 5]", r"concatenates \[3, 4, 5\], expected \[2, 3, 4, 5\]"),
        ("('sep_conv_3x3', 1)", "('sep_conv_3x3', 0)", r"normal node 2 inputs is \(0, 0\)"),
    ],
)
def test_a_mistaken_genotype_is_refused_with_the_part(old, new, message):
    with pytest.raises(InputError, match=message):
        DARTS.parse(DARTS_V2.replace(old, new))


def test_too_few_nodes_are_refused():
    text = "Genotype(normal=[('skip_connect', 0), ('skip_connect', 1)], normal_concat=[2], {})"
    half = "reduce=[('skip_connect', 0), ('skip_connect', 1)], reduce_concat=[2]"
    with pytest.raises(InputError, match="the normal cell has 1 nodes, expected 4 to 4"):
        DARTS.parse(text.format(half))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"nodes": 0}, "nodes is 0, expected 1 or more"),
        ({"operations": ()}, r"operations is \(\), expected a tuple of distinct names"),
        ({"kinds": ("a", "a")}, r"kinds is \('a', 'a'\)"),
        ({"operations": ("none", A)}, "operations has 'none', expected so only with distinct"),
        ({"distinct": True, "notation": "arc"}, "arc strings write nodes of four numbers"),
    ],
)
def test_parameters_that_describe_no_space_are_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        CellSpace(**{"nodes": 2, "operations": ENAS_OPERATIONS, **parameters})
