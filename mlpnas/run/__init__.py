"""A search on a table, put together from settings.

In reading order:

    record    what a run on a table leaves besides what every run does, as it is read back
    settings  what decides which trials a run makes
    run       the pieces of a search on one table, put together from settings; and continued
"""
