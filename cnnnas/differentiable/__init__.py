"""DARTS and its variants on images.

In reading order:

    search_layers     the parts of a supernet, computed with the variables of a `Store`
    mixed_operations  mixed operations: what a supernet computes on one edge of a cell
    mixed_network     DARTS's supernet, and the genotype that is cut out of it
    stopping          when to stop a differentiable search, and which epoch's genotype to take
    variants          variants of DARTS: from architecture parameters to weights of mixtures
    image_darts       a mixed network, and the images that it and its alphas learn from
"""
