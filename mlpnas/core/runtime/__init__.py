"""What the machine and the environment give.

In reading order:

    capacity  what this machine has room for, arrays and processes that train
    plugins   parts from outside the package, named as `package.module:Class` on a command line
    start     how TensorFlow is started and set up
"""
