"""After the search: the best retrained beside random cells, LSTM and GRU.

In reading order:

    export   raw sequences in, probabilities out; or token ids in, logits out
    retrain  derive, train random cells beside it, retrain with the baselines, test
"""
