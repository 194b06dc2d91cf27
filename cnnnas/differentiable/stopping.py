"""When to stop a differentiable search, and which epoch's genotype to take.

Plain DARTS gets worse when it goes on: its validation accuracy rises while its cells fill with
skip connections. A rule looks at the epochs so far and names the epoch to return to, or None.

Sources: Zela et al., "Understanding and robustifying differentiable architecture search", ICLR
2020 (eigenvalue); Liang et al., "DARTS+", arXiv 1909.06035 (skips, ranking).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnnas.names import RuleName  # says there when each can act at the earliest
from cnnnas.space.genotype import read_genotype
from mlpnas.core.differentiable.search import Epoch, Rule, never

WINDOW, DELAY, RATIO = 5, 4, 1.3


def eigenvalue_grew(epochs: Sequence[Epoch], warm: int = 10) -> int | None:
    """The dominant eigenvalue of the Hessian of the alphas has grown by 30%.

    Compared are its means over 5 evaluations, 4 evaluations apart; the earlier one counts for
    the epoch in its middle, which must lie beyond `warm` epochs, and is the one returned.
    """
    known = [epoch for epoch in epochs if epoch.eigenvalue is not None]
    if len(known) < WINDOW + DELAY:
        return None
    values = np.array([epoch.eigenvalue for epoch in known], float)
    now, before = values[-WINDOW:].mean(), values[-WINDOW - DELAY : -DELAY].mean()
    middle = known[len(known) - DELAY - 1 - WINDOW // 2].number
    return middle if middle > warm and now / before > RATIO else None


def two_skips(epochs: Sequence[Epoch]) -> int | None:
    """The normal cell has two skip connections; the epoch before is returned."""
    if not epochs or read_genotype(str(epochs[-1].architecture))["normal"].skips < 2:
        return None
    return max(epochs[0].number, epochs[-1].number - 1)


def ranking_stable(epochs: Sequence[Epoch], patience: int = 10) -> int | None:
    """On every edge the order of the operations with weights has not changed for long."""
    if len(epochs) <= patience:
        return None
    orders = [_ranking(epoch) for epoch in epochs[-patience - 1 :]]
    return epochs[-1].number if all(order == orders[0] for order in orders) else None


def _ranking(epoch: Epoch) -> tuple[tuple[int, ...], ...]:
    columns = [k for k, name in enumerate(epoch.operations) if "conv" in name]
    rows = np.concatenate([scores[:, columns] for scores in epoch.tables.values()])
    return tuple(map(tuple, np.argsort(-rows, axis=1, kind="stable")))


def after(warm_up: int, rule: Rule) -> Rule:
    """The rule on the epochs in which alphas move: while they rest they tell nothing."""
    return lambda epochs: rule(epochs[warm_up:])


RULES: Mapping[RuleName, Rule] = {
    "never": never, "eigenvalue": eigenvalue_grew, "skips": two_skips,
    "ranking": ranking_stable,
}  # fmt: skip
