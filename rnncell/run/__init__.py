"""A search on a text or on sequences, put together from settings.

In reading order:

    presets   sizes and durations that belong together, as data
    settings  what decides which trials a run makes
    source    the text or the sequences that settings name
    run       how such a search trains, and the run that it makes of its settings
"""
