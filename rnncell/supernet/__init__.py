"""All cells of a space in one set of weights.

In reading order:

    language       what language models with shared weights have in common
    shared_cell    all cells of an ENAS space in one set of weights and one compiled graph
    shared_model   token vectors around a `SharedCell`, with its compiled steps
    text_supernet  the shared weights of all cells of a space, learning from a text
"""
