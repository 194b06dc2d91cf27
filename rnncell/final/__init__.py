"""After the search: cells trained at length, and written.

In reading order:

    export      raw sequences in, probabilities out; or token ids in, logits out
    retrain     cells trained at length beside LSTM and GRU, tested, the first delivered
    perplexity  how well a text was foreseen, with intervals, of frequent and of rare tokens
    delivered   a finished run in use: how a text goes on, or what a sequence is
"""
