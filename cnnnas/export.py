"""best.keras: raw pixels in, probabilities out, with Keras alone."""

import keras
from keras import layers

from cnnnas.images import Images


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
    variance = (images.deviation.astype(float) ** 2).tolist()
    x = layers.Normalization(mean=images.mean.tolist(), variance=variance)(x)
    return keras.Model(pixels, network(x), name="raw")
