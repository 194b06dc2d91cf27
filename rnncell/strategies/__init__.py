"""Controllers for recurrent cells.

In reading order:

    enas  ENAS's controllers, as data: the authors' second program and the paper
"""
