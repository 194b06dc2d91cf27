"""From a user's file to clean columns; `mlpnas.table` is the door.

names                       of columns and files, in messages and options
dialect                     how a user says a CSV is written
text_file, layout, csv_file a CSV as people have it in memory, or a clear refusal
numbers, dates              as people write them
columns, schema, remarks    how cells are read by a column's kind, and what kind each column is
reading, frames, arrays     tables of files, of other libraries' dataframes, and of npz
targets                     what is to be predicted, and whether that can be learned
selection                   which columns to leave out, which look too good
folds                       one seeded split
drift                       what new rows hold that the training table did not
encoding                    columns to numbers, fitted on the training fold alone
quantiles, standard         numbers brought to one scale
extremes                    what is too large, too small or too far off for networks
"""
