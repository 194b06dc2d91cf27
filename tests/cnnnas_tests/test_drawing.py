"""Pictures hold what they are to show; equal cells make equal files."""

import numpy as np

from cnnnas.published import ENAS_MICRO, FAIR_DARTS
from cnnnas.report.drawing import colour, depths, draw_cell, draw_macro, places, short
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.genotype import read_genotype
from cnnnas.space.macro_space import MacroSpace

ENAS = CellSpace.enas_micro()
REDUCTION = ENAS.cells(ENAS.parse(ENAS_MICRO))["reduce"]


def test_a_state_stands_right_of_all_that_it_reads():
    # Node 4 reads nodes 1 and 3; all others read the inputs alone.
    assert depths(REDUCTION) == [0, 0, 1, 1, 2, 1, 1]
    at = places(REDUCTION)
    assert len(set(at)) == len(at)
    for node, halves in enumerate(REDUCTION.nodes, 2):
        assert all(at[state][0] < at[node][0] for _, state in halves)


def test_a_cell_shows_an_arrow_per_operation_and_per_state_given_on():
    svg = draw_cell(REDUCTION, "reduction cell")
    # matplotlib writes each text as a comment beside its outline.
    labels = [short(name) for halves in REDUCTION.nodes for name, _ in halves]
    for label in set(labels):
        assert svg.count(f"<!-- {label} -->") == labels.count(label)
    assert "<!-- reduction cell -->" in svg
    assert svg == draw_cell(REDUCTION, "reduction cell")


def test_what_a_sparse_cell_lacks_is_not_drawn():
    cell = read_genotype(FAIR_DARTS)["normal"]
    svg = draw_cell(cell)
    for label, times in (("sep 3x3", 2), ("max pool 3x3", 1), ("none", 0)):
        assert svg.count(f"<!-- {label} -->") == times, label
    assert [svg.count(f"<!-- {node} -->") for node in (2, 3, 4, 5)] == [1, 0, 1, 1]


def test_kinds_of_operations_have_colours_and_skips_are_grey():
    kinds = ["sep_conv_3x3", "dil_conv_3x3", "max_pool_3x3", "avg_pool_3x3", "skip_connect"]
    assert len({colour(name) for name in kinds}) == len(kinds)
    assert colour("sep_conv_3x3") == colour("sep_conv_7x7")
    assert short("skip_connect") == "skip"


def test_a_macro_network_shows_its_layers_in_order():
    space = MacroSpace(6)
    architecture = space.sample_architecture(np.random.default_rng(0))
    svg = draw_macro(architecture, space)
    names = ["stem", *(short(layer.operation) for layer in space.wiring(architecture))]
    found = [line.strip()[5:-4] for line in svg.splitlines() if line.strip().startswith("<!--")]
    assert [label for label in found if label in names][: len(names)] == names
