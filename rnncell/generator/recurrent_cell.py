"""RecurrentCell: what all found cells share as Keras layers: weights, masks, configuration."""

from abc import abstractmethod
from typing import Any

import keras
import numpy as np

# Keras resets the masks of cells of this class before each sequence; it has no public name.
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell


class RecurrentCell(DropoutRNNCell, keras.layers.Layer):
    """A cell for `keras.layers.RNN`, like `LSTMCell`; subclasses are final.

    Args:
        units: size of the output, at least 1.
        cell: what was found, as its space writes it.
        dropout: rate on the input, one mask per sequence.
        recurrent_dropout: rate on the states, one mask per sequence.
        kernel_initializer, kernel_regularizer: of all matrices.
        seed: of initial weights and masks; None draws one.

    Attributes:
        state_size: of each state, as `keras.layers.RNN` asks for it.
        output_size: `units`.
    """

    state_size: int | list[int]

    def __init__(
        self,
        units: int,
        cell: str,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.units, self.cell, self.seed = units, cell, seed
        self.output_size = units
        self.dropout, self.recurrent_dropout = dropout, recurrent_dropout
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.seed_generator = keras.random.SeedGenerator(seed)

    @abstractmethod
    def call(self, inputs: Any, states: list, training: bool = False) -> tuple[Any, list]:
        """One step: `(batch, inputs)` and the states, to the output and the new states."""

    def kernel_weight(self, name: str, shape: tuple[int, int]) -> Any:
        """A trained matrix; each name has initial values of its own."""
        config = self.kernel_initializer.get_config()
        if self.seed is not None and config.get("seed", 0) is None:
            # An initializer gives equal matrices of equal shape: every one needs its seed.
            own = np.random.SeedSequence([self.seed, *name.encode()])
            config["seed"] = int(own.generate_state(1)[0] >> 1)
        initializer = type(self.kernel_initializer).from_config(config)
        return self.add_weight(
            shape=shape, initializer=initializer, regularizer=self.kernel_regularizer, name=name
        )

    def masked_input(self, inputs: Any, training: bool) -> Any:
        """The input after dropout."""
        mask = self.get_dropout_mask(inputs) if training else None
        return inputs if mask is None else inputs * mask

    def masked_state(self, state: Any, training: bool) -> Any:
        """A state of `units` after recurrent dropout."""
        mask = self.get_recurrent_dropout_mask(state) if training else None
        return state if mask is None else state * mask

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes an equal cell of."""
        return {
            **super().get_config(),
            "units": self.units,
            "cell": self.cell,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }


def function(name: str) -> Any:
    """Keras's function of an activation's name."""
    return keras.activations.get("linear" if name == "identity" else name)
