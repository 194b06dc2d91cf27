"""From a user's file to clean columns and a Task; `table` is the door.

In reading order:

    names      names of columns and files, in options and messages
    numbers    numbers as people write them: decimal mark, thousands, a currency or another unit
    dates      dates as people write them: in one format each column, for `pandas.to_datetime`
    text_file  text files as people have them: plain or compressed, in UTF-8 or not
    dialect    how a user says a CSV is written, where it shall not be guessed
    layout     how a CSV is laid out: separator, header, fields
    csv_file   reading a CSV: in compact types, and with the line named where it is broken
    frames     dataframes of other libraries (polars, pyarrow, ...) become pandas frames
    columns    a column of the run's schema, and how its cells are read by it
    schema     what each column is: decided once, kept for every row to come
    reading    a CSV or parquet file becomes a DataFrame, or a complaint that says what to mend
    drift      what new rows hold that the training table did not
    remarks    what a user is told of columns whose cells are read otherwise than Python would
    targets    the column to predict, and what kind of task it makes
    selection  which columns to learn from: no row numbers, no leaks of the target
    folds      the one split of a search: seeded, stratified, done before anything is fitted
    quantiles  a column bent until its values lie as those of a normal distribution do
    standard   columns brought to mean 0 and deviation 1
    arrays     arrays from an `.npz` file: images, or any features that need no reading
    encoding   the preprocessor: cleaned columns in, the network's float32 inputs out
    scaling    how columns of numbers are brought to one scale, and which way suits a table
    extremes   what is too extreme for networks, told before a search
    weights    how much each row counts in the training loss, in early stopping, in the score
    table      a table becomes a Task: CSV, parquet, npz or DataFrame in, three scaled folds out
    network    a trained Keras model that answers in the table's terms
"""
