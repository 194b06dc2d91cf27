"""best.keras: raw sequences in, probabilities out; or token ids in, logits out.

A language model takes token ids `(batch, steps)`, in the order of the classes in run.json,
and gives logits `(batch, steps, tokens)`. A classifier takes a dict of `steps`, `(batch,
steps, features)` in the user's unit, and `length`, how many steps of each sequence are real,
`(batch,)`; it gives probabilities `(batch, classes)`.

The cell is a layer of this package: `rnncell.load_model` makes it known to Keras.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from mlpnas.core.run.delivery import standardised
from rnncell.data.text import Text


def raw_model(network: keras.Model, text: Text) -> keras.Model:
    """The network with what its data went through before it.

    Args:
        network: takes token ids, or marked sequences as `sequences` makes them.
        text: says what the sequences were standardised by.
    """
    if text.raw is None:
        return network
    steps = keras.Input((None, len(text.raw.center)), name="steps")
    length = keras.Input((), dtype="int32", name="length")
    marked = _marked(steps, length, text.raw.center, text.raw.scale)
    return keras.Model([steps, length], network(marked), name="raw")


def _marked(steps: Any, length: Any, center: np.ndarray, scale: np.ndarray) -> Any:
    """Standardised real steps with a feature that is 1; all others are zeros."""
    place = ops.cumsum(ops.ones_like(steps[..., :1]), axis=1)
    real = place <= ops.cast(ops.reshape(length, (-1, 1, 1)), "float32")
    scaled = ops.where(real, standardised(steps, center, scale), 0.0)
    return ops.concatenate([scaled, ops.cast(real, "float32")], axis=-1)
