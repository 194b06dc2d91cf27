"""best.keras: raw pixels in, probabilities out, with Keras alone."""

from pathlib import Path

import keras
from keras import layers

from cnnnas.data.images import Images
from mlpnas.core.run.delivery import Probe, deliver, standardised


def export(network: keras.Model, images: Images, path: Path) -> Path:
    """Write the raw model of a network, checked on the images that were kept.

    Args:
        network: what was scored.
        images: what it was scored on.
        path: ends in `.keras`.

    Raises:
        InputError: if the file is not the scored network, see `delivery.deliver`.
    """
    scored = network.predict(images.task.valid.x[: len(images.kept)], verbose=0)
    probe = Probe(images.kept, scored)
    return deliver(raw_model(network, images), path, probe, without="cnnnas")


def raw_model(network: keras.Model, images: Images) -> keras.Model:
    """The network with the standardisation of its training images before it.

    Args:
        network: takes standardised images with channels, see `Images.task`.
        images: hold mean and deviation, in the user's unit; need no rows.

    Returns:
        A model of images as the user has them, whole or floating-point numbers, of
        `images.shape` each; it gives `(rows, classes)` in the order of `task.classes`.
    """
    pixels = keras.Input(images.shape, name="pixels")
    x = pixels
    if len(images.shape) == 2:
        x = layers.Reshape((*images.shape, 1))(x)
    x = standardised(x, images.mean, images.deviation)
    return keras.Model(pixels, network(x), name="raw")
