"""Mixed precision: networks that compute in bfloat16 while their weights stay in float32.

bfloat16 has the range of float32 with fewer digits. So small gradients do not vanish, and the
loss need not be scaled, which float16 would want; and every processor computes it, if slowly.
What decides, the head and the loss, stays in float32.

Source: Micikevicius et al., "Mixed precision training", ICLR 2018.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from mlpnas.core.generator import Generator, Shapes
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.task import Task


class MixedPrecision(Generator):
    """Builds another generator's networks to train in mixed precision.

    The weights fit the networks that the other one builds, which compute in float32: these are
    what is tested and saved.

    Args:
        generator: the other one.
    """

    def __init__(self, generator: Generator):
        self._generator = generator

    def build(self, architecture: Architecture, task: Task, seed: int = 0) -> keras.Model:
        """See `Generator`."""
        with _policy("mixed_bfloat16"):
            return self._generator.build(architecture, task, seed)

    def weight_shapes(self, architecture: Architecture, task: Task) -> Shapes:
        """The same."""
        return self._generator.weight_shapes(architecture, task)


@contextmanager
def _policy(name: str) -> Iterator[None]:
    """Layers made meanwhile have the policy of that name, unless they name their own."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
