"""Augmentation: crop, flip and cutout, on batches, inside a TensorFlow graph.

Every image gets draws of its own, from a seed that the caller gives: equal seeds, equal
images, whatever runs beside. Holes are 0, which after standardisation is the mean colour, and
so is the padding unless it mirrors the image. Cutout: DeVries and Taylor, arXiv 1708.04552.
"""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

Tensor = Any


@dataclass(frozen=True)
class Augmentation:
    """How training images are varied.

    Attributes:
        crop: pixels of padding on each side, out of which an image of the former size is cut.
        flip: whether half of the images are mirrored left to right.
        cutout: side of a square that is blotted out, its centre anywhere in the image; 0 for
            none.
        mirrored: whether the padding mirrors the image, or is 0.
    """

    crop: int = 4
    flip: bool = True
    cutout: int = 0
    mirrored: bool = False

    def __call__(self, images: Tensor, seed: Tensor) -> Tensor:
        """Varied images.

        Args:
            images: `(rows, height, width, channels)`; all but the rows known when traced.
            seed: two int32.

        Returns:
            Of the same shape, which is known as well as it was.
        """
        crop, flip, cutout = tf.unstack(tf.random.split(seed, 3))
        if self.crop:
            images = _cropped(images, self.crop, crop, self.mirrored)
        if self.flip:
            images = _flipped(images, flip)
        if self.cutout:
            images = _cut_out(images, self.cutout, cutout)
        return images


def _cropped(images: Tensor, pad: int, seed: Tensor, mirrored: bool) -> Tensor:
    """Pads, and cuts each image out at a place of its own: first its rows, then its columns."""
    rows, (height, width) = tf.shape(images)[0], images.shape[1:3]
    starts = tf.random.stateless_uniform((2, rows, 1), seed, 0, 2 * pad + 1, tf.int32)
    edges = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
    padded = tf.pad(images, edges, "REFLECT" if mirrored else "CONSTANT")
    cut = tf.gather(padded, starts[0] + tf.range(height), axis=1, batch_dims=1)
    return tf.gather(cut, starts[1] + tf.range(width), axis=2, batch_dims=1)


def _flipped(images: Tensor, seed: Tensor) -> Tensor:
    coins = tf.random.stateless_uniform((tf.shape(images)[0], 1, 1, 1), seed)
    return tf.where(coins < 0.5, images[:, :, ::-1], images)


def _cut_out(images: Tensor, side: int, seed: Tensor) -> Tensor:
    """The square may reach over the image's edge, and is smaller then."""
    rows, (height, width) = tf.shape(images)[0], images.shape[1:3]
    places = tf.random.stateless_uniform((2, rows, 1), seed)
    down = _covered(places[0], height, side)[:, :, None]
    across = _covered(places[1], width, side)[:, None, :]
    return tf.where((down & across)[..., None], 0.0, images)


def _covered(places: Tensor, length: int, side: int) -> Tensor:
    """Which of `length` pixels lie in the square along one axis, `(rows, length)`."""
    first = tf.cast(places * length, tf.int32) - side // 2
    pixels = tf.range(length)
    return (pixels >= first) & (pixels < first + side)
