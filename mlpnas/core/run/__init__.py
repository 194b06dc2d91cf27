"""A search kept in a folder, which can be stopped at any moment and goes on.

In reading order:

    files            how files are written so that a kill never leaves half of one
    schema           what stands in a file, held against a dataclass when it is read
    budget           how long a search is
    settings         settings: frozen dataclasses, written to JSON, read back and compared
    kit              what belongs to a space, as one value beside it
    search_settings  what the settings of every search over kits have
    workers          where children are trained
    record           run.json as it is read back
    checkpoint       what a search has learned by the end of a round, on the disk
    journal          reads a journal back, every line checked
    folder           what a run leaves on the disk, and the lock of the one who writes
    delivery         the delivered file is the scored network, or it is not written
    clock            when a search has to stop
    policy_record    what a strategy's policy was after each round, for whoever draws it later
    event_log        a search's trials as scalars that TensorBoard shows
    session          a search kept in a folder, which can be stopped, and goes on
    run              a search over a kit's space, put together from its settings
"""
