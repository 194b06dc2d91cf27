"""What each command of the command line does; `mlpnas.__main__` reads its options.

In reading order:

    search    the table that settings name, and what follows the search
    predict   raw rows in, predictions and probabilities out, by the saved model
    compare   the run's search against scikit-learn and against luck, over seeds
    program   what `mlpnas` fills in of search, resume and report
    evaluate  how good the model is on labelled rows, and what it looks at
"""
