"""What may be built: sequences of decisions, and how cells are written.

In reading order:

    search_space  an architecture is the outcome of a sequence of decisions
    masks         what is open at each decision, as tables that the tokens so far drive
    genotype      cells as DARTS prints them
"""
