"""After the search: finalists retrained, the winner chosen and written.

In reading order:

    finalists         who takes part in the last choice, the best trials and a plain network
    winner_rule       the rule that picks the winner among them
    cross_validation  how good each of them is, and after how many epochs, where rows are few
    ensemble          the finish: one architecture trained on several folds, and the average of
                      these networks
    retrain           after the search: retrain the winner, read the test fold once, and compare
    export            one Keras model from raw rows to probabilities
    given             rows as users give them become raw rows
    labelled          labelled rows: what a network reads of them, and what it should have said
    judged            a delivered network judged on labelled rows
    story             the winner's story, told from run.json, the same wherever it is told
    delivered         a finished run in use: its delivered network, asked about raw rows
    finish            the finalists of a run retrained, and the winner chosen among them
"""
