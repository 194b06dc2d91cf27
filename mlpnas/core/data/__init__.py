"""What holds of data of any kind: arrays, numbers, names of folds, measures.

In reading order:

    arrays      arrays of an npz file, read without trust
    fold_names  how people call training, validation and test data
    measure     what people judge networks by, and what a search score has to do with it
    rounding    what float32 makes of numbers, as TensorFlow computes with them
    rows        rows of numbers and their labels: what can be learned from
"""
