"""Found cells as Keras layers, and networks around them.

In reading order:

    recurrent_cell  what all found cells share as Keras layers: weights, masks, configuration
    highway_cell    the recurrent cells of ENAS and DARTS as a Keras layer
    tree_cell       the recurrent cells of Zoph and Le, and NASCell, as a Keras layer
    networks        language models and classifiers around a recurrent cell
"""
