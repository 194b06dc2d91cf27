"""How convolutional networks are trained.

In reading order:

    recipe        how a network is trained at length, as data
    augmentation  crop, flip and cutout, on batches, inside a TensorFlow graph
    training      Nesterov momentum down a cosine, images varied
    cycle         at length: one cycle of the learning rate while the images grow
"""
