"""Recurrent cells as DARTS prints them: `Genotype(recurrent=[('relu', 0), ...],
concat=range(1, 9))`.

An entry per node: what it applies, and the node that it reads. Node 0 comes before them and
is always a tanh; the cell's output is the mean of all nodes but node 0.
"""

from collections.abc import Sequence

from mlpnas.core.errors import InputError
from mlpnas.core.space.genotype import check_edges, read_fields
from rnncell.space.activations import check_activations

ROOT = "tanh"
EXPECTED = "expected Genotype(recurrent=[('relu', 0), ('tanh', 1), ...], concat=range(1, 9))"

Edge = tuple[str, int]  # an activation, and the earlier node it is fed by


def write_genotype(edges: Sequence[Edge]) -> str:
    """The genotype of the nodes 1, 2, ..."""
    return f"Genotype(recurrent={list(edges)}, concat=range(1, {len(edges) + 1}))"


def read_genotype(text: str) -> list[Edge]:
    """Inverse of `write_genotype`.

    Raises:
        InputError: naming the part that cannot be read, or cannot be.
    """
    fields = read_fields(text, EXPECTED)
    edges = fields.get("recurrent", [])
    if not edges:
        raise InputError(f"the genotype {text!r} has no recurrent nodes; {EXPECTED}")
    check_edges("recurrent", edges)
    for node, (activation, state) in enumerate(edges, start=1):
        check_activations(f"node {node} of the genotype {text!r}", (activation,))
        if not 0 <= state < node:
            raise InputError(
                f"node {node} of the genotype {text!r} reads node {state}; expected an "
                f"earlier one, from 0 to {node - 1}"
            )
    if list(fields.get("concat", [])) != list(range(1, len(edges) + 1)):
        raise InputError(
            f"the genotype {text!r} does not average all of its nodes; expected "
            f"concat=range(1, {len(edges) + 1})"
        )
    return edges
