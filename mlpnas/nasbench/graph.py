"""NAS-Bench-Graph: graph neural networks of four nodes, trained on nine graph data sets.

Every node reads the raw input or an earlier node and applies one of nine operations; nodes
that nobody reads make the output. Nine shapes of links are enough up to renumbering, and
many of the 9 * 9^4 = 59,049 walks build the same network: 26,206 were trained.

Source: Qin, Zhang, Zhang and Zhu, "NAS-Bench-Graph", NeurIPS 2022. The table has validation
and test accuracy (fractions, mean of three seeds) per data set; no training times.
"""

from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.core.space.search_space import Architecture, Tokens
from mlpnas.nasbench.choices import ChoiceSpace
from mlpnas.nasbench.reading import add, check_complete, rows

# The input of each node: 0 is the raw input, i the i-th node.
LINKS = ("0000", "0001", "0011", "0012", "0013", "0111", "0112", "0122", "0123")
SKIP = "skip"
OPERATIONS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", SKIP)
PROTEINS = ("gcn", "sage", "arma", "fc", SKIP)


@dataclass(frozen=True)
class NASBenchGraphSpace(ChoiceSpace):
    """A shape of links and four operations; written as `0112 gat-gcn-fc-skip`.

    Args:
        operations: those of the table, `OPERATIONS` or for proteins `PROTEINS`.
    """

    operations: tuple[str, ...] = OPERATIONS

    @property
    def name(self) -> str:
        return f"nasbench-graph[{','.join(self.operations)}]"

    @property
    def choices(self) -> tuple[tuple[str, tuple], ...]:
        nodes = ((f"node {i + 1}", self.operations) for i in range(4))
        return (("links", LINKS), *nodes)

    def describe(self, tokens: Tokens) -> str:
        links, *operations = self.options(tokens)
        return f"{links} {'-'.join(operations)}"

    def parse(self, text: str) -> Architecture:
        links, _, written = text.partition(" ")
        operations = written.split("-")
        if links not in LINKS or len(operations) != 4 or set(operations) - set(self.operations):
            raise InputError(
                f"cannot read {text!r}; expected links from {LINKS} and four operations from "
                f"{self.operations}, such as 0112 gcn-sage-fc-skip"
            )
        return self.architecture(
            [LINKS.index(links), *(self.operations.index(name) for name in operations)]
        )

    def canonical(self, architecture: Architecture) -> Architecture:
        """Skip connections that change nothing first, then the smallest renumbering."""
        tokens = _canonical(architecture.tokens, self.operations.index(SKIP))
        return Architecture(self.name, tokens, self.describe(tokens))


@cache
def _canonical(tokens: Tokens, skip: int) -> Tokens:
    inputs, operations = [int(digit) for digit in LINKS[tokens[0]]], list(tokens[1:])
    for node in range(4):
        if operations[node] == skip and _is_idle(inputs, operations, node, skip):
            inputs, operations = _to_front(inputs, operations, node)
    return _smallest(inputs, operations)


def _is_idle(inputs: list[int], operations: list[int], node: int, skip: int) -> bool:
    """Whether a skip connection could as well be a longer way in from the raw input.

    It could not if it is itself one of several outputs and carries a node's result there.
    """
    is_read = node + 1 in inputs
    has_siblings = inputs.count(inputs[node]) > 1
    before = inputs[node]
    while before and operations[before - 1] == skip:
        before = inputs[before - 1]
    return is_read or not has_siblings or before == 0


def _to_front(inputs: list[int], operations: list[int], k: int) -> tuple[list[int], list[int]]:
    """Node k becomes the first: all that read the raw input read it, and what read node k
    reads what k read."""
    heard = [inputs[k] if i == k + 1 else i for i in inputs]
    # Nodes before k move up by one place, and with them the raw input, now behind k.
    moved = [i + 1 if i <= k else i for i in heard]
    rest = [n for n in range(4) if n != k]
    return [0, *(moved[n] for n in rest)], [operations[k], *(operations[n] for n in rest)]


def _smallest(inputs: list[int], operations: list[int]) -> Tokens:
    """The least tokens over all numberings of the nodes that make a known shape."""
    found = []
    for order in permutations(range(4)):
        place = {0: 0, **{old + 1: new + 1 for new, old in enumerate(order)}}
        links = "".join(str(place[inputs[old]]) for old in order)
        if links in LINKS:
            found.append((LINKS.index(links), *(operations[old] for old in order)))
    return min(found)


def load_graph(path: Path, dataset: str = "cora") -> Table:
    """Reads `nasbench_graph.csv.gz`, or with `"proteins"` `nasbench_graph_proteins.csv.gz`."""
    proteins = dataset == "proteins"
    space = NASBenchGraphSpace(PROTEINS if proteins else OPERATIONS)
    score, test, size = f"{dataset}_valid", f"{dataset}_test", f"{dataset}_params_m"
    entries: dict[Tokens, Entry] = {}
    for row in rows(path, ["link", "ops", score, test, size]):
        try:
            tokens = space.parse(f"{row.text('link')} {row.text('ops')}").tokens
        except InputError:
            raise row.wrong(
                "ops", f"four of {space.operations} and links from {LINKS}"
            ) from None
        parameters = round(row.number(size, 0) * 1e6)
        entry = Entry(row.number(score, 0, 1), row.number(test, 0, 1), parameters=parameters)
        add(entries, tokens, entry, row)
    check_complete(path, entries, 2021 if proteins else 26206)
    return Table(
        f"nasbench-graph-{dataset}", space, entries, "validation accuracy", "test accuracy"
    )
