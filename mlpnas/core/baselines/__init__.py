"""What stands beside a search, and what may be concluded from it.

In reading order:

    rank_correlation  whether two scores put architectures in the same order
    comparison        a search's choice, random architectures, how far scores agree
    beside            what a run found, and the random architectures beside it
    step_time         how long training steps of several networks take, measured side by side
"""
