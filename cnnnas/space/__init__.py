"""What may be searched: cells, and networks layer by layer.

In reading order:

    cell         the wiring of a convolutional cell, as data
    genotype     how cells are written: the genotype of DARTS and the arc string of ENAS
    cell_space   the cells that NASNet, ENAS, PNAS and DARTS search for, by their parameters
    macro_space  a whole network, layer by layer, with skip connections
    zoph_space   convolutional networks layer by layer, with skip connections
"""
