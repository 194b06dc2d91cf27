"""What each command of the command line does; `rnncell.__main__` reads its options.

In reading order:

    search  a text or sequences in, a searched and retrained network out
    resume  a search that was interrupted goes on as if it had not been
    report  what a run found, as text or as one HTML file
"""
