"""NAS-Bench-Macro: all 6,561 chains of eight layers, trained on CIFAR-10.

Layers stand in stages of 2, 3 and 3; each is an identity or one of two inverted bottlenecks.
The first of a stage halves the image, so it is never nothing; where among the others an
identity stands makes no difference. So the 6,561 chains build 3,969 distinct networks:
3 * 3 in the first stage, 3 * 7 in each of the others.

Source: Su et al., "Prioritized architecture sampling with Monto-Carlo tree search", CVPR
2021. The table has test accuracy alone (percent, mean of three trainings of 50 epochs), so
search metric and reported metric are the same number here, and it has no training times.
"""

from dataclasses import dataclass
from pathlib import Path

from mlpnas.core.errors import InputError
from mlpnas.core.evaluator.tabular import Entry, Table
from mlpnas.core.space.search_space import Architecture, Tokens
from mlpnas.nasbench.choices import ChoiceSpace
from mlpnas.nasbench.reading import add, check_complete, check_space, rows

LAYERS = ("identity", "MBConv 3x3 expansion 3", "MBConv 5x5 expansion 6")
STAGES = ((0, 2), (2, 5), (5, 8))


@dataclass(frozen=True)
class NASBenchMacroSpace(ChoiceSpace):
    """Eight layers with one of three blocks each; written as eight digits.

    Args:
        merge: whether chains that build the same network count as one.
    """

    merge: bool = False

    @property
    def name(self) -> str:
        return f"nasbench-macro[{'distinct networks' if self.merge else 'all chains'}]"

    @property
    def choices(self) -> tuple[tuple[str, tuple], ...]:
        return tuple((f"layer {i + 1}", LAYERS) for i in range(8))

    def describe(self, tokens: Tokens) -> str:
        return "".join(map(str, tokens))

    def parse(self, text: str) -> Architecture:
        if len(text) != 8 or not set(text) <= set("012"):
            raise InputError(
                f"cannot read the chain {text!r}; expected eight digits such as 22212220: "
                + ", ".join(f"{i} {layer}" for i, layer in enumerate(LAYERS))
            )
        return self.architecture([int(digit) for digit in text])

    def canonical(self, architecture: Architecture) -> Architecture:
        """With `merge`, identities behind a stage's first layer last; else the chain itself."""
        if not self.merge:
            return architecture
        t = architecture.tokens
        tokens: Tokens = ()
        for first, end in STAGES:
            rest = sorted(t[first + 1 : end], key=lambda block: block == 0)
            tokens = (*tokens, t[first], *rest)
        return Architecture(self.name, tokens, self.describe(tokens))


def load_macro(path: Path, merge: bool = False) -> Table:
    """Reads `nasbench_macro.csv.gz`; scores are fractions correct."""
    every = NASBenchMacroSpace()
    entries: dict[Tokens, Entry] = {}
    for row in rows(path, ["arch", "mean_acc", "params"]):
        digits = [int(c) if c.isdigit() else -1 for c in row.text("arch")]
        tokens = check_space(every, digits, row, "arch")
        accuracy = row.number("mean_acc", 0, 100) / 100
        entry = Entry(accuracy, accuracy, parameters=round(row.number("params", 0)))
        add(entries, tokens, entry, row)
    check_complete(path, entries, every.size())
    space = NASBenchMacroSpace(merge)
    if merge:
        entries = {t: e for t, e in entries.items() if _is_first(space, t)}
    return Table("nasbench-macro", space, entries, "test accuracy", "test accuracy")


def _is_first(space: NASBenchMacroSpace, tokens: Tokens) -> bool:
    return space.canonical(space.architecture(tokens)).tokens == tokens
