"""What can go wrong on the user's side, as exceptions.

A message answers three questions, with the offending value: what happened, what was
expected, how to mend it. The command line prints it on one line and exits with status 2.
"""


class InputError(ValueError):
    """Something the user gave (file, column, option, architecture) cannot be used."""


class ExhaustedError(Exception):
    """The search space holds no architecture that has not been proposed already."""
