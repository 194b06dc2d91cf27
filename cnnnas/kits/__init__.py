"""What belongs to each space, as a kit beside it: see `mlpnas.core.run.kit`.

A new space is a module here and a line in `cnnnas.names`. In reading order:

    shared  weights that the architectures of a space share, and paths that are trained alone
    macro   ENAS's macro space: networks layer by layer
    cells   ENAS's micro space and DARTS's: networks of cells
    zoph    Zoph and Le's space: networks that say of each layer how wide it is
"""
