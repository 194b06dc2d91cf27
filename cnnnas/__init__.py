"""Neural architecture search for convolutional networks, on the core of `mlpnas`.

Each of these imports only those before it:

    names           what spaces, variants and rules are called in settings
    operations      what networks are built of, written once for all that compute with it
    space           what may be searched: cells, and networks layer by layer
    generator       from architectures to Keras models
    strategies      controllers for convolutional networks
    supernet        one set of weights for all architectures of a space
    trainer         how convolutional networks are trained
    differentiable  DARTS and its variants on images
    data            from images as people have them to a Task
    run             a search on images, put together from settings
    baselines       what a user would have tried otherwise: a plain network of the same size
    final           networks trained at length, tested and written
    report          what was found, as pictures
    kits            what belongs to each space, as a kit beside it
    published       published architectures as data, each with the line that builds it
    commands        what each command does; `cnnnas.__main__` reads its options
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnnas.final.delivered import DeliveredNetwork


def load(run: Any) -> "DeliveredNetwork":
    """Load a finished run's network, which predicts from images; see `final.delivered`.

    Args:
        run: the run's folder.

    Raises:
        InputError: if the run is not finished, or its files do not belong together.

    Examples:
        >>> import cnnnas
        >>> cnnnas.load("runs/flowers-0").classes_.tolist()
        ['bright', 'dark']
    """
    from cnnnas.final import delivered

    return delivered.load(run)
