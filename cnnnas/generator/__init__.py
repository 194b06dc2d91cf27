"""From architectures to Keras models.

In reading order:

    keras_layers        the parts of a network as Keras's own layers
    drop_path           in training, whole operations are left out, more of them later
    conventions         what the publications do differently around the same cells
    precision           networks that compute in bfloat16, their weights in float32
    stem                the first layers for small images, and which images they take
    cell_networks       networks of cells for small images, as DARTS and ENAS stack them
    cell_generator      from an architecture of a `CellSpace` to a Keras model
    auxiliary_training  cells trained with an auxiliary head and drop path
    macro_generator     from a macro architecture to the Keras model that is trained at length
    nasnet              networks of cells as NASNet and PNAS stack them
    zoph_generator      from the layers of a `ZophSpace` to a Keras model, by three repair rules
"""
