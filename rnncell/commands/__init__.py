"""What each command of the command line does; `rnncell.__main__` reads its options.

In reading order:

    search    what `rnncell` fills in of search, resume and report
    predict   how texts go on, or labels of sequences, by the saved model
    evaluate  how well a finished run's model foresees a text, or tells sequences apart
"""
