"""Differentiable search: mixtures of all operations, trained by their gradient.

In reading order:

    bilevel     bilevel optimisation of architecture parameters and weights (DARTS)
    relaxation  from architecture parameters to the weights of a mixture of operations
    search      a differentiable search, epoch by epoch, whatever its operations are
    strategy    a differentiable search in the loop of all others: an epoch is a round
"""
