"""The part that knows no multi-layer perceptron, no convolution and no cell.

Each of these imports only those before it:

    errors          what can go wrong on the user's side, as exceptions
    runtime         what the machine and the environment give
    data            what holds of data of any kind: arrays, numbers, names of folds, measures
    task            the data and the goal of a search, split once and for all
    space           what may be built: sequences of decisions, and how cells are written
    trial           what is known of one evaluated architecture; the journal
    shared_weights  the one-shot store, from which children inherit trained arrays
    generator       from an architecture to a Keras model whose layers carry weight keys
    strategies      who chooses: asked for architectures, told their scores
    trainer         how one network is trained
    evaluator       what turns an architecture into a trial: training it, or looking it up
    search          neural architecture search on one screen
    asynchronous    no child waits for another
    supernet        one set of weights for all architectures: trained, scored with, derived from
    differentiable  differentiable search: mixtures of all operations, trained by their gradient
    executor        where trainings run: here, in worker processes, on a cluster
    run             a search kept in a folder, which can be stopped at any moment and goes on
    baselines       what stands beside a search, and what may be concluded from it
    report          what people read of a run, in a terminal and as a page
    commands        what all command lines share
"""
