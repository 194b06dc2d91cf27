"""A second classifier, halfway up a supernet, which helps the lower cells to learn.

It is left out when architectures are scored. Source: Szegedy et al., "Going deeper with
convolutions", CVPR 2015; in this form in NASNet and in the program that the authors of ENAS
released, which never trains it: its weights are missing from the list of those that the
optimizer changes. Here they learn.
"""

import tensorflow as tf

from cnnnas.supernet.weight_bank import Tensor, WeightBank, classify, convolve, normalise

WIDTHS = (128, 768)


class Auxiliary:
    """An average pool of up to 5 by 5, two convolutions, a classifier.

    Args:
        bank: takes the weights in.
        image: height and width of the images, before two reductions.
        channels: of what it reads.
        classes: how many logits.
    """

    def __init__(self, bank: WeightBank, image: tuple[int, int], channels: int, classes: int):
        height, width = (-(-side // 4) for side in image)
        first, second = WIDTHS
        self._pool = min(5, height, width)
        places = [(side - self._pool) // 3 + 1 for side in (height, width)]
        self._first = bank.kernel("auxiliary/first", 1, 1, channels, first)
        self._first_norm = bank.norm("auxiliary/first/norm", first)
        self._second = bank.kernel("auxiliary/second", *places, first, second)
        self._second_norm = bank.norm("auxiliary/second/norm", second)
        self._head = bank.kernel("auxiliary/head", 1, 1, second, classes)

    def __call__(self, x: Tensor) -> Tensor:
        """Logits `(rows, classes)`."""
        x = tf.nn.avg_pool2d(tf.nn.relu(x), self._pool, 3, "VALID")
        x = tf.nn.relu(normalise(convolve(x, self._first), self._first_norm))
        x = tf.nn.relu(normalise(convolve(x, self._second), self._second_norm))
        return classify(x, self._head[0, 0], 1.0, None)
