"""What all command lines share.

In reading order:

    command_line  what all command lines share: durations, mistakes told in one line, Ctrl-C
    display       what a user sees while a search runs
    conduct       a search in the terminal: shown, stopped by Ctrl-C or the clock, finished
"""
