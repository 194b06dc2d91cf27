"""Architecture search as scikit-learn estimators.

In reading order:

    checks     what an estimator checks before it learns: parameters, rows, weights
    fit        what happens inside an estimator's `fit`: a Run in a folder, kept or temporary
    samples    X, y and sample_weight become a Table, in two folds
    estimator  architecture search as scikit-learn estimators
"""
