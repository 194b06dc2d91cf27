"""DARTS on a text.

In reading order:

    mixed_cell  a recurrent cell in which every node reads all earlier ones in all ways at once
    text_darts  a language model around a mixed cell, and the texts it learns from
"""
