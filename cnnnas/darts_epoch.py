"""Epoch: what is known of a differentiable search after each pass; what shows a collapse."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cnnnas.cell import SKIP, Cell
from cnnnas.darts import derive
from cnnnas.notation import write_genotype


@dataclass(frozen=True)
class Epoch:
    """One pass over the training rows.

    Attributes:
        number: from 0.
        train_loss, valid_loss: means over the pass, nats.
        accuracy: of the mixture on the validation fold.
        discrete_accuracy: of the genotype alone, with the mixture's weights.
        operations: what the columns of `scores` stand for.
        scores: what derivation ranks, `(edges, operations)` by kind of cell.
        eigenvalue: the dominant one of the alphas' Hessian; None where it was not asked for.
    """

    number: int
    train_loss: float
    valid_loss: float
    accuracy: float
    discrete_accuracy: float
    operations: tuple[str, ...]
    scores: Mapping[str, np.ndarray]
    eigenvalue: float | None = None

    @cached_property
    def cells(self) -> dict[str, Cell]:
        """The genotype's cells."""
        return {k: derive(scores, self.operations) for k, scores in self.scores.items()}

    @property
    def genotype(self) -> str:
        """As published ones are written."""
        return write_genotype(self.cells)

    @property
    def skips(self) -> dict[str, int]:
        """Skip connections per cell; many of them are how DARTS fails."""
        return {
            kind: sum(name == SKIP for halves in cell.nodes for name, _ in halves)
            for kind, cell in self.cells.items()
        }

    @property
    def entropy(self) -> dict[str, float]:
        """Mean entropy of an edge's normalised scores, nats: how undecided the search is."""
        found = {}
        for kind, scores in self.scores.items():
            p = scores / scores.sum(axis=1, keepdims=True)
            found[kind] = float(-(p * np.log(np.maximum(p, 1e-12))).sum(axis=1).mean())
        return found
