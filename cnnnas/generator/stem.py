"""The first layers of networks for small images, and which images they take."""

from collections.abc import Sequence

from cnnnas.operations.layers import Layers, Tensor
from mlpnas.core.errors import InputError


def check_image(shape: Sequence[int], halvings: int) -> None:
    """Refuse images that would be smaller than 2 x 2 at the end."""
    least = 2 ** (halvings + 1)
    if len(shape) != 3 or min(shape[:2]) < least:
        raise InputError(
            f"images of shape {tuple(shape)} cannot be halved {halvings} times; expected "
            f"(height, width, channels) with at least {least} x {least} pixels"
        )


def small_stem(layers: Layers, images: Tensor, channels: int) -> Tensor:
    """A 3x3 convolution, normalised."""
    here = layers.at("stem")
    return here.norm(here.convolution(images, channels, 3))
