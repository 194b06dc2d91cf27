"""GradientSearch: a differentiable search, epoch by epoch, whatever its operations are.

A supernet runs all candidates of every edge at once, mixed by architecture parameters. One
pass over the training data moves its weights and these parameters in turns (`bilevel`);
then an architecture is read off: the strongest edges with their strongest operations. What is
lost on the way from the mixture to that architecture foretells how badly it retrains.

Source: Liu, Simonyan and Yang, "DARTS: differentiable architecture search", ICLR 2019.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from mlpnas.core.space.search_space import Architecture, SearchSpace

log = logging.getLogger(__name__)

# What derivation ranks: by kind of cell a table `(edges, operations)`.
Tables = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        number: from 0.
        train_loss, valid_loss: means over the pass, nats; the latter is None if the alphas
            rested, and so no validation batch was read.
        mixed: score of the mixture on validation data.
        architecture: what was read off.
        operations: what the columns of the tables stand for.
        tables: what it was read off from.
        eigenvalue: the dominant one of the Hessian of the architecture parameters; None where
            it was not asked for.
    """

    number: int
    train_loss: float
    valid_loss: float | None
    mixed: float
    architecture: Architecture
    operations: tuple[str, ...]
    tables: Tables
    eigenvalue: float | None = None

    @property
    def entropy(self) -> dict[str, float]:
        """Mean entropy of an edge's normalised row, nats: how undecided the search is."""
        found = {}
        for kind, table in self.tables.items():
            p = table / table.sum(axis=1, keepdims=True)
            found[kind] = float(-(p * np.log(np.maximum(p, 1e-12))).sum(axis=1).mean())
        return found


# Looks at the epochs so far; names the epoch to return to if the search is to end, or None.
Rule = Callable[[Sequence[Epoch]], int | None]


def never(epochs: Sequence[Epoch]) -> int | None:
    """Plain DARTS takes the last epoch."""
    return None


class DifferentiableSupernet(Protocol):
    """A supernet of mixed operations with the data it learns from."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The candidates of an edge, as the columns of its tables."""
        ...

    @property
    def edges(self) -> Sequence[tuple[int, int]]:
        """`(state, node)` of every row of its tables."""
        ...

    @property
    def space(self) -> SearchSpace:
        """Of the architectures that are read off."""
        ...

    def train(self, number: int) -> tuple[float, float | None]:
        """Pass number `number` over the training data; mean losses of the training and the
        validation batches, if any were read. The same number means the same batches."""
        ...

    def tables(self) -> dict[str, np.ndarray]:
        """What derivation ranks now; NaN if anything is no longer finite."""
        ...

    def derive(self, tables: Tables) -> Architecture:
        """The architecture that tables stand for."""
        ...

    def score(self) -> float:
        """Of the mixture on validation data that are always the same."""
        ...

    def validate(self, architectures: Sequence[Architecture]) -> list[float]:
        """Of each architecture on the same data, with the mixture's weights."""
        ...

    def parameters(self, architecture: Architecture) -> int:
        """How many of the shared weights the architecture uses."""
        ...

    def variables(self) -> Sequence[Any]:
        """All that is learned, in an order that stays."""
        ...


class GradientSearch:
    """A search whose choice is learned by gradient descent.

    Args:
        supernet: what is mixed, and its data.
        epochs: passes over the training data.
        rule: when to end early, and with which epoch.
        curvature: the dominant eigenvalue after the epoch of a number, or None.

    Attributes:
        space: of the architectures.
        epochs: those that are done.
        latest: what the last `advance` gave.
    """

    def __init__(
        self, supernet: DifferentiableSupernet, epochs: int, rule: Rule = never,
        curvature: Callable[[int], float | None] = lambda number: None,
    ):  # fmt: skip
        self.supernet, self.space, self._planned = supernet, supernet.space, epochs
        self._rule, self._curvature = rule, curvature
        self.epochs: list[Epoch] = []
        self.latest: Epoch | None = None
        self._diverged = False

    def run(self) -> Iterator[Epoch]:
        """Epochs as they finish; afterwards `chosen` is the one to take."""
        while (epoch := self.advance()) is not None:
            yield epoch

    def advance(self) -> Epoch | None:
        """The next epoch; None if the search is over.

        It is over after the last epoch; or because the rule says so; or if anything is no
        longer a finite number: then the last good architecture stays chosen.
        """
        self.latest = self._trained()
        if self.latest is not None:
            self.epochs.append(self.latest)
        return self.latest

    def _trained(self) -> Epoch | None:
        number = len(self.epochs)
        if self._diverged or number >= self._planned or self._rule(self.epochs) is not None:
            return None
        losses = self.supernet.train(number)
        tables = self.supernet.tables()
        known = [loss for loss in losses if loss is not None]
        if not all(np.isfinite(part).all() for part in (np.array(known), *tables.values())):
            log.warning(
                "the search diverged in epoch %d (losses %s); it ends with the architecture of "
                "the epoch before: try a lower learning rate", number, losses,
            )  # fmt: skip
            self._diverged = True
            return None
        supernet, found = self.supernet, self.supernet.derive(tables)
        return Epoch(
            number, *losses, supernet.score(), found, supernet.operations, tables,
            self._curvature(number),
        )  # fmt: skip

    @property
    def chosen(self) -> Epoch | None:
        """The epoch whose architecture is the result, so far; None before the first."""
        if not self.epochs:
            return None
        back = self._rule(self.epochs)
        return self.epochs[-1 if back is None else back]

    def validate(self, architectures: Sequence[Architecture]) -> list[float]:
        """Score each architecture on fixed validation data, with the mixture's weights."""
        return self.supernet.validate(architectures)

    def parameters(self, architecture: Architecture) -> int:
        """Count the shared weights that the architecture uses."""
        return self.supernet.parameters(architecture)

    def state(self) -> dict[str, np.ndarray]:
        """Return all that was learned, as arrays."""
        learned = {f"variable/{i}": v.numpy() for i, v in enumerate(self.supernet.variables())}
        told: list[dict[str, Any]] = []
        tables: dict[str, np.ndarray] = {}
        for i, epoch in enumerate(self.epochs):
            plain = asdict(epoch)
            found = plain.pop("tables")
            tables |= {f"epoch/{i}/{kind}": table for kind, table in found.items()}
            told.append({**plain, "architecture": list(epoch.architecture.tokens)})
        return {**learned, **tables, "epochs": np.array(json.dumps(told))}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Inverse of `state`, for a search made with the same arguments."""
        for i, variable in enumerate(self.supernet.variables()):
            variable.assign(state[f"variable/{i}"])
        self.epochs = [self._told(plain, state) for plain in json.loads(str(state["epochs"]))]

    def _told(self, plain: dict[str, Any], state: Mapping[str, np.ndarray]) -> Epoch:
        start = f"epoch/{plain['number']}/"
        own = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
        found = self.space.architecture(plain["architecture"])
        operations = tuple(plain["operations"])
        return Epoch(
            **{**plain, "architecture": found, "operations": operations, "tables": own}
        )
