"""How cells are written: the genotype of DARTS and the arc string of ENAS.

A genotype reads `Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), ...],
normal_concat=[2, 3, 4, 5], reduce=[...], reduce_concat=[...])`: two entries per node, an
operation and the state that it reads. Nothing is executed when one is read.
"""

from cnnnas.space.cell import Cell, Cells
from mlpnas.core.errors import InputError
from mlpnas.core.space.genotype import check_edges, read_fields

EXPECTED = (
    "expected Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), ...], "
    "normal_concat=[2, 3, 4, 5], reduce=[...], reduce_concat=[...])"
)


def write_genotype(cells: Cells) -> str:
    """The genotype of cells by name; combinations are written where they are not additions."""
    parts = []
    for name, cell in cells.items():
        edges = [edge for node in cell.nodes for edge in node]
        parts += [f"{name}={edges}", f"{name}_concat={list(cell.concat)}"]
        if cell.combine:
            parts.append(f"{name}_combine={list(cell.combine)}")
    return f"Genotype({', '.join(parts)})"


def read_genotype(text: str) -> dict[str, Cell]:
    """Cells by name; which operations and states make sense is for a space to say.

    Raises:
        InputError: if it is no genotype; names the part that cannot be read.
    """
    fields = read_fields(text, EXPECTED)
    names = [name for name in fields if not name.endswith(("_concat", "_combine"))]
    return {name: _cell(name, fields) for name in names}


def _cell(name: str, fields: dict[str, list]) -> Cell:
    edges = fields[name]
    check_edges(name, edges)
    if len(edges) % 2 or not edges:
        raise InputError(f"{name} has {len(edges)} entries, expected two per node")
    nodes = tuple(zip(edges[::2], edges[1::2], strict=True))
    concat = tuple(fields.get(f"{name}_concat", range(2, 2 + len(nodes))))
    return Cell(nodes, concat, tuple(fields.get(f"{name}_combine", ())))


def write_arc(tokens: tuple[int, ...]) -> str:
    """The arc string: per node state 1, operation 1, state 2, operation 2, as numbers."""
    return " ".join(str(tokens[i]) for i in _arc_order(len(tokens)))


def read_arc(text: str) -> tuple[int, ...]:
    """The tokens of an arc string, in the order in which ENAS decides them: state 1, state 2,
    operation 1, operation 2.

    Raises:
        InputError: naming the first part that is no number, or the number of parts if it is
            not a multiple of four.
    """
    parts = text.split()
    wrong = [part for part in parts if not part.isdecimal()]
    if wrong or len(parts) % 4:
        what = f"the part {wrong[0]!r}" if wrong else f"{len(parts)} numbers"
        raise InputError(f"the arc {text!r} has {what}; expected four numbers per node")
    # Exchanging the inner two of every four undoes itself.
    return tuple(int(parts[i]) for i in _arc_order(len(parts)))


def _arc_order(length: int) -> list[int]:
    return [start + i for start in range(0, length, 4) for i in (0, 2, 1, 3)]
