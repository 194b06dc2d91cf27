"""What may be searched: cells as nodes, and cells as trees.

In reading order:

    activations  the activations of recurrent cells, as names and as run-time data
    genotype     cells as DARTS prints them
    enas_space   recurrent cells as trees of nodes, each with an activation
    tree         a cell as a complete binary tree with an injected memory
    tree_space   the trees that Zoph and Le searched, see `tree`
"""
