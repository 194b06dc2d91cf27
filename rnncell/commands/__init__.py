"""What each command of the command line does; `rnncell.__main__` reads its options.

In reading order:

    search  what `rnncell` fills in of search, resume and report
"""
