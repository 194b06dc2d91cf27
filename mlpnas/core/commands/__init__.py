"""What all command lines share.

In reading order:

    command_line  what all command lines share: durations, mistakes told in one line, Ctrl-C
    options       options with the same words, defaults and panels everywhere
    display       what a user sees while a search runs
    conduct       a search in the terminal: shown, stopped by Ctrl-C or the clock, finished
    program       what a package fills in of search, resume and report, and these commands
    finish        after a search over a kit's space: retrained, tested, delivered
    kit_program   the program of a package whose spaces have kits
    predict       a CSV of predictions, which never takes another file's place
    evaluate      a finished run's model judged, printed, kept, drawn
"""
