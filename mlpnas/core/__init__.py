"""The part that knows no multi-layer perceptron, no convolution and no cell.

Reading order, in which each file imports only those before it:

    errors          what can go wrong on the user's side
    plugins         parts from outside the package, by name
    capacity        what this machine has room for: arrays, processes
    rounding        what float32 makes of numbers
    arrays          npz files, read without trust
    rows            what is asked of rows of numbers and of their labels
    fold_names      how people call training, validation and test data
    files           how a file is replaced in one step
    delivery        a model is the scored network, or it is not written
    schema          what stands in a file, held against a dataclass
    configuration   settings that are written, read back and compared
    budget          how long a search is
    task            the data and the goal
    record          run.json as it is read back
    search_space    decisions, architectures, spaces
    masks           which options are open, as tables that the tokens so far drive
    measure         what people judge networks by, and what a search score has to do with it
    trial           what is known of one evaluated architecture; the journal
    journal         reads a journal back
    policy_gradient the mathematics of learning from scores
    controller_options  how a published controller differs from ours, as data
    controller      the LSTM that writes architectures and foresees their score
    learner         gradient steps on a controller and on its accuracy head
    ppo             clipped ones, several per batch
    relaxation      from architecture parameters to the weights of mixed operations
    differentiable  bilevel optimisation of both: DARTS for any supernet
    genotype        reads cells as DARTS prints them
    bars            mixtures as text for a terminal
    gradient_search a differentiable search, epoch by epoch
    strategies      who chooses: ask and tell
    shared_weights  the one-shot store
    checkpoint      strategy and store on the disk, round by round
    folder          what a run leaves on the disk, and its lock
    clock           when a search has to stop
    pace            how long training steps of several networks take, side by side
    evaluator       what turns an architecture into a trial
    schedules       learning rates as functions of the epochs done
    gradient_strategy  a differentiable search in the loop of all others
    rank_correlation  whether two scores put architectures in the same order
    supernet        one set of weights for all architectures, trained in turns with the strategy
    tabular         looks scores up in a table of trained architectures
    training        plain Keras training of one network
    crew            hands jobs to workers, and outlives what happens to them
    executors       where trainings run: here or in worker processes
    on_ray          the same on a cluster
    retraining      networks trained at length, begun again where they diverge
    search          the loop, on one screen
    rivals          what stands beside a search: its choice, and random architectures
    asynchronous    the same without rounds that wait for their slowest child
    policy_record   the policy after each round, for whoever draws it
    event_log       trials as scalars that TensorBoard shows
    report          what people read of a run in a terminal
    figures         pictures of a search
    graphs          boxes and arrows, for pictures of cells
    page            an HTML file that opens without a network
    sections        what a page tells of any search
    display         what a user sees while a search runs
    command_line    durations, mistakes told in one line, Ctrl-C
    session         a search kept in a folder, shown, stopped and taken up again

`runtime` stands apart: it starts TensorFlow quietly for command lines and workers.
"""
