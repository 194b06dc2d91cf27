"""Variants of DARTS: how architecture parameters become the weights of mixtures.

Plain DARTS is known to collapse to skip connections: they help a half-trained supernet, and
the softmax makes operations compete. Each cure here is one `Variant`, a value; they differ in
how alphas are weighed, how a mixture is computed, and what derivation ranks.

Sources: Liu et al., ICLR 2019 (DARTS); Xie et al., ICLR 2019 (SNAS); Dong and Yang, CVPR 2019
(GDAS); Xu et al., ICLR 2020 (PC-DARTS); Chu et al., ECCV 2020 (Fair DARTS); Chu et al., ICLR
2021 (DARTS-).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import tensorflow as tf

from cnnnas.differentiable.mixed_operations import (
    AUXILIARY_SKIP,
    CANDIDATES,
    Mix,
    all_operations,
    one_operation,
    some_channels,
)
from cnnnas.names import VariantName
from cnnnas.space.cell import INPUTS
from cnnnas.space.cell_space import DARTS_OPERATIONS
from mlpnas.core.differentiable.relaxation import (
    gumbel_softmax,
    sigmoid,
    softmax,
    straight_through,
)

FAIRNESS = 10.0  # weight of Fair DARTS's penalty

Scores = Callable[[tf.Tensor], tf.Tensor]
# Of alphas, the part of the search that is done, in [0, 1], and a seed, two int32.
Weigh = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Variant:
    """One way to relax the choice of operations.

    Attributes:
        scores: alphas `(edges, columns)` -> what derivation ranks, `(edges, operations)`.
        weigh: alphas, progress and seed -> weights of the mixture `(edges, operations and
            extras)`; None takes the scores.
        mix: how an edge computes its mixture.
        operations: candidates that compete.
        extras: operations in the mixture that are no candidates.
        columns: of the alphas beside one per operation.
        spread: standard deviation of the first alphas.
        single_level: whether weights and alphas learn together, from all training rows.
        penalty: added to the validation loss, given the alphas of all kinds of cells.
        threshold: a score below which derivation leaves an edge out; 0 for none.
        weight_rate, alpha_rate: the learning rates that its authors found, as factors on
            those of DARTS.
        alpha_betas: of the alphas' Adam.
    """

    scores: Scores = softmax
    weigh: Weigh | None = None
    mix: Mix = all_operations
    operations: tuple[str, ...] = CANDIDATES
    extras: tuple[str, ...] = ()
    columns: int = 0
    spread: float = 1e-3
    single_level: bool = False
    penalty: Callable[[tf.Tensor], tf.Tensor] | None = None
    threshold: float = 0.0
    weight_rate: float = 1.0
    alpha_rate: float = 1.0
    alpha_betas: tuple[float, float] = (0.5, 0.999)

    def joined_by(self, more: tuple[str, ...]) -> "Variant":
        """The same with more candidates."""
        return replace(self, operations=(*self.operations, *more))

    def mixture(self, alphas: tf.Tensor, progress: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Weights of the mixture."""
        if self.weigh is None:
            return self.scores(alphas)
        return self.weigh(alphas, progress, seed)


def annealed(high: float, low: float) -> Weigh:
    """A Gumbel softmax whose temperature goes linearly from `high` to `low`."""

    def weigh(alphas: tf.Tensor, progress: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return gumbel_softmax(alphas, high + (low - high) * progress, seed)

    return weigh


def sampled(alphas: tf.Tensor, progress: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """One operation per edge, with a gradient as if there were more."""
    return straight_through(annealed(10.0, 0.1)(alphas, progress, seed))


def with_fading_skip(alphas: tf.Tensor, progress: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The softmax, and a skip outside it whose weight falls from 1 to 0 along a cosine.

    It gives the network the shortcut that it wants early on, so that the skips that compete
    are not preferred for it.
    """
    beta = (1.0 + tf.cos(math.pi * progress)) / 2.0
    return tf.concat([softmax(alphas), tf.fill([alphas.shape[0], 1], beta)], axis=1)


def with_edge_weights(alphas: tf.Tensor) -> tf.Tensor:
    """Softmax over operations, times a softmax over the edges of each node.

    The last column of the alphas is the edge's. A mixture of few channels fluctuates; weights
    of whole edges, which the channels share, steady it.
    """
    into: list[tf.Tensor] = []
    row = 0
    while row < alphas.shape[0]:
        states = INPUTS + len(into)
        into.append(tf.nn.softmax(alphas[row : row + states, -1]))
        row += states
    return softmax(alphas[:, :-1]) * tf.concat(into, axis=0)[:, None]


def fairness_penalty(alphas: tf.Tensor) -> tf.Tensor:
    """-w mean (sigmoid(alpha) - 1/2)^2: least where every operation is in or out. The mean is
    over all alphas of the search."""
    return -FAIRNESS * tf.reduce_mean((sigmoid(alphas) - 0.5) ** 2)


# PC-DARTS's authors have a batch four times that of DARTS, and rates to match; here batches are
# the preset's, and rates DARTS's. How long alphas rest is in `presets`.
VARIANTS: Mapping[VariantName, Variant] = {
    "plain": Variant(),
    "pc": Variant(with_edge_weights, mix=some_channels, columns=1),
    "gdas": Variant(weigh=sampled, mix=one_operation),
    "snas": Variant(weigh=annealed(1.0, 0.03), spread=0.01, single_level=True),
    # Where DARTS has 0.025 and 0.0003, Fair DARTS has 0.005 and 0.003.
    "fair": Variant(
        sigmoid,
        operations=DARTS_OPERATIONS,
        spread=0.0,
        penalty=fairness_penalty,
        threshold=0.85,
        weight_rate=1 / 5,
        alpha_rate=10.0,
        alpha_betas=(0.9, 0.999),
    ),
    "minus": Variant(weigh=with_fading_skip, extras=(AUXILIARY_SKIP,)),
}
