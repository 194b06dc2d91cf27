"""Masks: what is open at each decision, as tables that the tokens so far drive.

A walk is in one of a few states before each decision. The state says which options are open;
with the token that is taken it decides the state before the next decision. So whoever takes
many walks at once, as the controller does in one compiled call, looks legality up in arrays
instead of asking the space about every prefix.
"""

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from mlpnas.core.space.search_space import SearchSpace, Tokens


class Mask(NamedTuple):
    """The tables of one decision with O options, before which a walk is in one of S states.

    Attributes:
        opened: bool `(S, O)`, which options may be taken.
        ends: bool `(S, O)`, whether the walk is complete with this token.
        after: int32 `(S, O)`, the state before the next decision; 0 where there is none.
    """

    opened: np.ndarray
    ends: np.ndarray
    after: np.ndarray


def masks(space: SearchSpace) -> tuple[Mask, ...]:
    """Of every decision its mask; before the first a walk is in state 0.

    For every state one prefix is asked for what follows, see `SearchSpace.state`.
    """
    prefixes: list[Tokens] = [()]
    found = []
    for decision in space.decisions:
        mask, prefixes = _step(space, prefixes, len(decision.options))
        found.append(mask)
    return tuple(found)


def _step(
    space: SearchSpace, prefixes: list[Tokens], options: int
) -> tuple[Mask, list[Tokens]]:
    """One decision's mask, given a prefix for each state; and a prefix for each state after."""
    shape = len(prefixes), options
    mask = Mask(np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape, np.int32))
    numbers: dict[Hashable, int] = {}
    onward: list[Tokens] = []
    for row, prefix in enumerate(prefixes):
        for token in space.legal(prefix):
            walk = (*prefix, token)
            mask.opened[row, token] = True
            if not space.legal(walk):
                mask.ends[row, token] = True
                continue
            mask.after[row, token] = numbers.setdefault(space.state(walk), len(onward))
            if len(numbers) > len(onward):
                onward.append(walk)
    return mask, onward
