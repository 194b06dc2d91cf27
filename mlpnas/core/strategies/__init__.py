"""Who chooses: strategies that are asked for architectures and told their scores.

In reading order:

    names         strategies by the names they have on the command lines
    base          Strategy: ask and tell; what was proposed before
    observations  the architectures and scores that a strategy learns from
    random        the baseline that every other strategy has to beat
    evolution     the better of a few become parents, the oldest die
    local_search  climb from neighbour to better neighbour, restart at the top
    linear        ridge regression, and the upper confidence bound of its forecasts
    surrogates    cheap models of the score that also say how promising a candidate is
    bayesian      a surrogate model of the score says which candidates are worth it
    tpe           the tree-structured Parzen estimator of Optuna behind our interface
    mcts          tree search over the decisions, in the order in which the space has them
    lanas         a tree learns where the good architectures are; it samples there
    progressive   from small to large, a beam of the best at every size
    q_learning    a table of values, one for every decision in the light of the one before it
    controller    the LSTM controller, and the ways in which it learns
    named         strategies made from their names, with their defaults
"""
