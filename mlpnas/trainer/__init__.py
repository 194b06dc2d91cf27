"""Perceptrons trained without Keras and without a trace per child.

In reading order:

    activations  activations in a compiled chain: forward and backward
    chain        one training step of a chain of dense layers, whose shapes are data
    compiled     the whole training of a network in one graph
    mlp_trainer  trains multi-layer perceptrons without Keras and without tracing per child
"""
