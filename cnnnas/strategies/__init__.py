"""Controllers for convolutional networks.

In reading order:

    depth_schedule  a controller that begins with shallow networks and goes on to deeper ones
    enas            ENAS's controllers, as data: the authors' program and the paper
"""
