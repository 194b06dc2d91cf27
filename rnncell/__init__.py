"""Search for recurrent cells, on the core of `mlpnas`.

Reading order:

    activations, enas_space, tree, tree_space    what is searched
    recurrent_cell, highway_cell, tree_cell      found cells as Keras layers
    published                                    found cells of the literature
    text, sequences                              data becomes a Task
    recipes, networks, text_trainer              language models and classifiers, trained
    shared_cell, shared_model, supernet, enas    all cells in one set of weights
    presets, settings, spaces, run, final        a search, put together
"""
