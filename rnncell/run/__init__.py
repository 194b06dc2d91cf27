"""A search on a text or on sequences, put together from settings.

In reading order:

    presets   sizes and durations that belong together, as data
    record    what run.json of a search on a text or sequences holds besides what every run.json
              does
    settings  what decides which trials a run makes
    spaces    the space that a run's settings name
    run       the pieces of a search on a text or on sequences, put together; and continued
"""
