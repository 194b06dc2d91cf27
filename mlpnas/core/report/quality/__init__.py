"""How good a delivered network is on labelled rows, and what it looks at.

In reading order:

    record       what an evaluation and an explanation hold, as they stand in run.json
    intervals    measures of rows with their bootstrap intervals
    classes      predicted classes judged: confusion, per class, ROC, calibration
    values       predicted numbers judged: errors, residuals
    explanation  which columns the predictions hang on, and how
    figures      pictures of both
    page         both as sections of a page
    terminal     both as text
"""
