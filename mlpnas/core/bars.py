"""Weights of mixtures as bars of text, for a terminal."""

from collections.abc import Mapping, Sequence

import numpy as np

LEVELS = " ▁▂▃▄▅▆▇█"


def bars(
    tables: Mapping[str, np.ndarray],
    operations: Sequence[str],
    edges: Sequence[tuple[int, int]],
) -> str:
    """A block per table: a line per operation, a bar per edge, a gap before each node.

    A bar is as high as the edge's weight is to the largest of the table.

    Args:
        tables: by name, `(edges, operations)`, none negative.
        operations: what the columns are.
        edges: `(state, node)` of the rows; all edges into a node stand together.
    """
    return "\n".join(_block(name, table, operations, edges) for name, table in tables.items())


def _block(
    name: str, table: np.ndarray, operations: Sequence[str], edges: Sequence[tuple[int, int]]
) -> str:
    heights = np.round((len(LEVELS) - 1) * table / max(float(table.max()), 1e-12)).astype(int)
    nodes = sorted({node for _, node in edges})
    into = [[row for row, (_, end) in enumerate(edges) if end == node] for node in nodes]
    width = max(map(len, (name, *operations)))

    def line(title: str, parts: Sequence[str]) -> str:
        return f"{title:>{width}}  " + " ".join(parts)

    header = [f"{node:<{len(rows)}}" for node, rows in zip(nodes, into, strict=True)]
    lines = [
        line(operation, ["".join(LEVELS[heights[row, k]] for row in rows) for rows in into])
        for k, operation in enumerate(operations)
    ]
    return "\n".join([line(name, header), *lines])
