"""A search on a table, put together from settings.

In reading order:

    record    what a run on a table leaves besides what every run does, as it is read back
    settings  what decides which trials a run makes
    table     the table that settings name, and its test rows as they stand in the user's file
    run       the pieces of a search on one table, put together from settings; and continued
"""
