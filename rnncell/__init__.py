"""Search for recurrent cells, on the core of `mlpnas`.

Reading order:

    activations, genotype, enas_space, tree, tree_space    what is searched
    recurrent_cell, highway_cell, tree_cell      found cells as Keras layers
    published                                    found cells of the literature
    text, sequences                              data becomes a Task
    recipes, networks, text_trainer              language models and classifiers, trained
    language                                     what models with shared weights have in common
    shared_cell, shared_model, supernet, enas    all cells in one set of weights
    mixed_cell, text_mixture                     all cells at once, chosen by their gradient
    export, presets, settings, spaces, run, record, final   a search, put together
"""

from typing import Any


def load_model(path: str) -> Any:
    """A saved network with found cells, as `keras.models.load_model` gives it once it has
    been told of our layers.

    Args:
        path: of a `.keras` file.
    """
    import keras

    import rnncell.networks  # noqa: F401  (registers the layers)

    return keras.models.load_model(path)
