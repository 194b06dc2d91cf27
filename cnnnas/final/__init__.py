"""After the search: networks trained at length, and written.

In reading order:

    export     raw pixels in, probabilities out, with Keras alone
    retrain    the networks trained at length, tested once, the first delivered
    delivered  a finished run in use: its delivered network, asked about images
"""
