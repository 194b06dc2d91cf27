"""What turns an architecture into a trial: training it, or looking it up.

In reading order:

    evaluator  Evaluator; ChildEvaluator trains every architecture as a child of its own
    tabular    looks scores up in a published table instead of training
"""
