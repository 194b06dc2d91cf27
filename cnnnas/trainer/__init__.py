"""How convolutional networks are trained.

In reading order:

    augmentation  crop, flip and cutout, on batches, inside a TensorFlow graph
    training      Nesterov momentum down a cosine, images varied
"""
