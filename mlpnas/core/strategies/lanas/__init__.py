"""LaNAS: a tree learns where the good architectures are; it samples there.

In reading order:

    partition   a tree that cuts a space into regions, better ones to the left
    pool        many architectures at once, with their features as one matrix
    metropolis  a random walk that stays within a region of a partition
    lanas       learn where the good architectures are, sample there
"""
