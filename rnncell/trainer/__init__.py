"""How language models are trained.

In reading order:

    text_trainer  fits a language model by truncated back-propagation with carried states
"""
