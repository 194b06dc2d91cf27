"""What belongs to each space, as a kit beside it: see `mlpnas.core.run.kit`.

A new space is a module here and a line in `rnncell.names`. In reading order:

    around  networks around the cells of a space, as settings want them
    nodes   ENAS's cells, with shared weights, and DARTS's, with a gradient
    trees   Zoph and Le's trees
"""
