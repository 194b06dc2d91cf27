"""Pictures of recurrent cells."""

import re

import numpy as np
import pytest

from rnncell.report.drawing import draw_nodes, draw_tree, spread
from rnncell.space.enas_space import ENASCellSpace, read_nodes
from rnncell.space.tree_space import TreeCellSpace


def test_columns_go_by_depth_and_a_node_stands_in_the_middle_of_what_grew_from_it():
    # 0 -> 1 -> 2 and 0 -> 3: the leaves 2 and 3 have the rows 0 and -1, node 1 that of 2, and
    # node 0 the mean of 0 and -1.
    nodes = read_nodes("tanh, relu(0), tanh(1), sigmoid(0)")
    assert spread(nodes) == [(0, -0.5), (1, 0), (2, 0), (1, -1)]


@pytest.mark.parametrize(
    ("space", "draw"),
    [(ENASCellSpace(8), draw_nodes), (TreeCellSpace(4), draw_tree)],
    ids=("nodes", "tree"),
)
def test_every_node_of_any_cell_is_drawn_with_its_activation(space, draw, property_seed):
    rng = np.random.default_rng(property_seed)
    for _ in range(5):
        architecture = space.sample_architecture(rng)
        cell = space.cell(architecture)
        names = [node.activation for node in getattr(cell, "nodes", cell)]
        # matplotlib draws letters as curves, and notes the words beside them.
        written = " ".join(re.findall(r"<!-- (.*?) -->", draw(cell)))
        for i, name in enumerate(names):
            assert re.search(rf"\b{i}: (add |mult )?{name}\b", written), written


def test_no_two_nodes_of_a_cell_are_drawn_at_one_place(property_seed):
    space, rng = ENASCellSpace(12), np.random.default_rng(property_seed)
    for _ in range(20):
        places = spread(space.cell(space.sample_architecture(rng)))
        assert len(set(places)) == 12


def test_a_node_that_others_read_leads_to_the_output_only_where_all_are_averaged():
    # Of 0 -> 1 -> 2 the loose end is node 2; node 1 has one arrow more if all are averaged.
    space = ENASCellSpace(3)
    chain = space.parse("tanh, relu(0), tanh(1)")
    nodes = space.cell(chain)
    loose, every = (draw_nodes(nodes, kind).count("<path") for kind in ("loose", "nodes"))
    assert every > loose
