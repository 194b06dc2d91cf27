"""What each command of the command line does; `cnnnas.__main__` reads its options.

In reading order:

    search  what `cnnnas` fills in of search, resume and report
"""
