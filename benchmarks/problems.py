"""The tables of `strategies.py` by name, and the score in which a regret is counted.

Mostly that is the score that steers the search. Where a search is steered by something
cheaper or noisier, it is judged by what it would have liked to know: a search of
`mlp-digits-early` by the accuracy after full training; one of `nasbench101`, steered by one
repeat, by the mean test accuracy of three, as its authors do.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Table
from mlpnas.nasbench.ecnas import load_ecnas
from mlpnas.nasbench.fcnet import load_fcnet
from mlpnas.nasbench.graph import load_graph
from mlpnas.nasbench.macro import load_macro
from mlpnas.nasbench.mlp import SCORES, load_mlp
from mlpnas.nasbench.nasbench101_file import NASBench101, mean_table, sampled_table
from mlpnas.nasbench.nasbench201 import load_nasbench201
from mlpnas.nasbench.nlp import load_nlp
from mlpnas.nasbench.spikenas import load_spikenas

NAMES = (
    "nasbench201-cifar10 (-cifar100, -imagenet16), nasbench-macro, nasbench-graph-cora (and "
    "the other graphs), fcnet-protein_structure (and the other tasks), spikenas-cifar10, "
    "nasbench-nlp, ecnas, nasbench101 (nasbench_only108.tfrecord or the full file, in the "
    "folder of --data), mlp-digits, mlp-wine; the last two with -early or -one_shot are "
    "steered by that score and judged by the trained one"
)


WHOLE: dict[str, tuple[str, Callable[[Path], Table]]] = {
    "spikenas-cifar10": ("spikenas_cifar10.npz", load_spikenas),
    "nasbench-macro": ("nasbench_macro.csv.gz", load_macro),
    "nasbench-nlp": ("nasbench_nlp_wikitext2.jsonl.gz", load_nlp),
    "ecnas": ("ecnas_nb101_4v.csv.gz", load_ecnas),
}


class Problem(NamedTuple):
    """A table to search.

    Attributes:
        steering: the table that a run with this seed sees.
        judge: the table whose score the regret is in.
    """

    steering: Callable[[int], Table]
    judge: Table


def load(name: str, data: Path) -> Problem:
    """The problem of that name.

    Args:
        name: see `NAMES`.
        data: the folder of the tables that are not part of the package.
    """
    family, _, dataset = name.rpartition("-")
    if name == "nasbench101":
        return _nasbench101(data)
    if family in ("mlp-digits", "mlp-wine") and dataset in SCORES:
        learned: Any = family.removeprefix("mlp-")
        score: Any = dataset
        return Problem(partial(_same, load_mlp(learned, score)), load_mlp(learned))
    table = _table(name, family, dataset, data)
    return Problem(partial(_same, table), table)


def _same(table: Table, seed: int) -> Table:
    return table


def _table(name: str, family: str, dataset: Any, data: Path) -> Table:
    """The loaders say which data sets they know."""
    if family == "nasbench201":
        return load_nasbench201(data / "nasbench201.csv.gz", dataset)
    if family == "fcnet":
        return load_fcnet(data / "fcnet.npz", dataset)
    if family == "mlp":
        return load_mlp(dataset)
    if family == "nasbench-graph":
        suffix = "_proteins" if dataset == "proteins" else ""
        return load_graph(data / f"nasbench_graph{suffix}.csv.gz", dataset)
    if name in WHOLE:
        file, loader = WHOLE[name]
        return loader(data / file)
    raise InputError(f"there is no benchmark {name!r}; expected {NAMES}")


def _nasbench101(data: Path) -> Problem:
    files = [data / "nasbench_only108.tfrecord", data / "nasbench_full.tfrecord"]
    bench = NASBench101(next((file for file in files if file.exists()), files[0]))
    means = mean_table(bench)
    tests = {
        name: entry._replace(score=entry.reported) for name, entry in means.entries.items()
    }
    judge = replace(means, entries=tests, metric=f"mean {means.reported_metric}")
    return Problem(partial(sampled_table, bench), judge)
