"""A search on images, put together from settings.

In reading order:

    presets   sizes and durations that belong together, as data
    record    what run.json of a search on images holds besides what every run.json does
    settings  what decides which trials a run makes
    factory   what belongs to each space: its generator, controller and shared weights
    spaces    the space that a run's settings name
    run       the pieces of a search on images, put together from settings; and continued
"""
