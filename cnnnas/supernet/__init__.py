"""One set of weights for all architectures of a space.

In reading order:

    weight_bank          the shared weights of a supernet, and the few operations that use them
    auxiliary            a second classifier, halfway up a supernet
    image_supernet       trains shared weights on images, and scores architectures with them
    macro_network        every layer of a macro network with every operation's weights
    micro_network        every edge of ENAS cells with every operation's weights
    stand_alone_models   one path through a supernet as an ordinary Keras model
    stand_alone_trainer  one architecture alone, trained in the compiled step of a supernet
"""
