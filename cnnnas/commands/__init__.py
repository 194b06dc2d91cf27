"""What each command of the command line does; `cnnnas.__main__` reads its options.

In reading order:

    search    what `cnnnas` fills in of search, resume and report
    predict   images in, labels and probabilities out, by the saved model
    evaluate  how good a finished run's model is on labelled images
"""
