"""What networks are built of, written once for all that compute with it.

An operation is a function on `Layers`. Three implementations of these follow: Keras models
(`generator.keras_layers`), shared weights (`supernet.bank_layers`), and the mixtures of a
differentiable search (`differentiable.search_layers`).

In reading order:

    layers      the parts of a network, each named by its place
    vocabulary  the operations by the names that genotypes use, and those of other packages
"""
