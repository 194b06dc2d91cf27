"""One set of weights for all architectures of a space.

In reading order:

    computed_layers      the parts of a network, computed at once with arrays by name
    bank_layers          the same with rows of shared weights
    weight_bank          the shared weights of a supernet
    image_supernet       trains shared weights on images, and scores architectures with them
    macro_network        every layer of a macro network with every operation's weights
    micro_network        every edge of ENAS cells with every operation's weights
    stand_alone_trainer  one architecture alone, trained in the compiled step of a supernet
"""
