"""How well a text was foreseen: perplexity with intervals, of frequent and of rare tokens."""

from collections.abc import Sequence

import numpy as np

from mlpnas.core.report.quality.intervals import Metric, intervals
from mlpnas.core.report.quality.record import Evaluation, Interval

CONTEXT = 100  # tokens before a block that are read too
BLOCK = 25  # tokens that are drawn together, since neighbours are not independent
FEW = 500
# By rank in the training text: a vocabulary is in the order of frequency.
BANDS = {"100 most frequent": (0, 100), "next 900": (100, 1000), "rarer": (1000, 2**31)}


def judge_text(ids: np.ndarray, nats: np.ndarray, tokens: Sequence[str], of: str) -> Evaluation:
    """What a text says of a language model.

    Args:
        ids: of its tokens, `(n,)`.
        nats: cross-entropy of every token but the first, `(n - 1,)`.
        tokens: the vocabulary, the unknown one first.
        of: which tokens these are, in words.
    """
    read = ids[1:]
    bands = {"all": (0, len(tokens)), **BANDS}
    inside = np.column_stack([(low <= read) & (read < high) for low, high in bands.values()])
    starts = np.arange(0, len(read), BLOCK)
    counts = np.add.reduceat(inside.astype(float), starts)
    sums = np.add.reduceat(inside * nats[:, None], starts)

    def of_band(place: int) -> Metric:
        return lambda truth, p: np.exp(p[:, place].sum() / truth[:, place].sum())

    names = ["perplexity (less is better)", *(f"perplexity of the {b} tokens" for b in BANDS)]
    present = [
        i for i in range(len(names)) if counts[:, i].any() and (not i or len(tokens) > 100)
    ]
    measures = intervals(counts, sums, {names[i]: of_band(i) for i in present})
    return Evaluation(of, len(ids), measures, _conclusions(ids, measures[names[0]], tokens, of))


def _conclusions(
    ids: np.ndarray, found: Interval, tokens: Sequence[str], of: str
) -> tuple[str, ...]:
    told = [
        f"perplexity {found.value:.2f} on {len(ids):,} {of}, 95% interval {found.low:.2f} to "
        f"{found.high:.2f}; a guess among all {len(tokens):,} tokens alike would have "
        f"{len(tokens):,}."
    ]
    if unknown := np.mean(ids == 0):
        told.append(
            f"{unknown:.1%} of them are not in the vocabulary and count as {tokens[0]}, which "
            "is easier to foresee than what they are."
        )
    if len(ids) < FEW:
        told.append(f"{len(ids)} tokens are few: such an interval is itself a guess.")
    return tuple(told)
