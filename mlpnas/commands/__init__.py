"""What each command of the command line does; `mlpnas.__main__` reads its options.

In reading order:

    search    a table in, a searched and retrained network out
    resume    a search that was interrupted goes on as if it had not been
    predict   raw rows in, predictions and probabilities out, by the saved model
    report    what a run found, as text or as one HTML file
    evaluate  how good the model is on labelled rows, and what it looks at
    compare   the run's search against scikit-learn and against luck, over seeds
"""
