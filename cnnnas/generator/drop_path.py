"""Drop path: in training, whole operations are left out, more of them as training goes on.

Each example loses an operation's output with probability `rate`, and what is kept is divided
by 1 - rate. The rate grows linearly from zero over training, which NASNet's authors found to
help where a constant rate did not.

These layers are ours, so a model that has them is for training only; `for_inference` gives the
same network, with the same weights, made of Keras's own layers.

Source: Zoph et al., "Learning transferable architectures", CVPR 2018 (ScheduledDropPath).
"""

from typing import Any

import keras
from keras import ops

from cnnnas.operations.layers import Layers, Tensor


@keras.saving.register_keras_serializable("cnnnas")
class DropPath(keras.layers.Layer):
    """Drops its input per example.

    Args:
        rate: probability at the end of training, in [0, 1).
        seed: of the random draws.
    """

    def __init__(self, rate: float, seed: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self._draws = keras.random.SeedGenerator(seed)
        self.progress = self.add_weight(
            shape=(), initializer="ones", trainable=False, autocast=False, name="progress"
        )
        self.built = True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training:
            return inputs
        keep = 1.0 - self.rate * self.progress
        shape = (ops.shape(inputs)[0], *([1] * (len(inputs.shape) - 1)))
        kept = keras.random.uniform(shape, seed=self._draws) < keep
        return inputs * ops.cast(kept, inputs.dtype) / ops.cast(keep, inputs.dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


def drop_path(layers: Layers, x: Tensor, rate: float) -> Tensor:
    """The tensor through a `DropPath`, or itself where nothing is dropped."""
    if not rate:
        return x
    name = f"{layers.scope}-drop_path"
    return DropPath(rate, layers.seed_of(name), name=name)(x)


class ScheduledDropPath(keras.callbacks.Callback):
    """Lets every drop path's rate grow linearly, from zero in the first epoch.

    Args:
        epochs: of the whole training.
    """

    def __init__(self, epochs: int):
        super().__init__()
        self._epochs = epochs

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        for layer in self.model.layers:
            if isinstance(layer, DropPath):
                layer.progress.assign(min(1.0, epoch / self._epochs))


def for_inference(model: keras.Model) -> keras.Model:
    """The network without drop path and auxiliary head: an ordinary Keras model of its own.

    It holds a copy of the weights, and loads with Keras alone once saved.
    """
    main = keras.Model(model.inputs[0], model.outputs[0], name=model.name)

    def plain(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, DropPath):
            return keras.layers.Activation("linear", name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    copy = keras.models.clone_model(main, clone_function=plain)
    for layer in main.layers:
        if not isinstance(layer, DropPath):
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    return copy
