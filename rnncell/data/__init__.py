"""From texts and sequences to a Task.

In reading order:

    text       a text becomes a Task: predict the next word, or the next character
    sequences  sequences to classify, from an `.npz` file, become a Task
"""
