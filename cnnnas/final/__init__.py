"""After the search: the best retrained beside random ones, and written.

In reading order:

    export   raw pixels in, probabilities out, with Keras alone
    retrain  after the search: choose, train random children beside it, retrain both, test once
"""
