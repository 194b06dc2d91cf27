"""Search for recurrent cells, on the core of `mlpnas`.

Each of these imports only those before it:

    names           what spaces are called in settings
    space           what may be searched: cells as nodes, and cells as trees
    recipes         how networks are regularised, trained and rewarded, as data; light to import
    generator       found cells as Keras layers, and networks around them
    strategies      controllers for recurrent cells
    data            from texts and sequences to a Task
    trainer         how language models are trained
    supernet        all cells of a space in one set of weights
    differentiable  DARTS on a text
    run             a search on a text or on sequences, put together from settings
    final           cells trained at length beside LSTM and GRU, tested and written
    report          what was found, as pictures
    kits            what belongs to each space, as a kit beside it
    published       published cells, each in one line
    commands        what each command does; `rnncell.__main__` reads its options
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnncell.final.delivered import LanguageModel, SequenceClassifier


def load_model(path: str) -> Any:
    """Load a saved network whose cells are layers of this package.

    Args:
        path: of a `.keras` file.

    Returns:
        What `keras.models.load_model` gives once these layers are registered.

    Examples:
        >>> import keras, rnncell
        >>> from rnncell.generator.highway_cell import HighwayCell
        >>> cell = HighwayCell(4, "tanh, relu(0)")
        >>> model = keras.Sequential([keras.Input((None, 2)), keras.layers.RNN(cell)])
        >>> model.save("cell.keras")
        >>> rnncell.load_model("cell.keras").output_shape
        (None, 4)
    """
    import keras

    import rnncell.generator.networks  # noqa: F401  (registers the layers)

    return keras.models.load_model(path)


def load(run: Any) -> "LanguageModel | SequenceClassifier":
    """Load a finished run's network: a language model, or a classifier of sequences; see
    `final.delivered`.

    Args:
        run: the run's folder.

    Raises:
        InputError: if the run is not finished, or its files do not belong together.

    Examples:
        >>> import rnncell
        >>> rnncell.load("runs/my-text-0").predict(["the cat sat"]).shape
        (1,)
    """
    from rnncell.final import delivered

    return delivered.load(run)
